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
    start(data_dir).await.unwrap()
}

async fn start(data_dir: &Path) -> anyhow::Result<Node> {
    let mut config = Config {
        data_dir: data_dir.to_owned(),
        ..Config::default()
    };
    let any = ([127, 0, 0, 1], 0).into();
    config.listen.https = any;
    config.listen.devices = any;
    config.listen.metrics = any;
    Node::start(config, Surroundings::default()).await
}

async fn admin(data_dir: &Path, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.args(["admin", "--operator", "test", "--data-dir"]);
    command.arg(data_dir).args(args).output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_commands_say_what_is_and_what_cannot_be() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("cloud");
    let node = node(&data_dir).await;
    let listed = admin(&data_dir, &["unbinds"]).await;
    assert!(listed.status.success());
    assert_eq!(listed.stdout, b"nothing is announced\n");
    let device = nobodys_device();
    let unbind = ["unbind", &device, "--reason", "the bill was seen"];
    let refused = admin(&data_dir, &unbind).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said, "sightline: nobody owns this device\n");
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_can_open_the_operators_socket() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("cloud");
    let node = node(&data_dir).await;
    let socket = data_dir.join("operator.sock");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&data_dir), 0o700);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_leaves_nothing_in_a_directory_that_others_may_enter() {
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    let refused = start(directory.path()).await.unwrap_err().to_string();
    assert!(refused.contains("run: chmod 0700"), "{refused}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
