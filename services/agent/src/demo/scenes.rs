//! The four places, and what happens there.

mod back_yard;
mod car_park;
mod front_gate;
mod warehouse;

use super::picture::Picture;
use super::render::stage::Stage;
use super::render::still::Place;

/// One place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    /// All that stands still.
    pub(super) place: fn() -> Place,
    /// Draws everything as it is at a time, seconds since the Unix epoch.
    pub(super) draw: fn(&mut Stage, &mut Picture, f64),
}

/// In the order of their channels.
pub(super) const ALL: [Scene; 4] = [
    front_gate::SCENE,
    car_park::SCENE,
    warehouse::SCENE,
    back_yard::SCENE,
];

/// Time within a scene's cycle, which starts at a whole multiple of `cycle` seconds.
fn within(cycle: f64, seconds: f64) -> f32 {
    seconds.rem_euclid(cycle) as f32
}
