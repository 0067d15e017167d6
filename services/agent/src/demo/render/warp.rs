//! Leaves in the wind and waves on water: the still picture, pulled about a little.

use super::lens::Area;
use super::math::V;
use super::stage::Stage;
use crate::demo::picture::{BLACK, Picture, WHITE};

/// Steps between two pixels at which colours are taken.
const STEPS: i32 = 16;

/// Redraws part of what stands still; `shift` tells for a block of 2x2 pixels where, in pixels from
/// it, its colours are taken from, and by what they are multiplied. None leaves the block as it is.
pub(crate) fn warp(
    stage: &Stage,
    picture: &mut Picture,
    area: Area,
    shift: impl Fn(usize, usize) -> Option<(f32, f32, f32)>,
) {
    let (width, height) = (picture.width, picture.height);
    for top in (area.top..area.bottom).step_by(2) {
        for left in (area.left..area.right).step_by(2) {
            let Some((dx, dy, level)) = shift(left, top) else {
                continue;
            };
            let level = (level * 256.0) as i32;
            let steps = |shift: f32| (shift * STEPS as f32).round() as i32;
            let from = (steps(dx), steps(dy));
            for (x, y) in [
                (left, top),
                (left + 1, top),
                (left, top + 1),
                (left + 1, top + 1),
            ] {
                let luma = between(&stage.base.y, (width, height), (x, y), from);
                let black = i32::from(BLACK);
                let luma = black + (((luma - black) * level) >> 8);
                picture.y[y * width + x] = luma.clamp(black, i32::from(WHITE)) as u8;
            }
            let (size, at) = ((width / 2, height / 2), (left / 2, top / 2));
            let from = (from.0 / 2, from.1 / 2);
            let block = at.1 * size.0 + at.0;
            picture.u[block] = between(&stage.base.u, size, at, from) as u8;
            picture.v[block] = between(&stage.base.v, size, at, from) as u8;
        }
    }
}

/// A value between the middles of four, at some steps from a pixel.
#[inline]
fn between(plane: &[u8], size: (usize, usize), at: (usize, usize), steps: (i32, i32)) -> i32 {
    let place = |at: usize, steps: i32, size: usize| {
        (at as i32 * STEPS + steps).clamp(0, (size as i32 - 2) * STEPS)
    };
    let (x, y) = (place(at.0, steps.0, size.0), place(at.1, steps.1, size.1));
    let (part_x, part_y) = (x % STEPS, y % STEPS);
    let corner = (y / STEPS) as usize * size.0 + (x / STEPS) as usize;
    let line = |at: usize| {
        let (from, to) = (i32::from(plane[at]), i32::from(plane[at + 1]));
        from * STEPS + (to - from) * part_x
    };
    let (upper, lower) = (line(corner), line(corner + size.0));
    (upper * STEPS + (lower - upper) * part_y + STEPS * STEPS / 2) / (STEPS * STEPS)
}

/// Sways the crown of a tree around `centre`, `radius` metres wide; what stands behind it moves
/// along, too little to be seen.
pub(crate) fn sway(stage: &Stage, picture: &mut Picture, centre: V, radius: f32, seconds: f64) {
    let lens = stage.lens();
    let reach = V {
        x: radius,
        y: radius,
        z: 0.0,
    };
    let area = lens.cover(centre - reach, centre + reach).even();
    if area.is_empty() {
        return;
    }
    let size = (
        (area.right - area.left) as f32 / 2.0,
        (area.bottom - area.top) as f32 / 2.0,
    );
    let middle = (area.left as f32 + size.0, area.top as f32 + size.1);
    // Whole periods of all the waves fit into this time, so that the phase stays exact.
    let t = seconds.rem_euclid(628.318_530_717_958_6) as f32;
    let gust = 0.55 + 0.45 * (t * 0.31).sin() * (t * 0.13).sin();
    let pull = size.0 * 0.028 * gust;
    // Waves that run along a slant are made of what changes with the column and with the row.
    let column = |x: usize| {
        let u = (x as f32 - middle.0) / size.0;
        (
            u,
            (t * 3.3 + u * 6.0).sin_cos(),
            (t * 2.6 + u * 5.0).sin() * 0.25,
        )
    };
    let row = |y: usize| {
        let w = (y as f32 - middle.1) / size.1;
        (w, (w * 4.0).sin_cos(), (t * 1.4 + w * 1.5).sin() * 0.7)
    };
    let columns: Vec<_> = (area.left..area.right).map(column).collect();
    let rows: Vec<_> = (area.top..area.bottom).map(row).collect();
    warp(stage, picture, area, |x, y| {
        let (u, (sin_u, cos_u), bob) = columns[x - area.left];
        let (w, (sin_w, cos_w), wave) = rows[y - area.top];
        let inside = 1.0 - u * u - w * w;
        if inside <= 0.0 {
            return None;
        }
        let strength = inside * (2.0 - inside) * pull;
        let wave = wave + (sin_u * cos_w + cos_u * sin_w) * 0.35;
        Some((strength * wave, strength * bob, 1.0))
    });
}
