//! Leaves in the wind and waves on water: the still picture, pulled about a little.

use super::lens::Area;
use super::math::V;
use super::stage::Stage;
use crate::demo::picture::Picture;

/// Redraws part of what stands still; `shift` tells for a pixel where, in pixels from it, its
/// colour is taken from, and by what it is multiplied. None leaves the pixel as it is.
pub(crate) fn warp(
    stage: &Stage,
    picture: &mut Picture,
    area: Area,
    shift: impl Fn(usize, usize) -> Option<(f32, f32, f32)>,
) {
    let (width, height) = (picture.width, picture.height);
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            let Some((dx, dy, level)) = shift(x, y) else {
                continue;
            };
            let from = (x as f32 + dx, y as f32 + dy);
            let luma = between(&stage.base.y, (width, height), from) - 16.0;
            picture.y[y * width + x] = (luma * level + 16.5).clamp(16.0, 235.0) as u8;
            if x % 2 == 0 && y % 2 == 0 {
                let block = y / 2 * (width / 2) + x / 2;
                let (size, from) = ((width / 2, height / 2), (from.0 / 2.0, from.1 / 2.0));
                picture.u[block] = (between(&stage.base.u, size, from) + 0.5) as u8;
                picture.v[block] = (between(&stage.base.v, size, from) + 0.5) as u8;
            }
        }
    }
}

/// A value between the middles of four.
fn between(plane: &[u8], (width, height): (usize, usize), (x, y): (f32, f32)) -> f32 {
    let (x, y) = (
        x.clamp(0.0, (width - 2) as f32),
        y.clamp(0.0, (height - 2) as f32),
    );
    let (column, row) = (x as usize, y as usize);
    let (part_x, part_y) = (x - column as f32, y - row as f32);
    let line = |row: usize| {
        let (from, to) = (plane[row * width + column], plane[row * width + column + 1]);
        f32::from(from) + (f32::from(to) - f32::from(from)) * part_x
    };
    line(row) + (line(row + 1) - line(row)) * part_y
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
    let area = lens.cover(centre - reach, centre + reach);
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
