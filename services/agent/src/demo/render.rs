//! How a scene becomes a picture.
//!
//! Everything that stands still is ray-traced once, when somebody first watches ([`still`]); what
//! moves is traced anew in every picture, where it is seen ([`moving`]). Both use the same forms,
//! the same light and the same lens, so that they fit each other.

pub(super) mod figure;
pub(super) mod finish;
pub(super) mod glow;
pub(super) mod grade;
pub(super) mod lens;
pub(super) mod light;
pub(super) mod math;
mod moving;
pub(super) mod path;
pub(super) mod plant;
mod shadow;
pub(super) mod shape;
pub(super) mod stage;
pub(super) mod still;
pub(super) mod thing;
pub(super) mod warp;
pub(super) mod world;
