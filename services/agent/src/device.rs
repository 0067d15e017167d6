//! What the device serves to the edge that holds its connection: `sightline.device.v1.Device`.

mod attempts;
mod claim;
mod live;
mod probe;
mod sign_in;
mod snapshot;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt as _};
use sightline_domain::{CloudId, VerificationCode};
use sightline_rpc::device::v1::device_server;
use sightline_rpc::device::v1::watch_events_response::Event;
use sightline_rpc::device::v1::{
    DescribeRequest, DescribeResponse, DeviceKind, LiveRequest, LiveResponse, ProbeUplinkRequest,
    ProbeUplinkResponse, SnapshotRequest, SnapshotResponse, VerifyClaimRequest,
    VerifyClaimResponse, VerifyUserRequest, VerifyUserResponse, WatchEventsRequest,
    WatchEventsResponse,
};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use zeroize::Zeroizing;

use crate::camera::Channel;
use crate::camera::state::Board;
use crate::time_zone;
use claim::Claims;
use probe::Probes;
use sign_in::SignIn;
use snapshot::Snapshots;

/// Most live streams at once: every channel in both qualities, with room for an edge that opens
/// the new one before it closes the old one.
const LIVE_MAX: usize = 160;
/// Most calls of `WatchEvents` on all connections.
const WATCHES_MAX: usize = 8;
/// Longest name of an edge that is repeated in logs, characters.
const EDGE_CHARS_MAX: usize = 64;

const VENDOR: &str = "Sightline";

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The agent passes on what cameras send and keeps none of it, so no archive is offered.
const HAS_STORAGE: bool = false;

/// What the device is, besides its cameras.
#[derive(Debug)]
pub(crate) struct Nature {
    pub(crate) cloud_id: CloudId,
    /// The demo cameras are among its channels.
    pub(crate) demo: bool,
    /// The configured time zone.
    pub(crate) time_zone: Option<String>,
}

/// The device, whatever connection it is on.
pub(crate) struct Device {
    nature: Nature,
    channels: Vec<Channel>,
    board: Board,
    claims: Mutex<Claims>,
    sign_in: SignIn,
    probes: Probes,
    snapshots: Snapshots,
    live: Arc<Semaphore>,
    watches: Arc<Semaphore>,
    /// Highest epoch of a claim that an edge has shown.
    epoch: AtomicU64,
    shutdown: CancellationToken,
}

impl Device {
    /// `data_dir` holds the users of the device.
    pub(crate) fn new(
        nature: Nature,
        code: VerificationCode,
        data_dir: PathBuf,
        channels: Vec<Channel>,
        board: Board,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            nature,
            snapshots: Snapshots::new(channels.len()),
            channels,
            board,
            claims: Mutex::new(Claims::new(code)),
            sign_in: SignIn::new(data_dir),
            probes: Probes::new(),
            live: Arc::new(Semaphore::new(LIVE_MAX)),
            watches: Arc::new(Semaphore::new(WATCHES_MAX)),
            epoch: AtomicU64::new(0),
            shutdown,
        }
    }

    /// Number and channel, or an error for the caller.
    fn channel(&self, number: u32) -> Result<(usize, &Channel), Status> {
        let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        at.and_then(|at| self.channels.get(at).map(|channel| (at, channel)))
            .ok_or_else(|| Status::not_found(format!("the device has no channel {number}")))
    }

    fn describe(&self) -> DescribeResponse {
        let kind = if self.channels.len() == 1 {
            DeviceKind::Camera
        } else {
            DeviceKind::Nvr
        };
        DescribeResponse {
            cloud_id: self.nature.cloud_id.to_string(),
            kind: kind.into(),
            vendor: VENDOR.to_owned(),
            model: if self.nature.demo {
                "Demo NVR"
            } else {
                "Agent"
            }
            .to_owned(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            time_zone: time_zone::name(self.nature.time_zone.as_deref()).unwrap_or_default(),
            has_storage: HAS_STORAGE,
            channels: self.board.channels().iter().map(|c| c.to_proto()).collect(),
        }
    }

    /// Takes the epoch of an edge's claim, unless a newer one is known.
    fn accept_epoch(&self, epoch: u64) -> Result<(), Status> {
        let highest = self.epoch.fetch_max(epoch, Ordering::SeqCst);
        if epoch < highest {
            return Err(Status::failed_precondition(format!(
                "epoch {epoch} is over: the device belongs to the claim with epoch {highest}"
            )));
        }
        Ok(())
    }
}

/// The device as one connection sees it.
#[derive(Clone)]
pub(crate) struct Session {
    device: Arc<Device>,
    /// Name of the edge, once it has called `Describe`.
    edge: Arc<watch::Sender<Option<String>>>,
}

