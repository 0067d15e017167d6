//! `sightline admin` as an operator runs it, against a node that runs.

#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails should fail it there"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use sightline::config::Config;
use sightline::node::{Node, Surroundings};

/// A cloud ID that is well-formed and nobody's.
fn nobodys_device() -> String {
    sightline_domain::CloudId::of_public_key(b"nobody's").to_string()
}

async fn node(data_dir: &Path) -> Node {
    let mut config = Config {
        data_dir: data_dir.to_owned(),
        ..Config::default()
    };
    let any = ([127, 0, 0, 1], 0).into();
    config.listen.https = any;
    config.listen.devices = any;
    config.listen.metrics = any;
    Node::start(config, Surroundings::default()).await.unwrap()
}

async fn admin(data_dir: &Path, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.args(["admin", "--operator", "test", "--data-dir"]);
    command.arg(data_dir).args(args).output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_commands_say_what_is_and_what_cannot_be() {
    let directory = tempfile::tempdir().unwrap();
    let node = node(directory.path()).await;
    let listed = admin(directory.path(), &["unbinds"]).await;
    assert!(listed.status.success());
    assert_eq!(listed.stdout, b"nothing is announced\n");
    let device = nobodys_device();
    let unbind = ["unbind", &device, "--reason", "the bill was seen"];
    let refused = admin(directory.path(), &unbind).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said, "sightline: nobody owns this device\n");
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_can_open_the_operators_socket() {
    let directory = tempfile::tempdir().unwrap();
    let node = node(directory.path()).await;
    let socket = directory.path().join("operator.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    node.shutdown().await;
    assert!(!socket.exists(), "the socket goes with the node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_node_the_operator_is_told_where_it_was_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let refused = admin(directory.path(), &["audit"]).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("no node answers at"), "{said}");
    assert!(said.contains("operator.sock"), "{said}");
}
