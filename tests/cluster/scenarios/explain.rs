//! Why somebody may do something, as `Sharing/Explain` tells it.

use sightline_domain::access::{Permission, Permissions};
use sightline_loadtest::account::authorized;
use sightline_rpc::sharing::v1::{CheckResponse, ExplainRequest, Path, path};
use sightline_rpc::terms::{permission_from_proto, permission_to_proto};
use sightline_tests::scenario::{Step, words};

use super::Stage;

impl<'a> Stage<'a> {
    /// What a step says of ways. Whatever it says: a way is in force for what may be done, and for
    /// nothing else; and the owner of the device is told the same of a guest.
    pub(super) async fn compare_ways(
        &mut self,
        step: &Step,
        (who, device): (&'a str, &str),
        answer: &CheckResponse,
        place: &str,
    ) {
        let named = |one| permission_from_proto(one).expect("a permission of the model");
        let allowed: Permissions = answer.permissions().map(named).collect();
        let because = |permission| {
            let mut said = step.because.iter();
            said.find(|(right, _)| Permission::from(**right) == permission)
        };
        for permission in Permission::ALL {
            let paths = self.explain(who, device, step, permission, "").await;
            let in_force = paths.iter().any(|path| path.in_force);
            let holds = allowed.contains(permission);
            assert_eq!(in_force, holds, "{place}: {permission:?}: {paths:?}");
            if let Some((_, expected)) = because(permission) {
                let mut ways: Vec<_> = paths.iter().map(|path| self.way(path, who)).collect();
                ways.sort();
                let mut expected = expected.clone();
                expected.sort();
                assert_eq!(ways, expected, "{place}: because of what {permission:?}");
            }
            for path in &paths {
                if let Some(path::By::ShareId(share)) = &path.by {
                    let owner = self.owners[device];
                    let told = self.explain(owner, device, step, permission, share).await;
                    assert_eq!(told, paths, "{place}: {permission:?}, to the owner");
                }
            }
        }
    }

    async fn explain(
        &mut self,
        who: &'a str,
        device: &str,
        step: &Step,
        permission: Permission,
        share: &str,
    ) -> Vec<Path> {
        let person = self.signed_in(who).await;
        let request = ExplainRequest {
            device_id: self.devices[device].0.cloud_id().to_string(),
            channel: step.channel.unwrap_or(0),
            permission: permission_to_proto(permission).into(),
            share_id: share.to_owned(),
        };
        let request = authorized(request, &person.token).unwrap();
        let answer = person.sharing().explain(request).await.unwrap();
        answer.into_inner().paths
    }

    /// A way as the scenarios tell it.
    fn way(&self, path: &Path, who: &str) -> String {
        let by = match path.by.as_ref().expect("a way leads from somewhere") {
            path::By::Ownership(_) => "owner".to_owned(),
            path::By::ShareId(id) => {
                let own =
                    |(share, _, recipient): &(String, &str, &str)| share == id && *recipient == who;
                assert!(self.shares.values().any(own), "a share of somebody else");
                "given here".to_owned()
            }
            path::By::DeviceUser(user) => format!("device user {}", user.name),
        };
        let given = permission_from_proto(path.given());
        let given = given.map(|given| format!(" ({})", words(given)));
        let when = if path.in_force { "" } else { " (not now)" };
        format!("{by}{}{when}", given.unwrap_or_default())
    }
}
