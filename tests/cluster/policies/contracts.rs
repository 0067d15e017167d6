//! The methods, as the contracts declare them, and the routes beside them.

use std::path::Path;

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, Value};
use sightline_rpc::policy::v1::Policy;

/// Packages that are not for the public.
const NOT_PUBLIC: [&str; 2] = ["sightline.internal.", "sightline.device."];
/// Routes that are no methods, each with the method whose request it stands for, and its way.
const ROUTES: [(&str, &str, Way); 2] = [
    (
        "/v1/live/{device}/{channel}",
        "sightline.live.v1.Live/Watch",
        Way::WebSocket,
    ),
    (
        "/v1/snapshot/{device}/{channel}",
        "sightline.live.v1.Live/GetSnapshot",
        Way::Picture,
    ),
];

/// Routes behind which there is no one's: the files of the portal, the methods of `Live` with one
/// answer, and those of the operator on a socket of their own.
const OTHER_ROUTES: [&str; 4] = [
    "/",
    "/{*path}",
    "/sightline.live.v1.Live/{method}",
    "/sightline.internal.v1.Operator/{method}",
];

/// How a method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Grpc,
    WebSocket,
    Picture,
}

/// One method.
#[derive(Debug, Clone)]
pub(super) struct Method {
    /// As in HTTP, without the slash in front: `sightline.live.v1.Live/Watch`; of a route, with it.
    pub(super) path: String,
    pub(super) way: Way,
    pub(super) policy: Policy,
    pub(super) request: MessageDescriptor,
    pub(super) answer: MessageDescriptor,
}

/// What an ID in a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Device,
    Share,
    Session,
}

impl Method {
    /// The fields of the request that name something which may be somebody's, as JSON has them.
    pub(super) fn ids(&self) -> Vec<(String, Kind)> {
        let fields = self.request.fields();
        let ids = fields.filter(|field| field.name().ends_with("_id"));
        ids.filter_map(|field| {
            let kind = match field.name() {
                "device_id" => Kind::Device,
                "share_id" => Kind::Share,
                "session_id" => Kind::Session,
                // The caller's own invention.
                "request_id" => return None,
                other => panic!("{}: the tests know no {other}", self.path),
            };
            Some((field.json_name().to_owned(), kind))
        })
        .collect()
    }
}

/// What the public may call.
pub(super) fn methods() -> Vec<Method> {
    let mut methods: Vec<Method> = all().into_iter().filter(is_public).collect();
    assert!(
        methods.len() > 30,
        "only {} methods were found",
        methods.len()
    );
    for (path, like, way) in ROUTES {
        let method = methods.iter().find(|method| method.path == like);
        let method = method.expect("a route is like a method").clone();
        let path = path.to_owned();
        methods.push(Method {
            path,
            way,
            ..method
        });
    }
    methods
}

/// What nodes, devices and the operator call.
pub(super) fn methods_not_public() -> Vec<Method> {
    let methods: Vec<Method> = all().into_iter().filter(|one| !is_public(one)).collect();
    assert!(methods.len() > 15, "only {} were found", methods.len());
    methods
}

fn is_public(method: &Method) -> bool {
    !NOT_PUBLIC
        .iter()
        .any(|package| method.path.starts_with(package))
}

fn all() -> Vec<Method> {
    let pool = DescriptorPool::decode(sightline_rpc::DESCRIPTORS).unwrap();
    let policy = pool
        .get_extension_by_name("sightline.policy.v1.policy")
        .expect("the option is part of the contracts");
    let declared = |method: &MethodDescriptor| match &*method.options().get_extension(&policy) {
        Value::EnumNumber(number) => Policy::try_from(*number).unwrap_or_default(),
        other => panic!("a policy is a number, not {other:?}"),
    };
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| Method {
            path: format!("{}/{}", method.parent_service().full_name(), method.name()),
            way: Way::Grpc,
            policy: declared(&method),
            request: method.input(),
            answer: method.output(),
        })
        .collect()
}

/// Every route that a service adds by hand is called here, serves methods that are, or is one of
/// [`OTHER_ROUTES`].
#[test]
fn every_route_is_called_here() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    let mut routes = Vec::new();
    for service in [
        "edge",
        "identity",
        "portal",
        "registry",
        "sharing",
        "sightline",
    ] {
        find_routes(&services.join(service).join("src"), &mut routes);
    }
    assert!(routes.len() > ROUTES.len(), "{routes:?}");
    let known = |route: &str| {
        ROUTES.iter().any(|(path, _, _)| *path == route)
            || OTHER_ROUTES.contains(&route)
            || methods().iter().any(|one| route[1..] == one.path)
    };
    let unknown: Vec<_> = routes.iter().filter(|route| !known(route)).collect();
    assert!(unknown.is_empty(), "not called by the tests: {unknown:?}");
}

fn find_routes(folder: &Path, routes: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_routes(&path, routes);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in [".route(", ".route_service(", ".nest("] {
            let found = text.split(call).skip(1);
            routes.extend(found.filter_map(|rest| rest.split('"').nth(1).map(str::to_owned)));
        }
    }
}
