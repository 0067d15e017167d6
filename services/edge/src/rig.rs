//! An edge with devices and an owner in one thread, for tests of what a session does when a device
//! is late, silent or gone. Its time is tokio's paused one: it passes at once when nothing else is
//! left to do.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor as _, Addr};
use futures::{Stream, StreamExt as _, stream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sightline_base::clock::SetClock;
use sightline_base::telemetry::Metrics;
use sightline_coord::{Coordinator, Local, Owner};
use sightline_domain::{AccountId, CloudId, Principal};
use sightline_rpc::auth::Caller;
use sightline_rpc::channel::local;
use sightline_rpc::device::v1::device_server::{self, DeviceServer};
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::device::v1::{self as device, LiveResponse};
use sightline_rpc::internal::v1 as internal;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::devices_server::{Devices, DevicesServer};
use sightline_rpc::internal::v1::grants_server::{Grants, GrantsServer};
use sightline_rpc::live::v1::{Codec, Frame, Started, StreamKind, Track};
use sightline_rpc::sharing::v1 as sharing;
use sightline_rpc::token::{Claims, Signer};
use tokio::io::BufReader;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::Config;
use crate::edge::{Edge, Parts, Shared};
use crate::error::Error;
use crate::session::{Admission, Admit, Session};
use crate::uplink::Tunnel;

/// Longest wait for a state that must come; costs no real time.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between looks at a state.
const POLL: Duration = Duration::from_millis(10);
const NOW_UNIX_S: i64 = 1_795_435_200;
const OWNER: &str = "0190a000-0000-7000-8000-000000000001";
/// One frame of sound: with one in 20 ms there are 1.6 Mbit/s.
const SOUND: &[u8] = &[0xff; 4000];
/// One message of filler.
const FILLER: &[u8] = &[0; 16 << 10];

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A running edge and what stands around it.
pub(crate) struct Rig {
    pub(crate) edge: Arc<Shared>,
    coordinator: Arc<dyn Coordinator>,
    pub(crate) owner: Caller,
    uplink: Arc<AtomicU64>,
    granted: Granted,
    running: Edge,
}

/// Runs a test on a rig.
pub(crate) fn run(test: impl AsyncFnOnce(Rig)) {
    let directory = tempfile::tempdir().unwrap();
    run_on(Arc::new(Local::open(directory.path()).unwrap()), test);
}

/// Runs a test on a rig with a coordinator of its own.
pub(crate) fn run_on(coordinator: Arc<dyn Coordinator>, test: impl AsyncFnOnce(Rig)) {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    actix::System::with_tokio_rt(runtime)
        .block_on(async { test(Rig::start(coordinator).await).await });
}

impl Rig {
    async fn start(coordinator: Arc<dyn Coordinator>) -> Self {
        let signer = Signer::from_pkcs8(&Signer::generate_key().unwrap()).unwrap();
        let verifier = signer.verifier();
        let account: AccountId = OWNER.parse().unwrap();
        let principal = Principal::Account(account);
        let (from, until) = (NOW_UNIX_S, NOW_UNIX_S + 900);
        let claims = Claims::new(&principal, "sign-in".to_owned(), from, until);
        let token = signer.sign(&claims.session_until(until + 3600)).unwrap();
        let uplink = Arc::default();
        let granted = Granted::default();
        granted.set(internal::Grant {
            account_id: OWNER.to_owned(),
            ..internal::Grant::default()
        });
        let edge = Edge::start(Parts {
            config: Config {
                arbiters: 1,
                ..Config::default()
            },
            coordinator: Arc::clone(&coordinator),
            devices: local(DevicesServer::new(Registry(Arc::clone(&uplink)))),
            grants: local(GrantsServer::new(granted.clone())),
            verifier: verifier.clone(),
            clock: SetClock::at_unix_ms(NOW_UNIX_S * 1000),
            meter: Metrics::new().unwrap().meter("edge"),
        })
        .await
        .unwrap();
        Self {
            edge: Arc::clone(&edge.shared),
            coordinator,
            owner: verifier.authenticate(&token, NOW_UNIX_S * 1000).unwrap(),
            uplink,
            granted,
            running: edge,
        }
    }

    /// Connects a device, as `uplink` does.
    pub(crate) async fn connect(&self, device: Device) -> Connected {
        let (cloud_side, device_side) = tokio::io::duplex(64 << 10);
        let id = device.id;
        let service = TowerToHyperService::new(DeviceServer::new(device));
        let serving = tokio::spawn(
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(device_side), service),
        );
        let tunnel = Tunnel::open(BufReader::new(cloud_side), Vec::new())
            .await
            .unwrap();
        Connected {
            session: Session::new(id, Arc::clone(&self.edge), tunnel).start(),
            serving: serving.abort_handle(),
        }
    }

    /// Connects a device, and watches its only channel.
    pub(crate) async fn watch(&self, device: Device) -> (Connected, Admission) {
        let connected = self.connect(device).await;
        let admission = self.watch_again(&connected).await;
        (connected, admission)
    }

    /// Watches the only channel of a device.
    pub(crate) async fn watch_again(&self, connected: &Connected) -> Admission {
        let admit = || Admit {
            caller: self.owner.clone(),
            channel: 1,
            stream: StreamKind::Main,
        };
        let admitted = async {
            loop {
                match connected.session.send(admit()).await.unwrap() {
                    Err(Error::GrantsStale) => tokio::time::sleep(POLL).await,
                    admitted => return admitted.unwrap(),
                }
            }
        };
        tokio::time::timeout(PATIENCE, admitted).await.unwrap()
    }

    /// Lets somebody watch every device under these terms, and nobody else. Whoever asks from now on
    /// hears it; sessions that have been told before go on without.
    pub(crate) fn share(&self, terms: sharing::Terms) {
        self.granted.set(internal::Grant {
            account_id: OWNER.to_owned(),
            share_id: "share".to_owned(),
            terms: Some(terms),
        });
    }

    /// What the link was reported to carry last, bits per second.
    pub(crate) fn reported_uplink(&self) -> u64 {
        self.uplink.load(Ordering::SeqCst)
    }

    /// Asks a device whether somebody knows its verification code, as the registry does.
    pub(crate) async fn verify_claim(
        &self,
        device: CloudId,
    ) -> Result<internal::VerifyClaimResponse, Status> {
        let question = internal::VerifyClaimRequest {
            device_id: device.to_string(),
            ..internal::VerifyClaimRequest::default()
        };
        let mut calls = DeviceCallsClient::new(self.running.device_calls());
        calls.verify_claim(question).await.map(Response::into_inner)
    }

    /// The device's owner in the coordinator's table.
    pub(crate) async fn owner(&self, device: CloudId) -> Option<Owner> {
        self.coordinator.owner(device).await.unwrap()
    }
}

