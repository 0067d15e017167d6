//! The way from the registry to the edge of the same process.

use std::sync::OnceLock;

use sightline_coord::EdgeId;
use sightline_registry::EdgeCalls;
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;

/// Set once the edge has started: registry and edge need each other, and the registry comes first.
#[derive(Debug, Default)]
pub(crate) struct LocalEdge(OnceLock<(EdgeId, Channel)>);

impl LocalEdge {
    pub(crate) fn set(&self, id: EdgeId, calls: Channel) {
        // There is one edge in a process.
        let _ = self.0.set((id, calls));
    }
}

impl EdgeCalls for LocalEdge {
    fn for_edge(&self, edge: &EdgeId) -> Option<DeviceCallsClient<Channel>> {
        let (id, calls) = self.0.get()?;
        (id == edge).then(|| DeviceCallsClient::new(calls.clone()))
    }
}
