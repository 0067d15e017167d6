//! The edge put together: what its parts share, how it starts and how it drains.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use opentelemetry::metrics::Meter;
use sightline_base::clock::Clock;
use sightline_base::tls;
use sightline_coord::{Coordinator, EdgeId, EdgeInfo, Membership};
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::device_calls_server::DeviceCallsServer;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::live::v1::EndReason;
use sightline_rpc::token::Verifier;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arbiters::Arbiters;
use crate::calls::Calls;
use crate::config::Config;
use crate::directory::Directory;
use crate::error::End;
use crate::fence::fence;
use crate::live;
use crate::metrics::Metrics;
use crate::session::Finish;
use crate::sign_ins::SignIns;
use crate::uplink;

/// Sessions get this long to say good-bye when the edge drains.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Between looks at whether the last session has gone.
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// An edge that cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The listener for devices, or a thread.
    #[error("start the edge: {0}")]
    Io(#[from] std::io::Error),
    /// The certificate for devices.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The cluster did not take this edge in.
    #[error("join the cluster: {0}")]
    Join(#[from] sightline_coord::Error),
}

/// What an edge works with.
#[derive(Debug)]
pub struct Parts {
    /// Settings.
    pub config: Config,
    /// Who owns which device.
    pub coordinator: Arc<dyn Coordinator>,
    /// The registry, for reports.
    pub devices: Channel,
    /// Sharing, for grants.
    pub grants: Channel,
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Wall-clock time, for the end of tokens.
    pub clock: Arc<dyn Clock>,
    /// Where its metrics go.
    pub meter: Meter,
}

/// What every session, viewer and request of one edge shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) id: EdgeId,
    pub(crate) coordinator: Arc<dyn Coordinator>,
    pub(crate) devices: DevicesClient<Channel>,
    pub(crate) grants: GrantsClient<Channel>,
    pub(crate) verifier: Verifier,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) directory: Directory,
    pub(crate) sign_ins: SignIns,
    pub(crate) arbiters: Arbiters,
    pub(crate) draining: CancellationToken,
    /// Nothing has been heard of the owners of devices for too long: no session begins.
    pub(crate) unfenced: AtomicBool,
    /// Work that must be finished before the edge is gone, such as releasing claims.
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// A running edge.
#[derive(Debug)]
pub struct Edge {
    pub(crate) shared: Arc<Shared>,
    membership: Membership,
}

impl Edge {
    /// Joins the cluster; accepts no device yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let info = EdgeInfo {
            id: parts.config.name.parse()?,
            address: None,
        };
        let membership = parts.coordinator.join(info).await?;
        let shared = Arc::new(Shared {
            id: membership.edge().clone(),
            arbiters: Arbiters::start(parts.config.arbiters())?,
            config: parts.config,
            coordinator: parts.coordinator,
            devices: DevicesClient::new(parts.devices),
            grants: GrantsClient::new(parts.grants),
            verifier: parts.verifier,
            clock: parts.clock,
            metrics: Metrics::new(&parts.meter),
            directory: Directory::default(),
            sign_ins: SignIns::default(),
            draining: CancellationToken::new(),
            unfenced: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        });
        tokio::spawn(fence(Arc::clone(&shared)));
        tokio::spawn(follow_sign_ins(Arc::clone(&shared)));
        Ok(Self { shared, membership })
    }

    /// Accepts devices on the listener from now on.
    ///
    /// # Errors
    /// [`StartError`] when the certificate cannot be used or the listener has no address.
    pub fn accept_devices(
        &self,
        listener: TcpListener,
        identity: tls::Identity,
    ) -> Result<SocketAddr, StartError> {
        let address = listener.local_addr()?;
        let config = uplink::server_config(identity)?;
        tokio::spawn(uplink::accept(listener, config, Arc::clone(&self.shared)));
        Ok(address)
    }

    /// What viewers connect to: `Live` over gRPC, WebSockets, snapshots.
    pub fn router(&self) -> Router {
        live::router(&self.shared)
    }

    /// What the registry asks of connected devices.
    #[must_use]
    pub fn device_calls(&self) -> Channel {
        let calls = Calls(Arc::downgrade(&self.shared));
        sightline_rpc::channel::local(DeviceCallsServer::new(calls))
    }

    /// Ends all sessions with a word to their viewers, and gives the devices back.
    pub async fn drain(self) {
        self.shared.draining.cancel();
        let end = End::new(EndReason::Draining, "this node is restarting");
        for session in self.shared.directory.all() {
            session.do_send(Finish(end.clone()));
        }
        self.shared.tasks.close();
        let gone = async {
            while self.shared.metrics.devices.get() > 0 {
                tokio::time::sleep(DRAIN_POLL).await;
            }
            self.shared.tasks.wait().await;
        };
        if tokio::time::timeout(DRAIN_TIMEOUT, gone).await.is_err() {
            tracing::warn!(
                left = self.shared.metrics.devices.get(),
                "sessions cut at shutdown"
            );
        }
        drop(self.membership);
    }
}

async fn follow_sign_ins(edge: Arc<Shared>) {
    let ended = edge.verifier.ended_sessions();
    edge.sign_ins.follow(ended, &edge.draining).await;
}
