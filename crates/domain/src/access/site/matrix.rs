//! The table of permissions of a user or a group: a row for each resource, under the heading of its
//! kind, and a column for each permission. It shows what was given, whatever the hour.

use jiff::Timestamp;

use super::{Site, Subject};
use crate::access::explain::PathSource;
use crate::access::permission::Permission;
use crate::access::resource::{Kind, Resource};

/// The signs of a cell. Without any, the permission is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// Owns the device.
    pub owned: bool,
    /// Granted here, or included in what is.
    pub granted: bool,
    /// Inherited through a layout.
    pub by_layout: bool,
    /// Inherited through groups.
    pub by_groups: bool,
}

/// What a click on the heading of a column does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toggle {
    /// Grant the permission on these, which do not have it here yet.
    Grant(Vec<Resource>),
    /// Withdraw it from these, which are all of the kind.
    Withdraw(Vec<Resource>),
}

impl Site {
    /// One cell.
    #[must_use]
    pub fn cell(
        &self,
        who: &Subject,
        resource: &Resource,
        permission: Permission,
        at: Timestamp,
    ) -> Cell {
        let mut cell = Cell::default();
        let explanation = self.explain_subject(who, resource, permission, at);
        for one in explanation.paths {
            cell.owned |= one.path.by == PathSource::Ownership;
            cell.by_layout |= one.layout.is_some();
            cell.by_groups |= !one.groups.is_empty();
            cell.granted |= one.is_granted_here();
        }
        cell
    }

    /// The number on a heading: resources of the kind on which the permission is held.
    #[must_use]
    pub fn column(
        &self,
        who: &Subject,
        kind: Kind,
        permission: Permission,
        at: Timestamp,
    ) -> usize {
        self.resources(kind)
            .filter(|resource| self.cell(who, resource, permission, at) != Cell::default())
            .count()
    }

    /// What a click on the heading of a column does: grants the permission on all resources of the
    /// kind, or withdraws it when all have it here already. `None` when the kind does not offer it,
    /// or has no resources.
    #[must_use]
    pub fn toggle(
        &self,
        who: &Subject,
        kind: Kind,
        permission: Permission,
        at: Timestamp,
    ) -> Option<Toggle> {
        let all: Vec<_> = self.resources(kind).collect();
        if all.is_empty() || !kind.offers().contains(permission) {
            return None;
        }
        let granted_here = |resource: &Resource| {
            let explanation = self.explain_subject(who, resource, permission, at);
            let mut paths = explanation.paths.iter();
            paths.any(|one| one.is_granted_here() && one.path.given.is_none())
        };
        let missing: Vec<_> = all
            .iter()
            .filter(|one| !granted_here(one))
            .cloned()
            .collect();
        Some(if missing.is_empty() {
            Toggle::Withdraw(all)
        } else {
            Toggle::Grant(missing)
        })
    }
}
