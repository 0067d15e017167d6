//! What moves, drawn over the still picture.

use super::lens::{Area, Lens};
use super::math::{V, grey, v};
use super::shape::{Ray, Thing, UP};
use super::still::{Still, chroma, chroma_byte, luma, luma_byte};
use crate::demo::picture::{BLACK, NEUTRAL, Picture};

/// Places within a pixel that are traced where a thing's edge crosses it.
const FINE: [(f32, f32); 4] = [
    (0.125, 0.375),
    (0.375, -0.125),
    (-0.125, -0.375),
    (-0.375, 0.125),
];
/// Cells of a shadow's map along each axis.
const CELLS: usize = 28;
/// Only what lies this near the ground takes a moving thing's shadow, metres.
const GROUND: f32 = 0.12;
/// Share of light that is left right under a thing that keeps the sky off.
const UNDER: f32 = 0.45;

/// Something that moves, as it is at one moment. It stands on the ground, y = 0.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) foot: V,
    pub(crate) things: Vec<Thing>,
}

impl Actor {
    pub(crate) fn new(foot: V, things: Vec<Thing>) -> Self {
        Self { foot, things }
    }
}

/// Draws all actors over a copy of the still picture, the farthest first.
pub(crate) fn draw(still: &Still, mut actors: Vec<Actor>, picture: &mut Picture) {
    let eye = still.place.lens.eye();
    actors.sort_by(|a, b| (b.foot - eye).length().total_cmp(&(a.foot - eye).length()));
    for actor in &actors {
        shadow(still, actor, picture);
    }
    for actor in &actors {
        Tracing::new(still, actor).paint(picture);
    }
}

/// One actor on its way into the picture.
struct Tracing<'a> {
    still: &'a Still,
    things: &'a [Thing],
    /// Where each thing may be seen.
    areas: Vec<Area>,
    /// Where any of them may be seen, in whole blocks.
    area: Area,
    /// The thing that is seen in the middle of each pixel of the area.
    seen: Vec<Option<u16>>,
    sunlit: f32,
}

impl<'a> Tracing<'a> {
    fn new(still: &'a Still, actor: &'a Actor) -> Self {
        let lens = &still.place.lens;
        let things = &actor.things[..];
        let cover = |thing: &Thing| {
            let (low, high) = thing.bounds();
            lens.cover(low, high)
        };
        let areas: Vec<Area> = things.iter().map(cover).collect();
        let nothing = Area {
            left: 0,
            top: 0,
            right: 0,
            bottom: 0,
        };
        let area = areas
            .iter()
            .fold(nothing, |all, &area| all.with(area))
            .even();
        let sunlit = still
            .place
            .rig
            .sunlit(&still.place.world, actor.foot + UP * 0.1);
        let mut tracing = Self {
            still,
            things,
            areas,
            area,
            seen: Vec::new(),
            sunlit,
        };
        tracing.look();
        tracing
    }

    /// Finds what is seen in the middle of each pixel, one thing after another.
    fn look(&mut self) {
        let (lens, area) = (&self.still.place.lens, self.area);
        let width = area.right.saturating_sub(area.left);
        let mut depth = Vec::with_capacity(width * area.bottom.saturating_sub(area.top));
        for y in area.top..area.bottom {
            let row = y * self.still.picture.width;
            depth.extend_from_slice(&self.still.depth[row + area.left..row + area.right]);
        }
        self.seen = vec![None; depth.len()];
        for (number, (thing, own)) in self.things.iter().zip(&self.areas).enumerate() {
            for y in own.top..own.bottom {
                for x in own.left..own.right {
                    let at = (y - area.top) * width + x - area.left;
                    let ray = lens.ray(x as f32 + 0.5, y as f32 + 0.5);
                    if let Some((t, _)) = thing.meet(&ray, depth[at]) {
                        depth[at] = t;
                        self.seen[at] = Some(number as u16);
                    }
                }
            }
        }
    }

    /// What is seen in the middle of a pixel; nothing outside of the area.
    fn seen(&self, x: usize, y: usize) -> Option<u16> {
        let area = self.area;
        if x < area.left || x >= area.right || y < area.top || y >= area.bottom {
            return None;
        }
        self.seen[(y - area.top) * (area.right - area.left) + x - area.left]
    }

