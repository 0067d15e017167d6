//! Why somebody may do something with a resource: every path.

use jiff::Timestamp;

use super::resolve::Reach;
use super::{Site, Subject};
use crate::access::device::device_user_permissions;
use crate::access::explain::{Path, PathSource};
use crate::access::permission::Permission;
use crate::access::resource::Resource;
use crate::principal::Principal;

/// Most paths of one explanation. Groups within groups can make more of them than a person reads.
pub const PATHS_MAX: usize = 256;

/// Every path to a permission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// At most [`PATHS_MAX`].
    pub paths: Vec<SitePath>,
    /// Whether there are more.
    pub more: bool,
}

/// One reason why somebody has a permission in a site, or will have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePath {
    /// Groups from the nearest one to the one that holds the grant; none when it is one's own.
    pub groups: Vec<String>,
    /// The layout that holds the grant, when it is not on the resource or its device.
    pub layout: Option<String>,
    /// The grant, or the ownership.
    pub path: Path,
}

impl Site {
    /// Every path by which somebody has a permission on a resource, or will have it.
    #[must_use]
    pub fn explain(
        &self,
        who: &Principal,
        resource: &Resource,
        permission: Permission,
        at: Timestamp,
    ) -> Explanation {
        match who {
            Principal::Account(account) => {
                self.explain_subject(&Subject::User(account.clone()), resource, permission, at)
            }
            Principal::DeviceUser(user)
                if self.confirms(user, resource)
                    && self.ceiling(resource).contains(permission)
                    && device_user_permissions(user).contains(permission) =>
            {
                let path = Path::for_good(PathSource::DeviceUser(user.name.clone()));
                Explanation {
                    paths: vec![SitePath::direct(path)],
                    more: false,
                }
            }
            Principal::DeviceUser(_) => Explanation::default(),
        }
    }

    /// [`Self::explain`] for a user or a group.
    #[must_use]
    pub fn explain_subject(
        &self,
        who: &Subject,
        resource: &Resource,
        permission: Permission,
        at: Timestamp,
    ) -> Explanation {
        let mut explanation = Explanation::default();
        if !self.ceiling(resource).contains(permission) {
            return explanation;
        }
        if self.owns(who, resource) {
            let path = Path::for_good(PathSource::Ownership);
            explanation.paths.push(SitePath::direct(path));
        }
        let zone = self.zone_of(resource);
        for Reach { id, grant, layout } in self.reaches(&self.membership.closure(who), resource) {
            let source = PathSource::Share(id.to_owned());
            let Some(path) = Path::of_terms(source, &grant.terms, zone, permission, at) else {
                continue;
            };
            for groups in self.ways(who, &grant.to) {
                explanation.paths.push(SitePath {
                    groups,
                    layout: layout.map(str::to_owned),
                    path: path.clone(),
                });
            }
            if explanation.paths.len() > PATHS_MAX {
                explanation.paths.truncate(PATHS_MAX);
                explanation.more = true;
                break;
            }
        }
        explanation
    }

    /// Every way from somebody to the holder of a grant, one more than are told at most.
    fn ways(&self, who: &Subject, holder: &Subject) -> Vec<Vec<String>> {
        match holder {
            one if one == who => vec![Vec::new()],
            Subject::Group(group) => self.membership.chains(who, group, PATHS_MAX + 1),
            Subject::User(_) => Vec::new(),
        }
    }
}

impl SitePath {
    /// Whether the grant is one's own and on the resource itself, or its device.
    pub(super) fn is_granted_here(&self) -> bool {
        matches!(self.path.by, PathSource::Share(_))
            && self.groups.is_empty()
            && self.layout.is_none()
    }

    fn direct(path: Path) -> Self {
        Self {
            groups: Vec::new(),
            layout: None,
            path,
        }
    }
}
