//! What each port serves, and what it does not: contracts of nodes and devices are for nobody
//! outside, and the ports of devices and of the operator serve nothing public.

use prost_reflect::DynamicMessage;
use sightline_loadtest::account::Api;
use sightline_loadtest::connect::Target;
use sightline_loadtest::device::Cloud;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;

use super::call::{Line, call};
use super::cast::{Cast, Role};
use super::contracts::{self, Method, Way};
use super::requests::{self, Subject};

fn empty(method: &Method) -> DynamicMessage {
    DynamicMessage::new(method.request.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contracts_of_nodes_and_devices_are_served_to_nobody() {
    let cast = Cast::assemble().await.unwrap();
    for method in contracts::methods_not_public() {
        for role in Role::ALL {
            let refused = call(&cast.lines[&role], &method, empty(&method)).await;
            let code = refused.as_ref().unwrap_err().code();
            assert_eq!(
                code,
                Code::Unimplemented,
                "{}: {role:?}: {refused:?}",
                method.path
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_socket_serves_the_operator_alone() {
    let cast = Cast::assemble().await.unwrap();
    let owner = &cast.lines[&Role::Owner];
    let line = Line {
        channel: cast.sandbox.operator().await.unwrap(),
        target: owner.target.clone(),
        token: owner.token.clone(),
        headers: Vec::new(),
    };
    let public = contracts::methods();
    let grpc = public.iter().filter(|method| method.way == Way::Grpc);
    for method in grpc {
        for request in requests::of(method) {
            let message = cast.message(method, &request, Role::Owner, &Subject::Existing);
            let refused = call(&line, method, message).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unimplemented, "{}", method.path);
        }
    }
    for method in contracts::methods_not_public() {
        let is_operators = method.path.starts_with("sightline.internal.v1.Operator/");
        let answer = call(&line, &method, empty(&method)).await;
        let unknown = answer.is_err_and(|refused| refused.code() == Code::Unimplemented);
        assert_eq!(unknown, !is_operators, "{}", method.path);
    }
}

/// All that the port of devices says to a request that does not ask for the reversal.
async fn answer_to(target: &Target, request: &str) -> Vec<u8> {
    let mut conn = target.connect("http/1.1").await.unwrap();
    let mut answer = Vec::new();
    // It may end the connection without a farewell, and before all was sent.
    let _ = conn.write_all(request.as_bytes()).await;
    let _ = conn.read_to_end(&mut answer).await;
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn port_of_devices_answers_nothing_but_the_reversal_to_a_device() {
    let cast = Cast::assemble().await.unwrap();
    let devices = Cloud::new(cast.sandbox.devices(), &cast.sandbox.authority());
    let target = cast.foreign.target(&devices).unwrap();
    let bearer = cast.lines[&Role::Owner].token.as_ref().unwrap();
    let mut requests = vec![
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
    ];
    for method in contracts::methods()
        .iter()
        .chain(&contracts::methods_not_public())
    {
        let (verb, path) = match method.way {
            Way::Grpc => ("POST", format!("/{}", method.path)),
            Way::WebSocket | Way::Picture => ("GET", method.path.replace(['{', '}'], "")),
        };
        requests.push(format!(
            "{verb} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/grpc\r\n\
             Authorization: Bearer {bearer}\r\nContent-Length: 0\r\n\r\n"
        ));
    }
    for request in requests {
        let answer = answer_to(&target, &request).await;
        assert!(
            answer.is_empty(),
            "{request}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    // HTTP/2 is not even agreed on, and who shows no key is not let in.
    assert!(Api::connect(&target).await.is_err());
    let keyless = Target::tls(cast.sandbox.devices(), &cast.sandbox.authority()).unwrap();
    let request = "GET /uplink HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c-reverse\r\n\r\n";
    assert!(answer_to(&keyless, request).await.is_empty());
    // The same request with a key is answered, so silence means what it seems to.
    let answer = reversal_is_answered(&target, request).await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
}

async fn reversal_is_answered(target: &Target, request: &str) -> Vec<u8> {
    let mut conn = target.connect("http/1.1").await.unwrap();
    conn.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 13];
    conn.read_exact(&mut answer).await.unwrap();
    answer
}