/// Waits for a state that must come.
///
/// # Panics
/// When it does not come.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "the state does not come");
        tokio::time::sleep(POLL).await;
    }
}

/// A device's connection; dropping it cuts it.
pub(crate) struct Connected {
    pub(crate) session: Addr<Session>,
    serving: AbortHandle,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A device with one channel of sound.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: CloudId,
    /// Until it says what it is; without, it never does.
    pub(crate) describes_after: Option<Duration>,
    /// Between two frames of its stream; without, no frame ever comes.
    pub(crate) frame_interval: Option<Duration>,
    /// Between two messages of a stream of filler; without, it is not measured.
    pub(crate) probe_interval: Option<Duration>,
    /// How many streams of filler are open.
    pub(crate) probes: watch::Sender<usize>,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self {
            id: CloudId::of_public_key(b"key"),
            describes_after: Some(Duration::ZERO),
            frame_interval: Some(Duration::from_millis(20)),
            probe_interval: None,
            probes: watch::Sender::new(0),
        }
    }
}

/// Counts as one for as long as it lives.
struct Open(watch::Sender<usize>);

impl Open {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

fn refused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not in these tests"))
}

#[tonic::async_trait]
impl device_server::Device for Device {
    type WatchEventsStream = Answers<device::WatchEventsResponse>;
    type LiveStream = Answers<LiveResponse>;
    type ProbeUplinkStream = Answers<device::ProbeUplinkResponse>;

    async fn describe(
        &self,
        _: Request<device::DescribeRequest>,
    ) -> Result<Response<device::DescribeResponse>, Status> {
        match self.describes_after {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return std::future::pending().await,
        }
        Ok(Response::new(device::DescribeResponse {
            cloud_id: self.id.to_string(),
            channels: vec![device::Channel {
                number: 1,
                ..device::Channel::default()
            }],
            ..device::DescribeResponse::default()
        }))
    }

    async fn watch_events(
        &self,
        _: Request<device::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Ok(Response::new(Box::pin(stream::pending())))
    }

