//! What can be allowed, and what one permission includes.

use std::fmt;

/// What can be allowed on a device or a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Live pictures, and snapshots.
    ViewLive,
    /// Recordings. Includes [`Permission::ViewLive`].
    ViewArchive,
    /// Recordings as files. Includes [`Permission::ViewArchive`].
    ExportArchive,
    /// Bookmarks of recordings. Includes [`Permission::ViewArchive`].
    ViewBookmarks,
    /// Making, editing and deleting bookmarks. Includes [`Permission::ViewBookmarks`].
    ManageBookmarks,
    /// PTZ, soft triggers, two-way audio. Includes [`Permission::ViewLive`].
    UserInput,
    /// Settings, and the device's own web pages. Includes [`Permission::UserInput`].
    EditSettings,
    /// Push notifications of its events.
    Notifications,
    /// Sound of whatever may be seen.
    Sound,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ViewLive,
        Self::ViewArchive,
        Self::ExportArchive,
        Self::ViewBookmarks,
        Self::ManageBookmarks,
        Self::UserInput,
        Self::EditSettings,
        Self::Notifications,
        Self::Sound,
    ];

    /// The one that it includes directly.
    #[must_use]
    pub const fn includes(self) -> Option<Self> {
        match self {
            Self::ViewArchive | Self::UserInput => Some(Self::ViewLive),
            Self::ExportArchive | Self::ViewBookmarks => Some(Self::ViewArchive),
            Self::ManageBookmarks => Some(Self::ViewBookmarks),
            Self::EditSettings => Some(Self::UserInput),
            Self::ViewLive | Self::Notifications | Self::Sound => None,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of permissions. It holds what was put in; [`Permissions::closed`] adds what that includes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u16);

impl Permissions {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every one, as an owner has them.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// Whether it is in the set itself.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | permission.bit())
    }

    /// With everything that its permissions include.
    #[must_use]
    pub fn closed(self) -> Self {
        let mut all = self;
        for permission in self.iter() {
            let mut included = permission.includes();
            while let Some(one) = included {
                all = all.with(one);
                included = one.includes();
            }
        }
        all
    }

    /// In either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn is_superset(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One after the other, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Permission> for Permissions {
    fn from(permission: Permission) -> Self {
        Self::NONE.with(permission)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managing_bookmarks_includes_all_that_leads_to_it_and_nothing_else() {
        let closed = Permissions::from(Permission::ManageBookmarks).closed();
        let expected = [
            Permission::ViewLive,
            Permission::ViewArchive,
            Permission::ViewBookmarks,
            Permission::ManageBookmarks,
        ];
        assert_eq!(closed, expected.into_iter().collect());
    }

    #[test]
    fn editing_settings_does_not_include_the_archive() {
        let closed = Permissions::from(Permission::EditSettings).closed();
        assert!(closed.contains(Permission::UserInput));
        assert!(closed.contains(Permission::ViewLive));
        assert!(!closed.contains(Permission::ViewArchive));
    }

    fn every_set() -> impl Iterator<Item = Permissions> {
        (0..=Permissions::ALL.0).map(Permissions)
    }

    #[test]
    fn closing_adds_and_never_removes_and_twice_is_once() {
        for set in every_set() {
            let closed = set.closed();
            assert!(closed.is_superset(set), "{set:?}");
            assert_eq!(closed.closed(), closed, "{set:?}");
        }
    }

    #[test]
    fn closing_a_union_is_the_union_of_what_is_closed() {
        for one in every_set() {
            for permission in Permission::ALL {
                let other = Permissions::from(permission);
                let apart = one.closed().union(other.closed());
                assert_eq!(one.union(other).closed(), apart, "{one:?} {other:?}");
            }
        }
    }
}
