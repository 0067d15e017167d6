//! The way from a device's owner edge to the device.

use std::fmt;

use sightline_coord::EdgeId;
use sightline_rpc::Channel;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;

/// Finds the edges that devices are connected to.
pub trait EdgeCalls: Send + Sync + fmt::Debug + 'static {
    /// Asks questions to the devices of an edge; `None` when the edge is not known here.
    fn for_edge(&self, edge: &EdgeId) -> Option<DeviceCallsClient<Channel>>;
}
