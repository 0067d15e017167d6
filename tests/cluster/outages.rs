//! What breaks and comes back: the device's power, its connection, the agent, the cloud.

use std::time::{Duration, Instant};

use sightline_domain::CloudId;
use sightline_loadtest::account::Api;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::{Keep, grpc, websocket};
use sightline_rpc::live::v1::WatchRequest;
use sightline_tests::{PASSWORD, Person, Sandbox, programs};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::watching::{again, assert_consecutive, broken, end, frames, over_websocket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn device_that_loses_power_ends_its_streams_and_can_be_watched_again_after() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    frames(&mut viewer, 10).await.unwrap();
    drop(uplink);
    assert_eq!(end(&mut viewer).await.unwrap(), "DEVICE_OFFLINE");

    let _uplink = sandbox.connect(&device).await.unwrap();
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id()).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_connection_of_a_device_replaces_the_older_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, first) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let _second = sandbox.connect(&device).await.unwrap();
    first.ended().await.unwrap();
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, device.cloud_id()).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restart_of_the_cloud_tells_viewers_and_keeps_accounts_and_claims() {
    let mut sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (id, _agent) = sandbox
        .agent(&owner, |config| config.demo = true)
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, id).await.unwrap();
    frames(&mut viewer, 10).await.unwrap();

    let (end, restarted) = tokio::join!(end(&mut viewer), async {
        sandbox.restart().await.unwrap();
        sandbox
    });
    let sandbox = restarted;
    assert_eq!(end.unwrap(), "DRAINING");
    // The same token, the same device, which has come back by itself.
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, id).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
}

/// Set in the process that [`agent_process`] is meant for: where the cloud's devices' port is, its
/// authority, and the agent's directory.
const AGENT_CLOUD: &str = "SIGHTLINE_TEST_AGENT_CLOUD";
const AGENT_CA: &str = "SIGHTLINE_TEST_AGENT_CA";
const AGENT_DIR: &str = "SIGHTLINE_TEST_AGENT_DIR";

/// No test: the agent that [`killed_agent_ends_its_streams_and_comes_back_as_the_same_device`]
/// kills. It does nothing when it is not asked to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agent_process() {
    let Ok(cloud) = std::env::var(AGENT_CLOUD) else {
        return;
    };
    let config = sightline_agent::Config {
        cloud,
        data_dir: std::env::var(AGENT_DIR).unwrap().into(),
        ca_file: std::env::var(AGENT_CA).ok().map(Into::into),
        demo: true,
        ..sightline_agent::Config::default()
    };
    let agent = sightline_agent::Agent::start(config).unwrap();
    println!(
        "agent {} {}",
        agent.cloud_id(),
        agent.verification_code().reveal()
    );
    std::future::pending::<()>().await;
}

/// Starts [`agent_process`]; returns its cloud ID and code too.
async fn start_agent_process(sandbox: &Sandbox) -> (tokio::process::Child, CloudId, String) {
    let mut process = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "outages::agent_process", "--nocapture"])
        .env(
            AGENT_CLOUD,
            format!("localhost:{}", sandbox.devices().port()),
        )
        .env(AGENT_CA, sandbox.authority())
        .env(AGENT_DIR, sandbox.directory().join("agent"))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the agent starts");
        // The test runner's own words come before it on the same line.
        if let Some((_, words)) = line.split_once("agent ")
            && let Some((id, code)) = words.split_once(' ')
            && let Ok(id) = id.parse()
        {
            return (process, id, code.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_agent_ends_its_streams_and_comes_back_as_the_same_device() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (other, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let (mut agent, id, code) = start_agent_process(&sandbox).await;
    let text = id.to_string();
    again(|| owner.api.claim(&owner.token, &text, &code))
        .await
        .unwrap();
    let mut viewer = over_websocket(&sandbox, &owner, id).await.unwrap();
    frames(&mut viewer, 10).await.unwrap();
    let mut neighbour = over_websocket(&sandbox, &owner, other.cloud_id())
        .await
        .unwrap();
    // Eight seconds of the neighbour's pictures, through all that follows.
    let undisturbed = tokio::spawn(async move { frames(&mut neighbour, 200).await });

    agent.kill().await.unwrap();
    assert_eq!(end(&mut viewer).await.unwrap(), "DEVICE_OFFLINE");
    let (_agent, same, _) = start_agent_process(&sandbox).await;
    assert_eq!(same, id);
    again(|| async {
        let mut viewer = over_websocket(&sandbox, &owner, id).await?;
        frames(&mut viewer, 10).await
    })
    .await
    .unwrap();
    assert_consecutive(&undisturbed.await.unwrap().unwrap());
}

/// Longest from the restart of a killed cloud until its viewers see pictures again: an agent dials
/// after a second at first, and doubles that up to a minute while nobody answers.
const BACK_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_cloud_comes_back_with_its_accounts_and_its_agents() {
    let directory = tempfile::tempdir().unwrap();
    let mut cloud = programs::Cloud::start(directory.path()).await.unwrap();
    let owner = cloud.person("owner").await.unwrap();
    let mut agent = programs::Agent::start(&cloud, directory.path())
        .await
        .unwrap();
    let id = agent.cloud_id.clone();
    owner
        .api
        .claim(&owner.token, &id, &agent.verification_code)
        .await
        .unwrap();
    owner.api.await_online(&owner.token, &id).await.unwrap();
    let (mut browser, mut program) = open_both(&cloud, &owner, &id).await.unwrap();
    frames(&mut browser, 10).await.unwrap();
    frames(&mut program, 10).await.unwrap();

    cloud.kill().await.unwrap();
    // No last words: the connections break at once.
    for broken in [broken(&mut browser).await, broken(&mut program).await] {
        broken.unwrap();
    }
    cloud.start_again().await.unwrap();
    let restarted = Instant::now();
    // The same token, and a device that is still theirs.
    again(|| async {
        let (mut browser, mut program) = open_both(&cloud, &owner, &id).await?;
        frames(&mut browser, 10).await?;
        frames(&mut program, 10).await
    })
    .await
    .unwrap();
    let took = restarted.elapsed();
    assert!(took < BACK_WITHIN, "it took {took:?}");
    assert!(agent.is_running().unwrap(), "it came back by itself");
    let api = Api::connect(&cloud.target().unwrap()).await.unwrap();
    let tokens = api.sign_in(&owner.email, PASSWORD).await.unwrap();
    api.await_online(&tokens.access_token, &id).await.unwrap();
}

async fn open_both(
    cloud: &programs::Cloud,
    owner: &Person,
    id: &str,
) -> anyhow::Result<(websocket::Viewer, grpc::Viewer)> {
    let target = cloud.target()?;
    let path = format!("{id}/1");
    let request = WatchRequest {
        device_id: id.to_owned(),
        channel: 1,
        ..WatchRequest::default()
    };
    Ok((
        websocket::Viewer::open(&target, &path, &owner.token, Keep::Head).await?,
        grpc::Viewer::open(&target, &request, &owner.token, Keep::Head).await?,
    ))
}
