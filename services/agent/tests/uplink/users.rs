//! Users of the device, as somebody meets them who signs in by device.

use std::path::Path;
use std::process::{Output, Stdio};

use sightline_agent::{Agent, Config, Handle};
use sightline_rpc::device::v1::{VerifyUserRequest, VerifyUserResponse};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::cloud::{Cloud, Device, PATIENCE};

const PASSWORD: &str = "tr4in-Window";

/// Runs `sightline-agent user ...` with a line as its input.
async fn user(data_dir: &Path, arguments: &[&str], line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline-agent"));
    command.arg("user").args(arguments);
    command.arg("--data-dir").arg(data_dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    // A command that reads no password may have ended already.
    let _ = input.write_all(line.as_bytes()).await;
    drop(input);
    timeout(PATIENCE, running.wait_with_output())
        .await
        .unwrap()
        .unwrap()
}

async fn add(data_dir: &Path, arguments: &[&str]) {
    let arguments = [&["add"], arguments].concat();
    let output = user(data_dir, &arguments, &format!("{PASSWORD}\n")).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn verify(
    device: &mut Device,
    name: &str,
    password: &str,
) -> Result<VerifyUserResponse, Status> {
    let request = VerifyUserRequest {
        user_name: name.to_owned(),
        password: password.to_owned(),
    };
    let verified = timeout(PATIENCE, device.client.verify_user(request));
    Ok(verified.await.unwrap()?.into_inner())
}

fn answer(accepted: bool, administrator: bool) -> VerifyUserResponse {
    VerifyUserResponse {
        accepted,
        administrator,
        retry_after_s: 0,
    }
}

async fn start(cloud: &Cloud) -> (Handle, Device) {
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    (agent, device)
}

#[tokio::test]
async fn users_added_while_the_agent_runs_may_sign_in_and_removed_ones_may_not() {
    let cloud = Cloud::start().await;
    let (agent, mut device) = start(&cloud).await;
    let data_dir = cloud.config().data_dir;
    add(&data_dir, &["anna", "--administrator"]).await;
    add(&data_dir, &["bob"]).await;
    let anna = verify(&mut device, "anna", PASSWORD).await.unwrap();
    assert_eq!(anna, answer(true, true));
    let bob = verify(&mut device, "bob", PASSWORD).await.unwrap();
    assert_eq!(bob, answer(true, false));

    let list = user(&data_dir, &["list"], "").await.stdout;
    let list = String::from_utf8(list).unwrap();
    let words: Vec<_> = list.split_whitespace().collect();
    // The first is the demo's own.
    let wanted = [
        "admin",
        "administrator",
        "anna",
        "administrator",
        "bob",
        "viewer",
    ];
    assert_eq!(words, wanted);

    assert!(
        user(&data_dir, &["remove", "bob"], "")
            .await
            .status
            .success()
    );
    let bob = verify(&mut device, "bob", PASSWORD).await.unwrap();
    assert_eq!(bob, answer(false, false));
    agent.shutdown().await;
}

#[tokio::test]
async fn command_refuses_a_bad_name_a_weak_password_and_a_taken_name() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), &["anna"]).await;
    for (arguments, line) in [
        (["add", "b c"], "tr4in-Window\n"),
        (["add", "bob"], "password1\n"),
        (["add", "bob"], "\n"),
        (["add", "anna"], "pine&gravel\n"),
        (["remove", "bob"], ""),
    ] {
        let output = user(dir.path(), &arguments, line).await;
        assert!(!output.status.success(), "{arguments:?} {line}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.len() > 20 && !words.contains(line.trim_end()) || line.len() < 2);
    }
    let list = user(dir.path(), &["list"], "").await.stdout;
    let list = String::from_utf8(list).unwrap();
    assert_eq!(
        list.split_whitespace().collect::<Vec<_>>(),
        ["anna", "viewer"]
    );
}

#[tokio::test]
async fn unknown_user_and_wrong_password_have_the_same_answer_and_share_their_attempts() {
    let cloud = Cloud::start().await;
    let (agent, mut device) = start(&cloud).await;
    let (name, password) = agent.demo_administrator().unwrap();
    for attempt in 1..20 {
        let name = if attempt % 2 == 0 { name } else { "nobody" };
        let refused = verify(&mut device, name, "pine&gravel").await.unwrap();
        assert_eq!(refused, answer(false, false), "attempt {attempt}");
    }
    let right = verify(&mut device, name, password.reveal()).await.unwrap();
    assert_eq!(right, answer(true, true));
    for name in ["nobody", name, "nobody"] {
        let refused = verify(&mut device, name, "pine&gravel").await.unwrap();
        assert!(!refused.accepted);
        assert!((200..=240).contains(&refused.retry_after_s), "{refused:?}");
    }
    let locked = verify(&mut device, name, password.reveal()).await.unwrap();
    assert!(
        !locked.accepted && !locked.administrator && locked.retry_after_s > 0,
        "{locked:?}"
    );
    agent.shutdown().await;
}

#[tokio::test]
async fn hundred_guesses_at_once_are_not_more_than_a_few() {
    let cloud = Cloud::start().await;
    let (agent, device) = start(&cloud).await;
    let guesses = (0..100).map(|at| {
        let mut client = device.client.clone();
        let request = VerifyUserRequest {
            user_name: "admin".to_owned(),
            password: format!("pine&gravel-{at}"),
        };
        async move { client.verify_user(request).await }
    });
    let answers = timeout(PATIENCE, futures::future::join_all(guesses));
    let mut looked_at = 0;
    for answer in answers.await.unwrap() {
        match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                assert!(!answer.accepted);
                looked_at += usize::from(answer.retry_after_s == 0);
            }
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
        }
    }
    // The twentieth is told to wait, as are all after it.
    assert!(looked_at < 20, "{looked_at}");
    agent.shutdown().await;
}

#[tokio::test]
async fn cloud_that_has_not_shown_its_claim_cannot_guess() {
    let cloud = Cloud::start().await;
    let agent = Agent::start(cloud.config()).unwrap();
    let mut device = cloud.device().await;
    let (name, password) = agent.demo_administrator().unwrap();
    let refused = verify(&mut device, name, password.reveal()).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    agent.shutdown().await;
}

#[tokio::test]
async fn users_file_that_others_can_read_lets_nobody_in() {
    use std::os::unix::fs::PermissionsExt as _;
    let cloud = Cloud::start().await;
    let (agent, mut device) = start(&cloud).await;
    let file = cloud.config().data_dir.join("users.json");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (name, password) = agent.demo_administrator().unwrap();
    let refused = verify(&mut device, name, password.reveal()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Internal);
    agent.shutdown().await;
}

#[tokio::test]
async fn device_without_the_demo_has_no_administrator() {
    let cloud = Cloud::start().await;
    let url = "rtsp://127.0.0.1:9/".to_owned().try_into().unwrap();
    let camera = sightline_agent::config::Camera::new("Door".to_owned(), url);
    let config = Config {
        demo: false,
        cameras: vec![camera],
        ..cloud.config()
    };
    let agent = Agent::start(config).unwrap();
    assert!(agent.demo_administrator().is_none());
    let mut device = cloud.device().await;
    device.describe(1).await.unwrap();
    let refused = verify(&mut device, "admin", "").await.unwrap();
    assert_eq!(refused, answer(false, false));
    agent.shutdown().await;
}
