//! The session's conversations: with the coordinator, the device, the registry and sharing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{Addr, AsyncContext as _, Context, Message};
use sightline_coord::Epoch;
use sightline_domain::CloudId;
use sightline_rpc::device::v1 as device;
use sightline_rpc::internal::v1 as internal;
use tonic::Code;

use super::claim::Claim;
use super::description::ChannelChanged;
use super::{GrantsHeard, Session, Task};
use crate::edge::Shared;
use crate::permit::STALE_AFTER;
use crate::uplink::Tunnel;

/// Between attempts to reach the registry; the first is a quarter of it.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Changes within this time are reported together.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);

/// Why a device gets no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSession {
    #[error("nothing is heard of the owners of devices")]
    Unfenced,
    #[error("claim the device: {0}")]
    Claim(#[from] sightline_coord::Error),
    #[error("ask the device what it is: {0}")]
    Describe(#[from] tonic::Status),
    #[error("the device says that it is another one")]
    OtherDevice,
}

/// Something without which the session cannot go on has broken.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct LinkDown(pub(super) &'static str);

/// Claims the device, then asks it what it is, under the epoch of the claim.
pub(super) async fn establish(
    edge: Arc<Shared>,
    mut tunnel: Tunnel,
    id: CloudId,
) -> Result<(Claim, device::DescribeResponse), NoSession> {
    if edge.unfenced.load(Ordering::SeqCst) {
        return Err(NoSession::Unfenced);
    }
    let claim = Claim::make(&edge, id).await?;
    let request = device::DescribeRequest {
        epoch: claim.epoch().0,
        edge: edge.config.name.clone(),
    };
    let described = tunnel.client().describe(request).await?.into_inner();
    if described.cloud_id.parse() != Ok(id) {
        return Err(NoSession::OtherDevice);
    }
    Ok((claim, described))
}

impl Session {
    /// Hears grants for as long as the session lives; silence is noticed by the freshness check.
    pub(super) fn follow_grants(&self, ctx: &Context<Self>) -> Task {
        let (edge, device, session) = (Arc::clone(&self.edge), self.device, ctx.address());
        Task::start(ctx.address(), async move {
            let mut pause = Pause::default();
            loop {
                if let Err(error) = hear_grants(&edge, device, &session, &mut pause).await {
                    tracing::debug!(%device, %error, "watch grants");
                }
                pause.wait().await;
            }
        })
    }

    /// Hears what changes on the device. The session ends when the device stops telling.
    pub(super) fn follow_events(&self, ctx: &Context<Self>) -> Task {
        let (mut tunnel, session) = (self.tunnel.clone(), ctx.address());
        Task::start(ctx.address(), async move {
            let why = match tunnel
                .client()
                .watch_events(device::WatchEventsRequest {})
                .await
            {
                Ok(events) => hear_events(events.into_inner(), &session).await,
                Err(_) => "the device refused to tell of changes",
            };
            session.do_send(LinkDown(why));
        })
    }

    /// Tells the registry what the device is, now and after each change. One task does it, so that
    /// an older description never overtakes a newer one.
    pub(super) fn follow_description(&self, epoch: Epoch, ctx: &Context<Self>) -> Task {
        let (edge, device, session) = (Arc::clone(&self.edge), self.device, ctx.address());
        let mut description = self.description.subscribe();
        let mut uplink = self.uplink_bits_per_s.subscribe();
        Task::start(ctx.address(), async move {
            let mut pause = Pause::default();
            loop {
                let request = internal::ReportRequest {
                    device_id: device.to_string(),
                    epoch: epoch.0,
                    description: Some(description.borrow_and_update().clone()),
                    uplink_bits_per_s: *uplink.borrow_and_update(),
                };
                match edge.devices.clone().report(request).await {
                    Ok(_) => {
                        pause = Pause::default();
                        tokio::time::sleep(REPORT_INTERVAL).await;
                        let changed = tokio::select! {
                            changed = description.changed() => changed,
                            changed = uplink.changed() => changed,
                        };
                        if changed.is_err() {
                            return;
                        }
                    }
                    Err(status) if status.code() == Code::Aborted => {
                        return session.do_send(LinkDown("a newer session has reported"));
                    }
                    Err(status) if status.code() == Code::InvalidArgument => {
                        return session.do_send(LinkDown("the registry refused the device"));
                    }
                    Err(status) => {
                        tracing::debug!(%device, %status, "report the device");
                        pause.wait().await;
                    }
                }
            }
        })
    }
}

async fn hear_grants(
    edge: &Shared,
    device: CloudId,
    session: &Addr<Session>,
    pause: &mut Pause,
) -> Result<(), tonic::Status> {
    let request = internal::WatchDeviceRequest {
        device_id: device.to_string(),
    };
    let silent = |_| tonic::Status::deadline_exceeded("nothing was heard of grants");
    // A stream that hangs is opened anew, and so is one that was not answered.
    let mut client = edge.grants.clone();
    let mut news = tokio::time::timeout(STALE_AFTER, client.watch_device(request))
        .await
        .map_err(silent)??
        .into_inner();
    while let Some(news) = tokio::time::timeout(STALE_AFTER, news.message())
        .await
        .map_err(silent)??
    {
        *pause = Pause::default();
        if session.send(GrantsHeard(news)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn hear_events(
    mut events: tonic::Streaming<device::WatchEventsResponse>,
    session: &Addr<Session>,
) -> &'static str {
    loop {
        match events.message().await {
            Ok(Some(device::WatchEventsResponse { event: Some(event) })) => {
                let device::watch_events_response::Event::Channel(channel) = event;
                if session.send(ChannelChanged(channel)).await.is_err() {
                    return "the session is over";
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return "the device stopped telling of changes",
            Err(_) => return "the device broke off telling of changes",
        }
    }
}

/// Doubles from try to try, up to [`RETRY_MAX`].
#[derive(Debug)]
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(RETRY_MAX / 16)
    }
}

impl Pause {
    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(RETRY_MAX);
    }
}
