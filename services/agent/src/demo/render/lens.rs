//! From a place in the world to a pixel, and back.

use super::math::{Pose, V, v};
use super::shape::Ray;

/// How much a wide lens draws straight lines near the edge into barrels.
const BARREL: f32 = 0.10;
/// Rounds of a fixed-point iteration that ends within a hundredth of a pixel.
const ROUNDS: usize = 5;

/// A camera's place, direction and opening.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lens {
    pose: Pose,
    /// Half the width of what it sees at distance 1.
    opening: f32,
    /// Half the width and height of the picture, pixels.
    half: (f32, f32),
}

impl Lens {
    /// Looks from `eye` to `target`; `opening` is half the width of the view at distance 1.
    pub(crate) fn new(eye: V, target: V, opening: f32) -> Self {
        Self {
            pose: Pose::look(eye, target),
            opening,
            half: (1.0, 1.0),
        }
    }

    /// The same view as a picture of this size.
    pub(crate) fn sized(self, width: usize, height: usize) -> Self {
        Self {
            half: (width as f32 / 2.0, height as f32 / 2.0),
            ..self
        }
    }

    pub(crate) fn eye(&self) -> V {
        self.pose.origin()
    }

    /// The ray of a point of the picture, pixels from the top left corner. Its length 1 is one
    /// metre away from the camera along the view.
    #[inline]
    pub(crate) fn ray(&self, x: f32, y: f32) -> Ray {
        let (x, y) = (
            (x - self.half.0) / self.half.0,
            (self.half.1 - y) / self.half.0,
        );
        let k = self.opening * (1.0 + BARREL * (x * x + y * y));
        Ray {
            from: self.pose.origin(),
            to: self.pose.turn(v(x * k, y * k, 1.0)),
        }
    }

    /// Where a place is seen, pixels from the top left corner; nothing if it is behind.
    pub(crate) fn pixel(&self, place: V) -> Option<(f32, f32)> {
        let at = self.pose.place_back(place);
        if at.z < 0.1 {
            return None;
        }
        let (x, y) = (at.x / at.z / self.opening, at.y / at.z / self.opening);
        let (mut bent_x, mut bent_y) = (x, y);
        for _ in 0..ROUNDS {
            let k = 1.0 + BARREL * (bent_x * bent_x + bent_y * bent_y);
            (bent_x, bent_y) = (x / k, y / k);
        }
        Some((
            (1.0 + bent_x) * self.half.0,
            self.half.1 - bent_y * self.half.0,
        ))
    }

    /// Pixels of the picture, as `(left, top, right, bottom)`, right and bottom exclusive, that
    /// the box may cover. Empty when it is out of view.
    pub(crate) fn cover(&self, low: V, high: V) -> Area {
        let (width, height) = (self.half.0 * 2.0, self.half.1 * 2.0);
        let (mut left, mut top, mut right, mut bottom) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for corner in 0..8 {
            let pick = |bit: usize, low: f32, high: f32| if corner & bit == 0 { low } else { high };
            let place = v(
                pick(1, low.x, high.x),
                pick(2, low.y, high.y),
                pick(4, low.z, high.z),
            );
            let Some((x, y)) = self.pixel(place) else {
                return Area {
                    left: 0,
                    top: 0,
                    right: 0,
                    bottom: 0,
                };
            };
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        Area {
            left: (left - 1.0).clamp(0.0, width) as usize,
            top: (top - 1.0).clamp(0.0, height) as usize,
            right: (right + 2.0).clamp(0.0, width) as usize,
            bottom: (bottom + 2.0).clamp(0.0, height) as usize,
        }
    }
}

/// A rectangle of pixels; right and bottom are the first ones outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl Area {
    pub(crate) fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// The smallest that holds both.
    pub(crate) fn with(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Widened to whole blocks of 2x2 pixels.
    pub(crate) fn even(self) -> Self {
        Self {
            left: self.left & !1,
            top: self.top & !1,
            right: self.right.next_multiple_of(2),
            bottom: self.bottom.next_multiple_of(2),
        }
    }
}
