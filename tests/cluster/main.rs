//! The frame path as a whole: device, edge, viewers, with what can go wrong between them.

mod admission;
mod hostile_device;
mod outages;
mod real_camera;
mod slow_viewer;
mod watching;
