//! Under which keys records are kept, and what a key is about.

use sightline_domain::{AccountId, CloudId, DeviceName};
use sightline_store::{key, prefix};

/// What all keys of the registry begin with.
pub(crate) fn all() -> Vec<u8> {
    prefix!("registry")
}

/// What a key is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Ownership(CloudId),
    Description(CloudId),
    Index(AccountId, CloudId),
    Unbind(CloudId),
    Audit,
}

/// The subject of one of our keys.
pub(crate) fn subject(key: &[u8]) -> Option<Subject> {
    let parts: Vec<&str> = std::str::from_utf8(key).ok()?.split('/').collect();
    match parts[..] {
        ["registry", "device", device] => Some(Subject::Ownership(device.parse().ok()?)),
        ["registry", "description", device] => Some(Subject::Description(device.parse().ok()?)),
        ["registry", "owner", account, _, device] => {
            Some(Subject::Index(account.parse().ok()?, device.parse().ok()?))
        }
        ["registry", "unbind", device] => Some(Subject::Unbind(device.parse().ok()?)),
        ["registry", "audit", _] => Some(Subject::Audit),
        _ => None,
    }
}

pub(crate) fn device(device: CloudId) -> Vec<u8> {
    key!("registry", "device", device.compact())
}

pub(crate) fn description(device: CloudId) -> Vec<u8> {
    key!("registry", "description", device.compact())
}

pub(crate) fn index_prefix(account: &AccountId) -> Vec<u8> {
    prefix!("registry", "owner", account)
}

pub(crate) fn index(account: &AccountId, name: &DeviceName, device: CloudId) -> Vec<u8> {
    key!(
        "registry",
        "owner",
        account,
        name.as_str().to_lowercase(),
        device.compact()
    )
}

pub(crate) fn unbind_prefix() -> Vec<u8> {
    prefix!("registry", "unbind")
}

pub(crate) fn unbind(device: CloudId) -> Vec<u8> {
    key!("registry", "unbind", device.compact())
}

pub(crate) fn audit_prefix() -> Vec<u8> {
    prefix!("registry", "audit")
}

/// In the order of time; `n` tells entries of one millisecond apart.
pub(crate) fn audit(at_unix_ms: i64, n: u32) -> Vec<u8> {
    key!(
        "registry",
        "audit",
        format_args!("{:020}-{n}", at_unix_ms.max(0))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "0190a000-0000-7000-8000-000000000001".parse().unwrap()
    }

    #[test]
    fn keys_tell_their_subject_whatever_the_name() {
        let id = CloudId::of_public_key(b"key");
        let name = "a/b%2F/../registry".parse().unwrap();
        assert_eq!(subject(&device(id)), Some(Subject::Ownership(id)));
        assert_eq!(subject(&description(id)), Some(Subject::Description(id)));
        assert_eq!(subject(&unbind(id)), Some(Subject::Unbind(id)));
        assert_eq!(subject(&audit(7, 0)), Some(Subject::Audit));
        let index = index(&account(), &name, id);
        assert_eq!(subject(&index), Some(Subject::Index(account(), id)));
    }

    #[test]
    fn longest_name_makes_a_key_that_the_store_takes() {
        let id = CloudId::of_public_key(b"key");
        // Capital letters of two bytes that become three, and characters that are escaped.
        for c in ["İ", "Ⱥ", "%", "\u{1f3a5}"] {
            let key = index(&account(), &c.repeat(64).parse().unwrap(), id);
            assert!(
                key.len() <= sightline_store::MAX_KEY_BYTES,
                "{} bytes of {c}",
                key.len()
            );
        }
    }
}
