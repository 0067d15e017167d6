//! What the device serves to the edge: `sightline.device.v1.Device`.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use sightline_domain::VerificationCode;
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::device::v1::{self as device, LiveResponse, device_server};
use sightline_rpc::live::v1::StreamKind;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::fault::{Fault, Sent};
use super::{ADMINISTRATOR, Calls, Synthetic, VIEWER};
use crate::stream::Frames;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A device on one connection.
#[derive(Clone)]
pub(super) struct Service(pub(super) Arc<Synthetic>);

impl Service {
    fn description(&self) -> device::DescribeResponse {
        let device = &self.0;
        let cloud_id = match device.fault {
            Some((Fault::ForeignCloudId(other), _)) => other,
            _ => device.cloud_id,
        };
        let channel = |number| device::Channel {
            number,
            name: format!("Channel {number}"),
            state: device::ChannelState::Idle.into(),
            streams: vec![device::ChannelStream {
                kind: StreamKind::Main.into(),
                tracks: Frames::started().tracks,
            }],
            ..device::Channel::default()
        };
        device::DescribeResponse {
            cloud_id: cloud_id.to_string(),
            kind: device::DeviceKind::Nvr.into(),
            vendor: "Sightline".to_owned(),
            model: "Synthetic".to_owned(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            time_zone: device.time_zone.clone(),
            has_storage: true,
            channels: (1..=device.channels).map(channel).collect(),
        }
    }
}

#[tonic::async_trait]
impl device_server::Device for Service {
    type WatchEventsStream = Answers<device::WatchEventsResponse>;
    type LiveStream = Answers<LiveResponse>;
    type ProbeUplinkStream = Answers<device::ProbeUplinkResponse>;

    async fn describe(
        &self,
        _: Request<device::DescribeRequest>,
    ) -> Result<Response<device::DescribeResponse>, Status> {
        Ok(Response::new(self.description()))
    }

    async fn watch_events(
        &self,
        _: Request<device::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        // Nothing ever changes here.
        Ok(Response::new(Box::pin(futures::stream::pending())))
    }

    async fn live(
        &self,
        request: Request<device::LiveRequest>,
    ) -> Result<Response<Self::LiveStream>, Status> {
        let channel = request.into_inner().channel;
        if !(1..=self.0.channels).contains(&channel) {
            return Err(Status::not_found("no such channel"));
        }
        Ok(Response::new(Box::pin(live(&self.0, channel))))
    }

    async fn verify_claim(
        &self,
        request: Request<device::VerifyClaimRequest>,
    ) -> Result<Response<device::VerifyClaimResponse>, Status> {
        let code = request.into_inner().verification_code;
        let accepted = code
            .parse::<VerificationCode>()
            .is_ok_and(|code| self.0.code.matches(&code));
        Ok(Response::new(device::VerifyClaimResponse {
            accepted,
            retry_after_s: 0,
        }))
    }

    async fn verify_user(
        &self,
        request: Request<device::VerifyUserRequest>,
    ) -> Result<Response<device::VerifyUserResponse>, Status> {
        let device::VerifyUserRequest {
            user_name,
            password,
        } = request.into_inner();
        let given = (user_name.as_str(), password.as_str());
        Ok(Response::new(device::VerifyUserResponse {
            accepted: given == ADMINISTRATOR || given == VIEWER,
            administrator: given == ADMINISTRATOR,
            retry_after_s: 0,
        }))
    }

    async fn probe_uplink(
        &self,
        _: Request<device::ProbeUplinkRequest>,
    ) -> Result<Response<Self::ProbeUplinkStream>, Status> {
        // What goes over loopback says nothing of a link, and a load test measures other things.
        Err(Status::unimplemented("this device is not measured"))
    }

    async fn snapshot(
        &self,
        _: Request<device::SnapshotRequest>,
    ) -> Result<Response<device::SnapshotResponse>, Status> {
        let jpeg = self.0.snapshot.clone();
        jpeg.map_or_else(
            || Err(Status::unimplemented("this device has no pictures")),
            |jpeg| {
                Ok(Response::new(device::SnapshotResponse {
                    jpeg,
                    taken_at_unix_ms: 0,
                }))
            },
        )
    }
}

/// One call of `Live`: what was sent last, and when it began.
struct Live {
    frames: Frames,
    fault: Option<(Fault, u64)>,
    began: Instant,
    next: u64,
    _counted: Calls,
}

/// Tracks first, then each frame at its time.
fn live(
    device: &Synthetic,
    channel: u32,
) -> impl Stream<Item = Result<LiveResponse, Status>> + use<> {
    let live = Live {
        frames: device.frames.clone(),
        fault: device.fault.filter(|_| channel == 1),
        began: Instant::now(),
        next: 0,
        _counted: Calls::enter(&device.live_calls),
    };
    let started = LiveResponse {
        event: Some(Event::Started(Frames::started())),
    };
    let frames = futures::stream::unfold(live, |mut live| async move {
        let event = Some(live.event().await?);
        Some((Ok(LiveResponse { event }), live))
    });
    futures::StreamExt::chain(futures::stream::iter([Ok(started)]), frames)
}

impl Live {
    async fn event(&mut self) -> Option<Event> {
        let n = self.next;
        self.next += 1;
        let shape = self.frames.shape();
        // From the beginning, so that late frames do not delay those after them.
        let after_us = n * 1_000_000 / u64::from(shape.rate);
        tokio::time::sleep_until(self.began + std::time::Duration::from_micros(after_us)).await;
        let frame = self.frames.frame(n);
        match self.fault {
            Some((fault, at)) if at == n => match fault.instead_of(frame) {
                Sent::Event(event) => Some(event),
                Sent::Nothing => std::future::pending().await,
                Sent::End => None,
            },
            _ => Some(Event::Frame(frame)),
        }
    }
}