    async fn live(
        &self,
        _: Request<device::LiveRequest>,
    ) -> Result<Response<Self::LiveStream>, Status> {
        let message = |event| Ok(LiveResponse { event: Some(event) });
        let started = stream::iter([message(Event::Started(Started {
            tracks: vec![Track {
                codec: Codec::Pcmu.into(),
                ..Track::default()
            }],
        }))]);
        let Some(interval) = self.frame_interval else {
            return Ok(Response::new(Box::pin(started.chain(stream::pending()))));
        };
        let interval_us = i64::try_from(interval.as_micros()).unwrap();
        let frames = stream::iter(0..).then(move |n: i64| async move {
            tokio::time::sleep(interval).await;
            message(Event::Frame(Frame {
                key: true,
                pts_us: n * interval_us,
                dts_us: n * interval_us,
                data: SOUND.into(),
                ..Frame::default()
            }))
        });
        Ok(Response::new(Box::pin(started.chain(frames))))
    }

    async fn verify_claim(
        &self,
        _: Request<device::VerifyClaimRequest>,
    ) -> Result<Response<device::VerifyClaimResponse>, Status> {
        Ok(Response::new(device::VerifyClaimResponse {
            accepted: true,
            ..device::VerifyClaimResponse::default()
        }))
    }

    async fn verify_user(
        &self,
        _: Request<device::VerifyUserRequest>,
    ) -> Result<Response<device::VerifyUserResponse>, Status> {
        refused()
    }

    async fn probe_uplink(
        &self,
        request: Request<device::ProbeUplinkRequest>,
    ) -> Result<Response<Self::ProbeUplinkStream>, Status> {
        let Some(interval) = self.probe_interval else {
            return refused();
        };
        let open = Open::new(&self.probes);
        let messages = request.into_inner().bytes as usize / FILLER.len();
        let filler = stream::iter(0..messages).then(move |_| {
            let _open = &open;
            async move {
                tokio::time::sleep(interval).await;
                Ok(device::ProbeUplinkResponse {
                    filler: FILLER.into(),
                })
            }
        });
        Ok(Response::new(Box::pin(filler)))
    }

    async fn snapshot(
        &self,
        _: Request<device::SnapshotRequest>,
    ) -> Result<Response<device::SnapshotResponse>, Status> {
        std::future::pending().await
    }
}

/// Takes every report, and keeps the speed of the link in it.
struct Registry(Arc<AtomicU64>);

#[tonic::async_trait]
impl Devices for Registry {
    type WatchOwnershipStream = Answers<internal::WatchOwnershipResponse>;

    async fn report(
        &self,
        report: Request<internal::ReportRequest>,
    ) -> Result<Response<internal::ReportResponse>, Status> {
        let bits_per_s = report.into_inner().uplink_bits_per_s;
        self.0.store(bits_per_s, Ordering::SeqCst);
        Ok(Response::new(internal::ReportResponse {}))
    }

    async fn watch_ownership(
        &self,
        _: Request<internal::WatchOwnershipRequest>,
    ) -> Result<Response<Self::WatchOwnershipStream>, Status> {
        refused()
    }
}

/// What [`OWNER`] may do with every device.
#[derive(Debug, Clone, Default)]
struct Granted(Arc<Mutex<internal::WatchDeviceResponse>>);

impl Granted {
    fn set(&self, grant: internal::Grant) {
        let mut news = self.0.lock().unwrap();
        news.revision += 1;
        news.grants = Some(internal::GrantSet {
            epoch: 1,
            grants: vec![grant],
            time_zone: "UTC".to_owned(),
        });
    }
}

#[tonic::async_trait]
impl Grants for Granted {
    type WatchDeviceStream = Answers<internal::WatchDeviceResponse>;
    type WatchAccountStream = Answers<internal::WatchAccountResponse>;

    async fn watch_device(
        &self,
        _: Request<internal::WatchDeviceRequest>,
    ) -> Result<Response<Self::WatchDeviceStream>, Status> {
        let news = self.0.lock().unwrap().clone();
        let heartbeat = internal::WatchDeviceResponse {
            grants: None,
            ..news
        };
        let heartbeats = stream::repeat(heartbeat).then(|heartbeat| async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(heartbeat)
        });
        let first = stream::iter([Ok(news)]);
        Ok(Response::new(Box::pin(first.chain(heartbeats))))
    }

    async fn watch_account(
        &self,
        _: Request<internal::WatchAccountRequest>,
    ) -> Result<Response<Self::WatchAccountStream>, Status> {
        refused()
    }

    async fn end_shares(
        &self,
        _: Request<internal::EndSharesRequest>,
    ) -> Result<Response<internal::EndSharesResponse>, Status> {
        refused()
    }
}
