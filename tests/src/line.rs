//! A line between two services of a node, which a test can cut.

use futures::stream::unfold;
use http_body_util::{BodyExt as _, StreamBody};
use sightline_rpc::Channel;
use sightline_rpc::channel::Wrap;
use tokio::sync::watch;
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt as _;

/// Cut or not. While it is cut, nothing is answered and no stream tells anything, and nothing is
/// broken off either: neither side can tell it from a peer that is slow. What was under way when it
/// was cut, or began while it was, stays silent for good.
#[derive(Debug, Clone, Default)]
pub struct Line(watch::Sender<bool>);

impl Line {
    /// Cuts it.
    pub fn cut(&self) {
        self.0.send_replace(true);
    }

    /// Carries again what begins from now on.
    pub fn mend(&self) {
        self.0.send_replace(false);
    }

    /// What puts it around a channel.
    #[must_use]
    pub fn wrap(&self) -> Wrap {
        let line = self.clone();
        Wrap::new(tower::layer::layer_fn(move |channel: Channel| {
            let line = line.clone();
            tower::service_fn(move |request| line.clone().carry(channel.clone(), request))
        }))
    }

    async fn carry(
        self,
        channel: Channel,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, Status> {
        self.stand().await;
        let answer = channel.oneshot(request).await?;
        self.stand().await;
        let (head, body) = answer.into_parts();
        let parts = unfold((self, body), async |(line, mut body)| {
            let part = body.frame().await?;
            line.stand().await;
            Some((part, (line, body)))
        });
        let body = Body::new(StreamBody::new(Box::pin(parts)));
        Ok(http::Response::from_parts(head, body))
    }

    /// Never returns when it is cut.
    async fn stand(&self) {
        if *self.0.borrow() {
            std::future::pending().await
        }
    }
}
