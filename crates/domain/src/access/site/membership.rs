//! Who belongs to which group, directly and through other groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{InvalidSite, Subject};
use crate::AccountId;

/// The groups that users and groups are members of. Never a cycle.
#[derive(Debug, Clone, Default)]
pub(super) struct Membership {
    groups_of: BTreeMap<Subject, BTreeSet<String>>,
}

impl Membership {
    /// Makes somebody a member. A group that would contain itself is refused.
    pub(super) fn add(&mut self, member: Subject, group: &str) -> Result<(), InvalidSite> {
        if let Subject::Group(inner) = &member {
            let around = Subject::Group(group.to_owned());
            let chain = if inner == group {
                Some(Vec::new())
            } else {
                self.chains(&around, inner, 1).pop()
            };
            if let Some(chain) = chain {
                let mut path = vec![inner.clone(), group.to_owned()];
                path.extend(chain);
                return Err(InvalidSite::Cycle(path.join(" > ")));
            }
        }
        let groups = self.groups_of.entry(member).or_default();
        groups.insert(group.to_owned());
        Ok(())
    }

    /// Ends a membership; others that lead to the same group stay.
    pub(super) fn remove(&mut self, member: &Subject, group: &str) {
        if let Some(groups) = self.groups_of.get_mut(member) {
            groups.remove(group);
        }
    }

    /// Somebody, and every group that they are in.
    pub(super) fn closure(&self, subject: &Subject) -> BTreeSet<Subject> {
        let mut all = BTreeSet::new();
        let mut left = vec![subject.clone()];
        while let Some(one) = left.pop() {
            if all.insert(one.clone()) {
                left.extend(self.groups(&one).cloned().map(Subject::Group));
            }
        }
        all
    }

    /// Every user who is in some group.
    pub(super) fn users(&self) -> impl Iterator<Item = (&AccountId, &Subject)> {
        self.groups_of.keys().filter_map(|member| match member {
            Subject::User(account) => Some((account, member)),
            Subject::Group(_) => None,
        })
    }

    /// At most `most` chains of groups by which somebody is in a group, each from the nearest one
    /// to that group.
    pub(super) fn chains(&self, member: &Subject, group: &str, most: usize) -> Vec<Vec<String>> {
        let within = self.subgroups(group);
        let mut found = Vec::new();
        let mut open = vec![(member.clone(), Vec::new())];
        while let Some((at, chain)) = open.pop() {
            if found.len() == most {
                break;
            }
            // Only groups that lead there are walked, so that no walk is in vain.
            for next in self.groups(&at).filter(|next| within.contains(*next)) {
                let mut chain: Vec<String> = chain.clone();
                chain.push(next.clone());
                open.push((Subject::Group(next.clone()), chain));
            }
            if matches!(&at, Subject::Group(name) if name == group) && !chain.is_empty() {
                found.push(chain);
            }
        }
        found.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        found
    }

    /// A group, and every group that is in it.
    fn subgroups(&self, group: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut left = vec![group.to_owned()];
        while let Some(outer) = left.pop() {
            for (member, groups) in &self.groups_of {
                match member {
                    Subject::Group(inner) if groups.contains(&outer) && !all.contains(inner) => {
                        left.push(inner.clone());
                    }
                    _ => {}
                }
            }
            all.insert(outer);
        }
        all
    }

    fn groups(&self, member: &Subject) -> impl Iterator<Item = &String> {
        self.groups_of.get(member).into_iter().flatten()
    }
}
