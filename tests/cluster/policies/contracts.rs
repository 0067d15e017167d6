//! The public methods, as the contracts declare them.

use prost_reflect::{DescriptorPool, MessageDescriptor, Value};
use sightline_rpc::policy::v1::Policy;

/// Packages that are not for the public.
const NOT_PUBLIC: [&str; 2] = ["sightline.internal.", "sightline.device."];

/// One method.
#[derive(Debug, Clone)]
pub(super) struct Method {
    /// As in HTTP, without the slash in front: `sightline.live.v1.Live/Watch`.
    pub(super) path: String,
    pub(super) policy: Policy,
    pub(super) request: MessageDescriptor,
}

pub(super) fn methods() -> Vec<Method> {
    let pool = DescriptorPool::decode(sightline_rpc::DESCRIPTORS).unwrap();
    let policy = pool
        .get_extension_by_name("sightline.policy.v1.policy")
        .expect("the option is part of the contracts");
    let public = pool.services().filter(|service| {
        let name = service.full_name();
        !NOT_PUBLIC.iter().any(|package| name.starts_with(package))
    });
    let methods: Vec<Method> = public
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let options = method.options();
            let number = match &*options.get_extension(&policy) {
                Value::EnumNumber(number) => *number,
                other => panic!("a policy is a number, not {other:?}"),
            };
            Method {
                path: format!("{}/{}", method.parent_service().full_name(), method.name()),
                policy: Policy::try_from(number).unwrap_or_default(),
                request: method.input(),
            }
        })
        .collect();
    assert!(
        methods.len() > 30,
        "only {} methods were found",
        methods.len()
    );
    methods
}
