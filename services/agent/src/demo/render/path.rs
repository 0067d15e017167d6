//! A way on the ground that something follows.

use super::math::{V, v};

/// A smooth curve through places of the ground, one after another in equal times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a>(pub(crate) &'a [(f32, f32)]);

impl Path<'_> {
    /// Where it is after `part` of the whole time, 0..1.
    pub(crate) fn at(&self, part: f32) -> V {
        let last = self.0.len() - 1;
        let time = part.clamp(0.0, 1.0) * last as f32;
        let leg = (time as usize).min(last.saturating_sub(1));
        let u = time - leg as f32;
        let point = |offset: usize| {
            let (x, z) = self.0[(leg + offset).saturating_sub(1).min(last)];
            v(x, 0.0, z)
        };
        // Catmull-Rom.
        let (a, b, c, d) = (point(0), point(1), point(2), point(3));
        let slope = (c - a) * 0.5;
        let next = (d - b) * 0.5;
        let (u2, u3) = (u * u, u * u * u);
        b * (2.0 * u3 - 3.0 * u2 + 1.0)
            + slope * (u3 - 2.0 * u2 + u)
            + c * (3.0 * u2 - 2.0 * u3)
            + next * (u3 - u2)
    }

    /// Where it is headed then, radians from z towards x.
    pub(crate) fn heading(&self, part: f32) -> f32 {
        const STEP: f32 = 0.004;
        let part = part.clamp(STEP, 1.0 - STEP);
        let way = self.at(part + STEP) - self.at(part - STEP);
        way.x.atan2(way.z)
    }

    /// How far it has come, metres.
    pub(crate) fn walked(&self, part: f32) -> f32 {
        const STEPS: usize = 24;
        let step = part.clamp(0.0, 1.0) / STEPS as f32;
        let leg =
            |at: usize| (self.at(step * (at + 1) as f32) - self.at(step * at as f32)).length();
        (0..STEPS).map(leg).sum()
    }
}
