//! What people and programs type: cloud IDs, verification codes, addresses, names, account IDs,
//! time zones and passwords. What is accepted is bounded, has one spelling, and reads back as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_domain::access::zone;
use sightline_domain::{AccountId, CloudId, DeviceName, Email, VerificationCode, password};

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<CloudId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.compact().len(), 17);
        assert_eq!(id.compact().parse(), Ok(id));
    }
    if let Ok(code) = text.parse::<VerificationCode>() {
        let again: VerificationCode = code.reveal().parse().expect("our own spelling");
        assert!(again.matches(&code));
    }
    if let Ok(email) = text.parse::<Email>() {
        let address = email.as_str();
        assert!(address.len() <= 254);
        assert!(address.chars().all(|c| c.is_ascii_graphic()));
        assert_eq!(address.matches('@').count(), 1);
        assert_eq!(address.to_ascii_lowercase(), address);
        assert_eq!(address.parse(), Ok(email.clone()));
    }
    if let Ok(name) = text.parse::<DeviceName>() {
        assert!((1..=64).contains(&name.as_str().chars().count()));
        assert!(!name.as_str().chars().any(char::is_control));
        assert_eq!(name.as_str().parse(), Ok(name.clone()));
    }
    if let Ok(account) = text.parse::<AccountId>() {
        assert_eq!(account.to_string(), text);
        assert!(text.len() == 36 && !text.contains(['.', '/']));
    }
    if zone::named(text).is_some() {
        assert!(text.len() <= 64);
    }
    if password::check(text).is_ok() {
        assert!((8..=256).contains(&text.len()) && text.is_ascii());
    }
});
