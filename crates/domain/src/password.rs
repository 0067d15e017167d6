//! The rule for passwords that people choose.

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
    #[error("a password has letters of the English alphabet, digits and special characters only")]
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

/// Checks a password that somebody chooses. It counts exactly as typed, spaces included.
///
/// # Errors
/// [`Unfit`].
pub fn check(password: &str) -> Result<(), Unfit> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        Err(Unfit::Short)
    } else if chars > PASSWORD_CHARS_MAX {
        Err(Unfit::Long)
    } else if !password.chars().all(|c| matches!(c, ' '..='~')) {
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

    #[test]
    fn letters_with_digits_or_special_characters_make_a_password() {
        for good in [
            "tr4in-Window",
            "pine&gravel",
            "7410#8520!",
            "  two spaces",
            &"x7-".repeat(80),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn each_part_of_the_rule_refuses_by_its_own_reason() {
        assert_eq!(check("ab1-xyz"), Err(Unfit::Short));
        assert_eq!(check(&"x7-".repeat(86)), Err(Unfit::Long));
        assert_eq!(check("пароль-12345"), Err(Unfit::Alphabet));
        assert_eq!(check("line\nbreak-7"), Err(Unfit::Alphabet));
        assert_eq!(check("8301746520"), Err(Unfit::DigitsOnly));
        assert_eq!(check("correcthorsebattery"), Err(Unfit::LettersOnly));
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
