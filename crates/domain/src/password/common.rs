//! Passwords that are tried first.
//!
//! Lists of leaked passwords are a few thousand words, each with digits, signs and look-alike
//! letters around it, and walks over the keyboard. Knowing the words and the walks refuses whole
//! families instead of their best-known members.

use std::collections::HashSet;
use std::sync::LazyLock;

/// What most leaked passwords are made of: lower-case words, one a line.
static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Ways over the keyboard and the alphabet; walked backwards as well.
const WALKS: [&str; 13] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8",
    "zaq12wsxcde34rfv",
    "qazwsxedcrfvtgb",
    "1qazxsw23edcvfr4",
    "12qwaszx",
];
/// Fewer steps than this are chance.
const WALK_CHARS_MIN: usize = 3;
/// Characters that may stand beside the walks: `123456789a` is no better than `123456789`.
const STRAY_CHARS_MAX: usize = 2;

/// Whether an ASCII password is a well-known one.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    WORDS.contains(word_within(&lower).as_str()) || is_walk(lower.as_bytes())
}

/// The password without digits and signs around it, look-alikes read as the letters they stand for.
fn word_within(lower: &str) -> String {
    lower
        .trim_matches(|c: char| !c.is_ascii_alphabetic())
        .chars()
        .map(letter)
        .collect()
}

fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether it is nothing but walks and repeated characters, a few strays aside.
fn is_walk(lower: &[u8]) -> bool {
    let (mut at, mut strays) = (0, 0);
    while at < lower.len() && strays <= STRAY_CHARS_MAX {
        let rest = &lower[at..];
        let step = walked(rest).max(repeated(rest));
        if step >= WALK_CHARS_MIN {
            at += step;
        } else {
            at += 1;
            strays += 1;
        }
    }
    strays <= STRAY_CHARS_MAX
}

/// Length of the longest walk at the beginning.
fn walked(rest: &[u8]) -> usize {
    WALKS
        .iter()
        .map(|way| common_run(rest, way.bytes()).max(common_run(rest, way.bytes().rev())))
        .max()
        .unwrap_or(0)
}

/// Length of the longest beginning of `rest` that lies somewhere on the way.
fn common_run(rest: &[u8], way: impl Iterator<Item = u8> + Clone) -> usize {
    let starts = (0..way.clone().count()).map(|skip| way.clone().skip(skip));
    starts
        .map(|from| rest.iter().zip(from).take_while(|(a, b)| **a == *b).count())
        .max()
        .unwrap_or(0)
}

fn repeated(rest: &[u8]) -> usize {
    rest.iter().take_while(|c| Some(*c) == rest.first()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_list_is_found_again() {
        for word in WORDS.iter() {
            assert!(is_common(&format!("{word}1")), "{word}");
        }
    }

    #[test]
    fn a_walk_inside_a_longer_password_does_no_harm() {
        assert!(!is_common("maple-123-river"));
        assert!(is_common("qwertyasdf12345"));
    }
}
