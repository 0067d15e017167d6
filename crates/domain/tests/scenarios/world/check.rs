//! What the steps of a scenario say of somebody, held against the site.

use sightline_domain::Principal;
use sightline_domain::access::{Explanation, Kind, PathSource, Permission, Resource, SitePath};

use super::World;
use crate::scenario::{KindName, Step, permissions, words};

impl World<'_> {
    /// Everything that a step says.
    pub(super) fn check(&self, step: &Step, who: &str) {
        self.check_rights(step, who);
        self.check_ways(step, who);
        self.check_columns(step, who);
    }

    fn check_rights(&self, step: &Step, who: &str) {
        let asked = !step.can.is_empty() || !step.cannot.is_empty();
        if !asked && step.only.is_none() && step.until.is_none() {
            return;
        }
        let who = Principal::Account(self.people[who].clone());
        let resource = self.resource(step);
        let rights = self.site.resolve(&who, &resource, self.now);
        for right in &step.can {
            let permission = Permission::from(*right);
            assert!(rights.permissions.contains(permission), "can {right:?}");
        }
        for right in &step.cannot {
            let permission = Permission::from(*right);
            assert!(!rights.permissions.contains(permission), "cannot {right:?}");
        }
        if let Some(only) = &step.only {
            assert_eq!(rights.permissions, permissions(only), "only");
        }
        if let Some(until) = &step.until {
            let until = (until != "for good").then(|| self.scenario.moment(until));
            assert_eq!(rights.holds_until, until, "until");
        }
        self.check_projection(&who, &resource);
    }

    /// The edge that holds the device must come to the same answer.
    fn check_projection(&self, who: &Principal, resource: &Resource) {
        let Some(id) = resource.device() else { return };
        let grants = self.site.project(id).expect("a known device");
        let of_device = |name: &&String| self.resources[*name] == Resource::Device(*id);
        let name = self.devices.keys().find(of_device).expect("its name");
        let projected = grants.rights(who, resource.channel(), self.now);
        let rights = self.site.resolve(who, resource, self.now);
        assert_eq!(projected.within(self.devices[name].tariff), rights);
    }

    fn check_ways(&self, step: &Step, who: &str) {
        for (right, expected) in &step.because {
            let permission = Permission::from(*right);
            let (who, resource) = (self.subject(who), self.resource(step));
            let explanation = self
                .site
                .explain_subject(&who, &resource, permission, self.now);
            let mut ways = ways(&explanation);
            ways.sort();
            let mut expected = expected.clone();
            expected.sort();
            assert_eq!(ways, expected, "because of what {right:?}");
        }
    }

    fn check_columns(&self, step: &Step, who: &str) {
        for (kind, columns) in &step.columns {
            let numbers = |permission| {
                let rights = columns.iter();
                let mut named = rights.filter(|(right, _)| Permission::from(**right) == permission);
                named.next().map_or(0, |(_, number)| *number)
            };
            for permission in Permission::ALL {
                let who = self.subject(who);
                let column = self
                    .site
                    .column(&who, Kind::from(*kind), permission, self.now);
                assert_eq!(
                    column,
                    numbers(permission),
                    "{permission:?} of each {kind:?}"
                );
            }
        }
    }
}

impl From<KindName> for Kind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::Device => Self::Device,
            KindName::Channel => Self::Channel,
            KindName::IoModule => Self::IoModule,
            KindName::WebPage => Self::WebPage,
            KindName::Integration => Self::Integration,
            KindName::HealthMonitor => Self::HealthMonitor,
            KindName::Layout => Self::Layout,
            KindName::VideoWall => Self::VideoWall,
        }
    }
}

fn ways(explanation: &Explanation) -> Vec<String> {
    assert!(!explanation.more);
    explanation.paths.iter().map(way).collect()
}

/// A way as the scenarios tell it.
fn way(one: &SitePath) -> String {
    let mut parts = Vec::new();
    match &one.path.by {
        PathSource::Ownership => parts.push("owner".to_owned()),
        PathSource::DeviceUser(name) => parts.push(format!("device user {name}")),
        PathSource::Share(_) => {
            if !one.groups.is_empty() {
                parts.push(format!("group {}", one.groups.join(" > ")));
            }
            parts.extend(one.layout.iter().map(|layout| format!("layout {layout}")));
        }
    }
    if parts.is_empty() {
        parts.push("given here".to_owned());
    }
    let given = one
        .path
        .given
        .map(|permission| format!(" ({})", words(permission)));
    let when = if one.path.in_force { "" } else { " (not now)" };
    format!("{}{}{when}", parts.join(", "), given.unwrap_or_default())
}
