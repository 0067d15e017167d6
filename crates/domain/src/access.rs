//! Who may do what: grants and the rights that follow from them.
//!
//! Rights are the union of grants. Nothing takes a right away but the end of the grant that gave
//! it, so adding a grant never removes a right.

use crate::AccountId;

/// What can be allowed on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Live pictures and sound, and snapshots.
    ViewLive,
}

/// One reason why somebody may do something with a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub account: AccountId,
    /// What.
    pub permissions: Vec<Permission>,
}

/// Whether any of the grants gives this account the permission.
#[must_use]
pub fn allows(grants: &[Grant], account: &AccountId, permission: Permission) -> bool {
    grants
        .iter()
        .any(|g| g.account == *account && g.permissions.contains(&permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_grant_to_the_account_itself_allows() {
        let owner: AccountId = "0190a000-0000-7000-8000-000000000001".parse().unwrap();
        let other: AccountId = "0190a000-0000-7000-8000-000000000002".parse().unwrap();
        let grants = [Grant {
            account: owner.clone(),
            permissions: vec![Permission::ViewLive],
        }];
        assert!(allows(&grants, &owner, Permission::ViewLive));
        assert!(!allows(&grants, &other, Permission::ViewLive));
        assert!(!allows(&[], &owner, Permission::ViewLive));
    }
}
