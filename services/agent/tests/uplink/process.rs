//! The agent as a process: what it tells, what it writes, and on what it listens.

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::*;
use relay::{Faults, Relay};

/// A running `sightline-agent`; it ends with this.
struct Process {
    child: Child,
    log: JoinHandle<String>,
    cloud: Cloud,
}

impl Process {
    /// Runs the agent by this configuration, with what belongs to the cloud before it.
    async fn start(zone: &str, configuration: &str) -> Self {
        let cloud = Cloud::start().await;
        let config = cloud.config();
        let path = cloud.ca_file.with_file_name("agent.toml");
        let text = format!(
            "cloud = {:?}\nca_file = {:?}\ndata_dir = {:?}\n{configuration}",
            config.cloud, cloud.ca_file, config.data_dir
        );
        std::fs::write(&path, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sightline-agent"))
            .arg("--config")
            .arg(path)
            .env("TZ", zone)
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            stderr.read_to_string(&mut log).await.unwrap();
            log
        });
        Self { child, log, cloud }
    }

    async fn status(&self) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_sightline-agent"))
            .args(["status", "--data-dir"])
            .arg(self.cloud.config().data_dir)
            .output();
        let output = timeout(PATIENCE, output).await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends the process; everything that it has logged.
    async fn stop(mut self) -> String {
        self.child.kill().await.unwrap();
        timeout(PATIENCE, self.log).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn zone_without_a_name_is_told_as_unknown_and_status_and_log_say_how_to_set_it() {
    // A rule, as of a machine whose `/etc/localtime` is a bare file.
    let agent = Process::start("CET-1CEST,M3.5.0,M10.5.0/3", "demo = true").await;
    let described = agent.cloud.device().await.describe(1).await.unwrap();
    assert_eq!(described.time_zone, "");
    let status = agent.status().await;
    let log = agent.stop().await;
    for text in [status, log] {
        assert!(
            text.contains("set `time_zone` in the configuration"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn configured_zone_is_told_whatever_the_machines_is() {
    let configuration = "demo = true\ntime_zone = \"Asia/Omsk\"";
    let agent = Process::start("Europe/Berlin", configuration).await;
    let described = agent.cloud.device().await.describe(1).await.unwrap();
    assert_eq!(described.time_zone, "Asia/Omsk");
    let status = agent.status().await;
    assert!(status.contains("Asia/Omsk"), "{status}");
    agent.stop().await;
    let agent = Process::start("Europe/Berlin", "demo = true").await;
    let described = agent.cloud.device().await.describe(1).await.unwrap();
    assert_eq!(described.time_zone, "Europe/Berlin");
    agent.stop().await;
}

#[tokio::test]
async fn no_credential_of_a_camera_is_in_the_log_or_the_status() {
    let simulator = Rtspd::start(&[]).await;
    // The camera repeats an address of its own, which the RTSP library warns of.
    let answer = |method: &str, _, header: String| match method {
        "PLAY" => header.replace("url=rtsp://", "url=rtsp://canary-answer@x/canary-answer/"),
        _ => header,
    };
    let relay = Relay::start(
        simulator.port,
        Faults {
            answer,
            ..Faults::NONE
        },
    )
    .await;
    let away = {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("rtsp://{}/", taken.local_addr().unwrap())
    };
    let secret = "user=canary-user_password=canary-path_channel=1?p=canary-query";
    let login = |url: &str| url.replace("rtsp://", "rtsp://canary-user:canary-password@");
    let cameras = [
        login(&format!("{away}{secret}")),
        login(&simulator.url(secret)),
        login(&relay.url("h264aac?p=canary-query")),
    ];
    let mut configuration = "log = \"debug\"\n".to_owned();
    for camera in &cameras {
        configuration += &format!("[[camera]]\nname = \"c\"\nmain = \"{camera}\"\nalways = true\n");
    }
    let agent = Process::start("UTC", &configuration).await;
    let mut device = agent.cloud.device().await;
    let described = device.describe(1).await.unwrap();
    let events = device.client.watch_events(WatchEventsRequest {});
    let mut events = events.await.unwrap().into_inner();
    channel_in_state(&mut events, 1, ChannelState::Offline).await;
    channel_in_state(&mut events, 2, ChannelState::Offline).await;
    channel_in_state(&mut events, 3, ChannelState::Streaming).await;
    // Its end is logged as well.
    drop((simulator, relay));
    channel_in_state(&mut events, 3, ChannelState::Offline).await;
    let status = agent.status().await;
    let log = agent.stop().await;
    assert!(log.contains(&format!("{away}***")), "{log}");
    for text in [log, status, format!("{described:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn agent_listens_on_no_port_while_it_is_connected_and_streams() {
    let simulator = Rtspd::start(&[]).await;
    let url = simulator.url("h264");
    let camera = format!("demo = true\n[[camera]]\nname = \"c\"\nmain = \"{url}\"");
    let agent = Process::start("UTC", &camera).await;
    let mut device = agent.cloud.device().await;
    device.describe(1).await.unwrap();
    for channel in [1, 5] {
        next(&mut live(&mut device, channel, StreamKind::Main).await).await;
    }
    let open = sockets(agent.child.id().unwrap());
    assert!(
        open.iter().any(|socket| socket.is_connected_tcp()),
        "at least the one to the cloud: {open:?}"
    );
    let listening: Vec<_> = open.iter().filter(|s| !s.is_connected_tcp()).collect();
    assert!(listening.is_empty(), "{listening:?}");
    // That listeners are found at all: the cloud of this test is one.
    let own = sockets(std::process::id());
    assert!(own.iter().any(|s| !s.is_connected_tcp()), "{own:?}");
    agent.stop().await;
}

/// A socket of the network, as the kernel lists it.
#[derive(Debug)]
struct Socket {
    table: &'static str,
    /// In hexadecimal: 0A is LISTEN.
    state: String,
}

impl Socket {
    fn is_connected_tcp(&self) -> bool {
        self.table.starts_with("tcp") && self.state != "0A"
    }
}

/// All sockets of TCP and UDP that a process has.
fn sockets(process: u32) -> Vec<Socket> {
    let folder = Path::new("/proc").join(process.to_string());
    let files = std::fs::read_dir(folder.join("fd")).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let inodes: HashSet<_> = links
        .filter_map(|link| {
            let link = link.to_str()?.strip_prefix("socket:[")?;
            Some(link.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut sockets = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        // Without IPv6 there are no tables of it.
        let text = std::fs::read_to_string(folder.join("net").join(table)).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            if inodes.contains(fields[9]) {
                let state = fields[3].to_owned();
                sockets.push(Socket { table, state });
            }
        }
    }
    sockets
}
