//! The way to a service: in this process, or over the network.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use tonic::Status;
use tonic::body::Body;
use tower::util::{BoxCloneSyncService, BoxCloneSyncServiceLayer};
use tower::{Service, ServiceExt as _};

/// Under every generated client. Cheap to clone.
pub type Channel = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// What is put around a channel: it sees each call, and may hold it up.
pub type Wrap =
    BoxCloneSyncServiceLayer<Channel, http::Request<Body>, http::Response<Body>, Status>;

/// A channel to a service in this process. Messages are encoded and decoded as on a network, so
/// that a call behaves the same in both cases; the frame path never goes this way.
pub fn local<S>(service: S) -> Channel
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    BoxCloneSyncService::new(service.map_err(|never| match never {}))
}

/// A channel to a service that starts later, for services that need each other. Before
/// [`Later::set`] and after [`Later::clear`], calls are answered with UNAVAILABLE.
#[must_use]
pub fn later() -> (Later, Channel) {
    let later = Later(Arc::default());
    let target = Arc::clone(&later.0);
    let channel = tower::service_fn(move |request: http::Request<Body>| {
        let target = target
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        async move {
            match target {
                Some(channel) => channel.oneshot(request).await,
                None => Err(Status::unavailable("the service is not running")),
            }
        }
    });
    (later, BoxCloneSyncService::new(channel))
}

/// Where a channel from [`later`] leads, once it is known.
#[derive(Debug, Clone)]
pub struct Later(Arc<RwLock<Option<Channel>>>);

impl Later {
    /// Says where it leads.
    pub fn set(&self, channel: Channel) {
        *self.target() = Some(channel);
    }

    /// Leads nowhere any more: services that hold each other are let go by this.
    pub fn clear(&self) {
        *self.target() = None;
    }

    fn target(&self) -> RwLockWriteGuard<'_, Option<Channel>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
