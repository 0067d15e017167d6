//! The rule for passwords that people choose. The portal has the same in
//! `services/portal/web/src/pages/password.ts`, but for the common ones, and both are tested with
//! `password/cases.txt`.

mod common;

/// Fewest characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Most characters; far above what people type, low enough that hashing one costs nothing extra.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// Why a password cannot be chosen. Never holds the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("a password has at most {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// Something else than letters of the English alphabet, digits and special characters.
    #[error(
        "a password has letters of the English alphabet, digits and special characters only, and no \
         spaces"
    )]
    Alphabet,
    /// Nothing but digits.
    #[error("a password cannot be digits only")]
    DigitsOnly,
    /// Nothing but letters.
    #[error("a password cannot be letters only")]
    LettersOnly,
    /// One of those that are tried first by whoever guesses.
    #[error("this password is among the most common ones")]
    Common,
}

/// Checks a password that somebody chooses. It counts exactly as typed. A space is no special
/// character: at an end it is copied along unseen, or lost.
///
/// # Errors
/// [`Unfit`].
pub fn check(password: &str) -> Result<(), Unfit> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        Err(Unfit::Short)
    } else if chars > PASSWORD_CHARS_MAX {
        Err(Unfit::Long)
    } else if !password.chars().all(|c| c.is_ascii_graphic()) {
        Err(Unfit::Alphabet)
    } else if password.chars().all(|c| c.is_ascii_digit()) {
        Err(Unfit::DigitsOnly)
    } else if password.chars().all(|c| c.is_ascii_alphabetic()) {
        Err(Unfit::LettersOnly)
    } else if common::is_common(password) {
        Err(Unfit::Common)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table calls each answer.
    fn word(answer: Result<(), Unfit>) -> &'static str {
        match answer {
            Ok(()) => "good",
            Err(Unfit::Short) => "short",
            Err(Unfit::Long) => "long",
            Err(Unfit::Alphabet) => "alphabet",
            Err(Unfit::DigitsOnly | Unfit::LettersOnly) => "mixed",
            Err(Unfit::Common) => "common",
        }
    }

    #[test]
    fn the_table_that_the_portal_shares_is_decided_as_it_says() {
        let cases = include_str!("password/cases.txt").lines();
        let mut seen = std::collections::BTreeSet::new();
        for line in cases.filter(|line| !line.starts_with('#')) {
            let (expected, password) = line.split_once('\t').unwrap();
            assert_eq!(word(check(password)), expected, "{password:?}");
            seen.insert(expected);
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
    }

    #[test]
    fn digits_only_and_letters_only_are_told_apart() {
        assert_eq!(check("8301746520"), Err(Unfit::DigitsOnly));
        assert_eq!(check("correcthorsebattery"), Err(Unfit::LettersOnly));
        assert_eq!(check("line\nbreak-7"), Err(Unfit::Alphabet));
    }

    #[test]
    fn common_passwords_are_refused_in_their_usual_disguises() {
        let common = [
            "password1",
            "P@ssw0rd!",
            "Football2024",
            "qwerty123",
            "1q2w3e4r5t",
            "1qaz2wsx",
            "aaaa1111",
            "123456789a",
            "a1234567",
            "4321rewq",
            "Sightline-2026",
        ];
        for password in common {
            assert_eq!(check(password), Err(Unfit::Common), "{password}");
        }
    }
}
