//! Shadows of what moves, on the ground.

use super::lens::{Area, Lens};
use super::math::{V, grey, v};
use super::shape::{Ray, UP};
use super::still::Still;
use super::thing::Thing;
use crate::demo::picture::{BLACK, NEUTRAL, Picture};

/// Cells of a shadow's map along each axis.
const CELLS: usize = 28;
/// Only what lies this near the ground takes a moving thing's shadow, metres.
const GROUND: f32 = 0.12;
/// Share of light that is left right under a thing that keeps the sky off.
const UNDER: f32 = 0.45;

/// Darkens the ground where things keep off the sun and the sky.
pub(super) fn cast(still: &Still, things: &[Thing], picture: &mut Picture) {
    let lens = &still.place.lens;
    if let Some(sun) = still.place.rig.sun
        && let Some(map) = ShadowMap::new(things, sun.toward, lens)
    {
        map.apply(still, picture, |pixel| {
            f32::from(still.shade[pixel]) / 255.0
        });
    }
    if let Some(map) = ShadowMap::new(things, UP, lens) {
        map.apply(still, picture, |_| UNDER);
    }
}

/// Each cell mixed with the ones around it; the outermost ones are left empty.
fn blurred(sharp: &[[f32; CELLS]; CELLS]) -> [[f32; CELLS]; CELLS] {
    let cell = |row: usize, column: usize| {
        let line =
            |row: usize| sharp[row][column - 1] + sharp[row][column] * 2.0 + sharp[row][column + 1];
        (line(row - 1) + line(row) * 2.0 + line(row + 1)) / 16.0
    };
    let inner = 1..CELLS - 1;
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            if inner.contains(&row) && inner.contains(&column) {
                cell(row, column)
            } else {
                0.0
            }
        })
    })
}

/// Where the ground is shaded, seen from above.
struct ShadowMap {
    low: V,
    cell: V,
    /// Pixels that show this part of the ground.
    area: Area,
    shaded: [[f32; CELLS]; CELLS],
}

impl ShadowMap {
    /// The shadow away from a light; nothing if it is out of view.
    fn new(things: &[Thing], toward: V, lens: &Lens) -> Option<Self> {
        let (mut low, mut high) = (grey(f32::MAX), grey(f32::MIN));
        for thing in things {
            let (thing_low, thing_high) = thing.bounds();
            for top in [thing_low.y.max(0.0), thing_high.y.max(0.0)] {
                let shift = toward * (top / toward.y);
                low = low.min(thing_low - shift);
                high = high.max(thing_high - shift);
            }
        }
        // One free cell around, so that the shadow fades within the map.
        let cell = (high - low) * (1.0 / (CELLS - 4) as f32);
        let low = low - cell * 2.0;
        let ground = v(1.0, 0.0, 1.0);
        let area = lens
            .cover(low.times(ground), (low + cell * CELLS as f32).times(ground))
            .even();
        if area.is_empty() {
            return None;
        }
        let mut sharp = [[0.0; CELLS]; CELLS];
        for (row, line) in sharp.iter_mut().enumerate() {
            for (column, shaded) in line.iter_mut().enumerate() {
                let x = low.x + cell.x * (column as f32 + 0.5);
                let z = low.z + cell.z * (row as f32 + 0.5);
                let ray = Ray {
                    from: v(x, 0.0, z),
                    to: toward,
                };
                if things
                    .iter()
                    .any(|thing| thing.meet(&ray, f32::MAX).is_some())
                {
                    *shaded = 1.0;
                }
            }
        }
        Some(Self {
            low,
            cell,
            area,
            shaded: blurred(&sharp),
        })
    }

    /// Darkens the picture; `left` gives the share of light that is left of a pixel in full shade.
    fn apply(&self, still: &Still, picture: &mut Picture, left: impl Fn(usize) -> f32) {
        let width = picture.width;
        for y in self.area.top..self.area.bottom {
            for x in self.area.left..self.area.right {
                let pixel = y * width + x;
                let depth = still.depth[pixel];
                let at = still
                    .place
                    .lens
                    .ray(x as f32 + 0.5, y as f32 + 0.5)
                    .at(depth);
                if at.y.abs() > GROUND {
                    continue;
                }
                let shaded = self.at(at);
                if shaded == 0.0 {
                    continue;
                }
                let keep = 1.0 - shaded * (1.0 - left(pixel));
                let darken = |value: &mut u8, zero: u8| {
                    let zero = f32::from(zero);
                    *value = (zero + (f32::from(*value) - zero) * keep + 0.5) as u8;
                };
                darken(&mut picture.y[pixel], BLACK);
                if x % 2 == 0 && y % 2 == 0 {
                    let block = y / 2 * (width / 2) + x / 2;
                    darken(&mut picture.u[block], NEUTRAL);
                    darken(&mut picture.v[block], NEUTRAL);
                }
            }
        }
    }

    /// Shade at a place of the ground, between the middles of four cells.
    fn at(&self, at: V) -> f32 {
        let x = (at.x - self.low.x) / self.cell.x - 0.5;
        let z = (at.z - self.low.z) / self.cell.z - 0.5;
        let limit = (CELLS - 2) as f32;
        if !(x >= 0.0 && z >= 0.0 && x < limit && z < limit) {
            return 0.0;
        }
        let (column, row) = (x as usize, z as usize);
        let (part_x, part_z) = (x.fract(), z.fract());
        let line = |row: usize| {
            let from = self.shaded[row][column];
            from + (self.shaded[row][column + 1] - from) * part_x
        };
        line(row) + (line(row + 1) - line(row)) * part_z
    }
}
