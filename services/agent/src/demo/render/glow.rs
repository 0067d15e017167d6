//! Light that the still picture does not know of: lamps that dazzle, and what headlights fall on.

use super::lens::Area;
use super::math::{Pose, V, ease, v};
use super::stage::Stage;
use crate::demo::picture::{BLACK, Picture, WHITE};

/// How far headlights reach, metres.
const REACH: f32 = 16.0;

/// A bright spot with a halo, as a lens draws it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glare {
    pub(crate) at: V,
    /// Share of the picture's width.
    pub(crate) radius: f32,
    /// Share of white, in the middle.
    pub(crate) level: f32,
}

impl Glare {
    pub(crate) fn draw(&self, stage: &Stage, picture: &mut Picture) {
        let lens = stage.lens();
        let Some((centre_x, centre_y)) = lens.pixel(self.at) else {
            return;
        };
        let radius = self.radius * picture.width as f32;
        let clip = |from: f32, limit: usize| from.clamp(0.0, limit as f32) as usize;
        let area = Area {
            left: clip(centre_x - radius, picture.width),
            top: clip(centre_y - radius, picture.height),
            right: clip(centre_x + radius, picture.width),
            bottom: clip(centre_y + radius, picture.height),
        };
        if area.is_empty() {
            return;
        }
        let middle =
            clip(centre_y, picture.height - 1) * picture.width + clip(centre_x, picture.width - 1);
        let ray = lens.ray(centre_x, centre_y);
        let distance = (self.at - ray.from).length() / ray.to.length();
        if stage.depth[middle] < distance - 0.6 {
            return;
        }
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let (dx, dy) = (x as f32 + 0.5 - centre_x, y as f32 + 0.5 - centre_y);
                let far = (dx * dx + dy * dy).sqrt() / radius;
                let halo = (1.0 - far).max(0.0);
                let core = ease(0.34, 0.06, far);
                let light = self.level * (0.5 * halo * halo * halo + core * core);
                lighten(&mut picture.y[y * picture.width + x], light * 219.0);
            }
        }
    }
}

fn lighten(luma: &mut u8, by: f32) {
    *luma = (f32::from(*luma) + by).min(f32::from(WHITE)) as u8;
}

/// Brightens what lies before a car at `foot`, headed `heading` radians from z towards x.
pub(crate) fn headlights(stage: &Stage, picture: &mut Picture, foot: V, heading: f32) {
    let pose = Pose::at(foot, heading);
    let corners = [(-3.5, 1.8), (3.5, 1.8), (-3.5, REACH), (3.5, REACH)];
    let (mut low, mut high) = (v(f32::MAX, 0.0, f32::MAX), v(f32::MIN, 1.0, f32::MIN));
    for (x, z) in corners {
        let corner = pose.place(v(x, 0.0, z));
        low = low.min(v(corner.x, 0.0, corner.z));
        high = high.max(v(corner.x, 1.0, corner.z));
    }
    low.z = low.z.max(stage.lens().eye().z + 2.5);
    let area = stage.lens().cover(low, high);
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            let pixel = y * picture.width + x;
            let ray = stage.lens().ray(x as f32 + 0.5, y as f32 + 0.5);
            let at = pose.place_back(ray.at(stage.depth[pixel]));
            if at.z < 1.8 || at.z > REACH || at.y > 1.5 {
                continue;
            }
            let width = 0.8 + 0.2 * at.z;
            let across = (at.x / width) * (at.x / width);
            let fade = ease(1.8, 4.0, at.z) * ease(REACH, 5.0, at.z) * ease(1.5, 0.6, at.y);
            let gain = 1.7 * fade / (1.0 + across * across);
            let luma = &mut picture.y[pixel];
            let under = f32::from(luma.saturating_sub(BLACK)) + 6.0;
            lighten(luma, under * gain);
        }
    }
}
