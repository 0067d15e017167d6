//! What a caller says of itself besides its token counts for nothing, and what is too large is not
//! looked at; and what a token and a picture tell those who hold them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost_reflect::DynamicMessage;
use sightline_loadtest::account::authorized;
use sightline_rpc::identity::v1::identity_client::IdentityClient;
use sightline_rpc::identity::v1::{ListSessionsRequest, SignInRequest};
use sightline_rpc::policy::v1::Policy;
use sightline_tests::{PASSWORD, Sandbox};
use tonic::{Code, Request};

use super::call::{Line, call, get};
use super::cast::{Cast, Role};
use super::contracts::{self, Way};
use super::requests::{self, Prop, Subject};
use super::same;

/// Wrong passwords that are looked at from one place, and then some.
const WRONG_SIGN_INS: usize = 40;
/// Largest request that is read, bytes.
const REQUEST_BYTES_MAX: usize = 64 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_name_somebody_else_change_nothing() {
    let cast = Cast::assemble().await.unwrap();
    let owner = cast.accounts[&Role::Owner].clone();
    let headers = [
        ("x-user-id", owner.clone()),
        ("x-account-id", owner.clone()),
        ("x-forwarded-user", owner.clone()),
        ("x-remote-user", owner),
        ("x-forwarded-for", "10.0.0.1".to_owned()),
        ("x-real-ip", "10.0.0.1".to_owned()),
        ("forwarded", "for=10.0.0.1;host=localhost".to_owned()),
        ("x-client-cert", cast.device(Prop::Main).to_string()),
    ];
    for method in contracts::methods() {
        // Those that anybody may call know nobody, and a browser sends no headers of its own with a
        // WebSocket.
        if method.policy == Policy::Anybody || method.way == Way::WebSocket {
            continue;
        }
        for request in requests::of(&method) {
            for role in [Role::SignedOut, Role::Stranger, Role::GuestOutside] {
                let message = || cast.message(&method, &request, role, &Subject::Existing);
                let line = &cast.lines[&role];
                let forging = Line {
                    headers: headers.clone().into(),
                    ..line.clone()
                };
                let honest = call(line, &method, message()).await;
                let forged = call(&forging, &method, message()).await;
                let path = &method.path;
                assert!(
                    same(&honest, &forged) || is_own_change(path, role),
                    "{path}: {role:?}: {honest:?} and {forged:?}"
                );
            }
        }
    }
}

/// Two calls in a row differ, since the first one has changed something of the caller's own.
fn is_own_change(path: &str, role: Role) -> bool {
    let own = [
        "sightline.identity.v1.Identity/ChangePassword",
        "sightline.identity.v1.Identity/RevokeSession",
    ];
    role != Role::SignedOut && own.contains(&path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_that_a_caller_claims_to_have_is_not_where_it_is() {
    let sandbox = Sandbox::start().await.unwrap();
    let person = sandbox.person("person").await.unwrap();
    let mut identity = IdentityClient::new(person.api.channel());
    let from = |place: usize, password: &str| {
        let mut request = Request::new(SignInRequest {
            email: person.email.clone(),
            password: password.to_owned(),
            remember_me: false,
        });
        let address = format!("10.0.0.{place}");
        for (name, value) in [
            ("x-forwarded-for", address.clone()),
            ("x-real-ip", address.clone()),
            ("forwarded", format!("for={address}")),
        ] {
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        request
    };
    identity.sign_in(from(7, PASSWORD)).await.unwrap();
    let request = authorized(ListSessionsRequest {}, &person.token).unwrap();
    let sessions = identity.list_sessions(request).await.unwrap().into_inner();
    assert!(sessions.sessions.len() > 1);
    for session in sessions.sessions {
        assert_eq!(session.address, "127.0.0.1");
    }
    // A new address for each guess is not a new guess.
    let mut refused = Code::Ok;
    for place in 0..WRONG_SIGN_INS {
        let wrong = identity.sign_in(from(place, "not-the-password-1")).await;
        refused = wrong.unwrap_err().code();
    }
    assert_eq!(refused, Code::ResourceExhausted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_that_is_too_large_is_refused_by_every_method() {
    let cast = Cast::assemble().await.unwrap();
    let line = &cast.lines[&Role::Owner];
    for method in contracts::methods() {
        if method.way != Way::Grpc {
            continue;
        }
        let request = DynamicMessage::decode(method.request.clone(), &*filler());
        let refused = call(line, &method, request.unwrap()).await.unwrap_err();
        let expected = [Code::OutOfRange, Code::InvalidArgument];
        let path = &method.path;
        assert!(expected.contains(&refused.code()), "{path}: {refused:?}");
        let size = ["large", "too many bytes", "limit"];
        let says = size.iter().any(|word| refused.message().contains(word));
        assert!(says, "{path}: {refused:?}");
    }
}

/// A message of a field that no contract has, a byte over the bound.
fn filler() -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::bytes::encode(5000, &vec![0_u8; REQUEST_BYTES_MAX], &mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_says_who_and_until_when_and_no_more() {
    let cast = Cast::assemble().await.unwrap();
    let fields = |value: &serde_json::Value| -> Vec<String> {
        let object = value.as_object().unwrap();
        let mut names: Vec<_> = object.keys().cloned().collect();
        names.sort();
        names
    };
    for (role, line) in &cast.lines {
        let Some(token) = &line.token else { continue };
        let parts: Vec<_> = token.split('.').collect();
        let [head, claims, _signature] = parts[..] else {
            panic!("a token has three parts");
        };
        let read = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(fields(&read(head)), ["alg", "typ"]);
        let claims = read(claims);
        let mut expected = vec!["aud", "exp", "iat", "iss", "session_exp", "sid", "sub"];
        if matches!(role, Role::DeviceUser | Role::ForeignDeviceUser) {
            expected.insert(1, "device");
            // What the device said of its user: no permission, that follows from the rules.
            let device = ["administrator", "ownership_epoch", "user"];
            assert_eq!(fields(&claims["device"]), device);
        }
        assert_eq!(fields(&claims), expected, "{role:?}");
        let text = claims.to_string();
        for secret in [PASSWORD, "@example.org", "ermission"] {
            assert!(!text.contains(secret), "{role:?}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_is_kept_nowhere_on_its_way() {
    let cast = Cast::assemble().await.unwrap();
    let route = format!("/v1/snapshot/{}/1", cast.device(Prop::Main).compact());
    for (role, status) in [
        (Role::Owner, "200"),
        (Role::GuestInside, "200"),
        (Role::Stranger, "404"),
    ] {
        let answer = get(&cast.lines[&role], &route).await.unwrap();
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("\r\ncache-control: no-store"), "{head}");
    }
}
