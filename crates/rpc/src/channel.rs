//! The way to a service: in this process, or over the network.

use std::convert::Infallible;

use tonic::Status;
use tonic::body::Body;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

/// Under every generated client. Cheap to clone.
pub type Channel = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

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
