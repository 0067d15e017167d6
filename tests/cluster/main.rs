//! The frame path as a whole: device, edge, viewers, with what can go wrong between them.

#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails should fail it there"
)]

mod admission;
mod claim_race;
mod crash;
mod hostile_device;
mod metrics;
mod operator;
mod outages;
mod policies;
mod real_camera;
mod scenarios;
mod sharing;
mod slow_viewer;
mod stock_client;
#[path = "../../services/agent/tests/uplink/thin_link.rs"]
mod thin_link;
mod watching;
mod weak_links;