impl Session {
    pub(crate) fn new(device: Arc<Device>, edge: watch::Sender<Option<String>>) -> Self {
        Self {
            device,
            edge: Arc::new(edge),
        }
    }

    /// The device, for an edge that has shown its claim.
    fn device(&self) -> Result<&Device, Status> {
        if self.edge.borrow().is_none() {
            return Err(Status::failed_precondition("call Describe first"));
        }
        Ok(&self.device)
    }
}

#[tonic::async_trait]
impl device_server::Device for Session {
    type WatchEventsStream = Answers<WatchEventsResponse>;
    type LiveStream = Answers<LiveResponse>;
    type ProbeUplinkStream = Answers<ProbeUplinkResponse>;

    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let DescribeRequest { epoch, edge } = request.into_inner();
        self.device.accept_epoch(epoch)?;
        let name = edge
            .chars()
            .filter(|c| !c.is_control())
            .take(EDGE_CHARS_MAX)
            .collect();
        self.edge.send_replace(Some(name));
        Ok(Response::new(self.device.describe()))
    }

    async fn watch_events(
        &self,
        _: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let device = self.device()?;
        let permit = permit(&device.watches)?;
        let events = changes(device.board.subscribe())
            .map(move |event| {
                let _held = &permit;
                Ok(event)
            })
            .take_until(device.shutdown.clone().cancelled_owned());
        Ok(Response::new(Box::pin(events)))
    }

    async fn live(
        &self,
        request: Request<LiveRequest>,
    ) -> Result<Response<Self::LiveStream>, Status> {
        let device = self.device()?;
        let request = request.into_inner();
        let (_, channel) = device.channel(request.channel)?;
        let stream = channel.stream(request.stream()).ok_or_else(|| {
            Status::not_found(format!("channel {} has no sub stream", request.channel))
        })?;
        let permit = permit(&device.live)?;
        let frames = live::frames(stream.watch())
            .map(move |message| {
                let _held = &permit;
                Ok(message)
            })
            .take_until(device.shutdown.clone().cancelled_owned());
        Ok(Response::new(Box::pin(frames)))
    }

    async fn verify_claim(
        &self,
        request: Request<VerifyClaimRequest>,
    ) -> Result<Response<VerifyClaimResponse>, Status> {
        let code = request.into_inner().verification_code;
        let mut claims = self
            .device()?
            .claims
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let verdict = claims.verify(&code, Instant::now());
        Ok(Response::new(VerifyClaimResponse {
            accepted: verdict.accepted,
            retry_after_s: verdict.retry_after_s,
        }))
    }

    async fn verify_user(
        &self,
        request: Request<VerifyUserRequest>,
    ) -> Result<Response<VerifyUserResponse>, Status> {
        let device = self.device()?;
        let VerifyUserRequest {
            user_name,
            password,
        } = request.into_inner();
        let verified = device.sign_in.verify(user_name, Zeroizing::new(password));
        Ok(Response::new(verified.await?))
    }

    async fn probe_uplink(
        &self,
        request: Request<ProbeUplinkRequest>,
    ) -> Result<Response<Self::ProbeUplinkStream>, Status> {
        let device = self.device()?;
        let bytes = request.into_inner().bytes;
        let filler = device.probes.start(bytes, device.shutdown.clone())?;
        Ok(Response::new(Box::pin(filler)))
    }

    async fn snapshot(
        &self,
        request: Request<SnapshotRequest>,
    ) -> Result<Response<SnapshotResponse>, Status> {
        let device = self.device()?;
        let (at, channel) = device.channel(request.into_inner().channel)?;
        Ok(Response::new(device.snapshots.take(at, channel).await?))
    }
}

fn permit(of: &Arc<Semaphore>) -> Result<tokio::sync::OwnedSemaphorePermit, Status> {
    let full = |_| Status::resource_exhausted("the device serves as many streams as it can");
    Arc::clone(of).try_acquire_owned().map_err(full)
}

/// All channels as they are now, then each one as it changes. A slow reader misses what lies
/// between, never the newest.
fn changes(
    board: watch::Receiver<Vec<crate::camera::state::ChannelStatus>>,
) -> impl Stream<Item = WatchEventsResponse> {
    let start = (board, Vec::new(), true);
    futures::stream::unfold(start, |(mut board, mut known, first)| async move {
        if !first {
            board.changed().await.ok()?;
        }
        let now = board.borrow_and_update().clone();
        let changed = now
            .iter()
            .enumerate()
            .filter(|(at, c)| known.get(*at) != Some(*c));
        let events: Vec<_> = changed
            .map(|(_, channel)| WatchEventsResponse {
                event: Some(Event::Channel(channel.to_proto())),
            })
            .collect();
        known = now;
        Some((futures::stream::iter(events), (board, known, false)))
    })
    .flatten()
}
