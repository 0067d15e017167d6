//! What moves, drawn over the still picture.

use super::grade::{chroma, chroma_byte, luma, luma_byte};
use super::lens::Area;
use super::math::{V, grey};
use super::shape::{Ray, UP};
use super::stage::Actor;
use super::still::Still;
use super::thing::{Seen, Thing};
use crate::demo::picture::Picture;

/// Places within a pixel that are traced where a thing's edge crosses it.
const FINE: [(f32, f32); 4] = [
    (0.125, 0.375),
    (0.375, -0.125),
    (-0.125, -0.375),
    (-0.375, 0.125),
];

/// One actor on its way into the picture.
pub(super) struct Tracing<'a> {
    still: &'a Still,
    /// How far one sees in each pixel of the picture.
    depth: &'a [f32],
    /// Its things, each with where it may be seen.
    things: Vec<(Seen<'a>, Area)>,
    /// Where any of them may be seen, in whole blocks.
    area: Area,
    /// Direction of each pixel of the area, and how far one sees there.
    rays: Vec<(V, f32)>,
    /// The thing that is seen in the middle of each pixel of the area.
    seen: Vec<Option<u16>>,
    sunlit: f32,
}

impl<'a> Tracing<'a> {
    pub(super) fn new(still: &'a Still, depth: &'a [f32], actor: &'a Actor) -> Self {
        let lens = &still.place.lens;
        let cover = |thing: &'a Thing| {
            let (low, high) = thing.bounds();
            (thing.seen_from(lens.eye()), lens.cover(low, high))
        };
        let in_view = |(_, area): &(Seen<'_>, Area)| !area.is_empty();
        let things: Vec<_> = actor.things.iter().map(cover).filter(in_view).collect();
        let nothing = Area {
            left: 0,
            top: 0,
            right: 0,
            bottom: 0,
        };
        let area = things
            .iter()
            .fold(nothing, |all, (_, area)| all.with(*area))
            .even();
        let sunlit = still
            .place
            .rig
            .sunlit(&still.place.world, actor.foot + UP * 0.1);
        let (rays, seen) = (Vec::new(), Vec::new());
        let mut tracing = Self {
            still,
            depth,
            things,
            area,
            rays,
            seen,
            sunlit,
        };
        tracing.look();
        tracing
    }

    /// Finds what is seen in the middle of each pixel, one thing after another.
    fn look(&mut self) {
        let (lens, area) = (&self.still.place.lens, self.area);
        let width = area.right.saturating_sub(area.left);
        let mut rays = Vec::with_capacity(width * area.bottom.saturating_sub(area.top));
        for y in area.top..area.bottom {
            let depth = &self.depth[y * self.still.picture.width..];
            for (x, &depth) in (area.left..area.right).zip(&depth[area.left..]) {
                rays.push((lens.ray(x as f32 + 0.5, y as f32 + 0.5).to, depth));
            }
        }
        self.seen = vec![None; rays.len()];
        for (number, (thing, own)) in self.things.iter().enumerate() {
            for y in own.top..own.bottom {
                let row = (y - area.top) * width;
                let pixels = row + own.left - area.left..row + own.right - area.left;
                let seen = &mut self.seen[pixels.clone()];
                for ((to, depth), seen) in rays[pixels].iter_mut().zip(seen) {
                    if let Some((t, _)) = thing.meet(*to, *depth) {
                        *depth = t;
                        *seen = Some(number as u16);
                    }
                }
            }
        }
        self.rays = rays;
    }

    /// Pixels of the picture where the actor is seen, and how far away.
    pub(super) fn depths(&self) -> impl Iterator<Item = (usize, f32)> {
        let (area, width) = (self.area, self.still.picture.width);
        let pixels = (area.top..area.bottom)
            .flat_map(move |y| (area.left..area.right).map(move |x| y * width + x));
        let seen = self.seen.iter().zip(&self.rays);
        pixels
            .zip(seen)
            .filter_map(|(pixel, (seen, ray))| seen.map(|_| (pixel, ray.1)))
    }

    /// What is seen in the middle of a pixel; nothing outside of the area.
    fn seen(&self, x: usize, y: usize) -> Option<u16> {
        let area = self.area;
        if x < area.left || x >= area.right || y < area.top || y >= area.bottom {
            return None;
        }
        self.seen[(y - area.top) * (area.right - area.left) + x - area.left]
    }

    pub(super) fn paint(&self, picture: &mut Picture) {
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
            let (thing, _) = &self.things[usize::from(number)];
            let met = thing.meet(ray.to, f32::MAX);
            let colour = met.map(|(t, normal)| self.shade(thing.thing, &ray, t, normal));
            return (colour.unwrap_or_default() * falloff(), 1.0);
        }
        let depth = self.depth[y * self.still.picture.width + x];
        let (mut colours, mut hits) = (grey(0.0), 0.0);
        for (dx, dy) in FINE {
            let ray = self.still.place.lens.ray(centre_x + dx, centre_y + dy);
            let mut nearest = None;
            let mut limit = depth;
            for (thing, own) in &self.things {
                if x >= own.left
                    && x < own.right
                    && y >= own.top
                    && y < own.bottom
                    && let Some((t, normal)) = thing.meet(ray.to, limit)
                {
                    limit = t;
                    nearest = Some((thing.thing, normal));
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