    fn paint(&self, picture: &mut Picture) {
        let width = picture.width;
        for top in (self.area.top..self.area.bottom).step_by(2) {
            for left in (self.area.left..self.area.right).step_by(2) {
                let (mut colours, mut covered) = (grey(0.0), 0.0);
                for (x, y) in [
                    (left, top),
                    (left + 1, top),
                    (left, top + 1),
                    (left + 1, top + 1),
                ] {
                    let (colour, cover) = self.pixel(x, y);
                    if cover > 0.0 {
                        let under = &mut picture.y[y * width + x];
                        let over = f32::from(luma_byte(luma(colour) + self.noise(x, y)));
                        *under = (f32::from(*under) * (1.0 - cover) + over * cover) as u8;
                        colours += colour * cover;
                        covered += cover;
                    }
                }
                if covered > 0.0 {
                    let (blue, red) = chroma(colours * (1.0 / covered));
                    let block = top / 2 * (width / 2) + left / 2;
                    let blend = |under: &mut u8, over: f32| {
                        let part = covered / 4.0;
                        let over = f32::from(chroma_byte(over));
                        *under = (f32::from(*under) * (1.0 - part) + over * part + 0.5) as u8;
                    };
                    blend(&mut picture.u[block], blue);
                    blend(&mut picture.v[block], red);
                }
            }
        }
    }

    fn noise(&self, x: usize, y: usize) -> f32 {
        self.still.place.grade.noise(x, y)
    }

    /// Colour of the actor in a pixel, and how much of the pixel it covers.
    fn pixel(&self, x: usize, y: usize) -> (V, f32) {
        let here = self.seen(x, y);
        let near = [
            self.seen(x + 1, y),
            self.seen(x, y + 1),
            self.seen(x.wrapping_sub(1), y),
            self.seen(x, y.wrapping_sub(1)),
        ];
        let (centre_x, centre_y) = (x as f32 + 0.5, y as f32 + 0.5);
        let falloff = || {
            let picture = &self.still.picture;
            self.still
                .place
                .grade
                .falloff(x, y, picture.width, picture.height)
        };
        if near.iter().all(|&other| other == here) {
            let Some(number) = here else {
                return (grey(0.0), 0.0);
            };
            let ray = self.still.place.lens.ray(centre_x, centre_y);
            let thing = &self.things[usize::from(number)];
            let colour = thing
                .meet(&ray, f32::MAX)
                .map(|(t, n)| self.shade(thing, &ray, t, n));
            return (colour.unwrap_or_default() * falloff(), 1.0);
        }
        let depth = self.still.depth[y * self.still.picture.width + x];
        let (mut colours, mut hits) = (grey(0.0), 0.0);
        for (dx, dy) in FINE {
            let ray = self.still.place.lens.ray(centre_x + dx, centre_y + dy);
            let mut nearest = None;
            let mut limit = depth;
            for (thing, own) in self.things.iter().zip(&self.areas) {
                if x >= own.left
                    && x < own.right
                    && y >= own.top
                    && y < own.bottom
                    && let Some((t, normal)) = thing.meet(&ray, limit)
                {
                    limit = t;
                    nearest = Some((thing, normal));
                }
            }
            if let Some((thing, normal)) = nearest {
                colours += self.shade(thing, &ray, limit, normal);
                hits += 1.0;
            }
        }
        if hits == 0.0 {
            return (grey(0.0), 0.0);
        }
        (colours * (falloff() / hits), hits / FINE.len() as f32)
    }

    fn shade(&self, thing: &Thing, ray: &Ray, t: f32, normal: V) -> V {
        let place = &self.still.place;
        let at = ray.at(t);
        let (look, normal) = thing.look(at, normal);
        place
            .grade
            .develop(place.rig.moving(at, normal, &look, self.sunlit, ray.to))
    }
}

/// Darkens the ground where the actor keeps off the sun and the sky.
fn shadow(still: &Still, actor: &Actor, picture: &mut Picture) {
    let things = &actor.things;
    if let Some(sun) = still.place.rig.sun
        && let Some(map) = ShadowMap::new(things, sun.toward, &still.place.lens)
    {
        map.apply(still, picture, |pixel| {
            f32::from(still.shade[pixel]) / 255.0
        });
    }
    if let Some(map) = ShadowMap::new(things, UP, &still.place.lens) {
        map.apply(still, picture, |_| UNDER);
    }
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
        let mut shaded = [[0.0; CELLS]; CELLS];
        for row in 1..CELLS - 1 {
            for column in 1..CELLS - 1 {
                let line = |row: usize| &sharp[row][column - 1..=column + 1];
                let sum = |row: usize| line(row).iter().sum::<f32>() + line(row)[1];
                shaded[row][column] = (sum(row - 1) + sum(row) * 2.0 + sum(row + 1)) / 16.0;
            }
        }
        Some(Self {
            low,
            cell,
            area,
            shaded,
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
