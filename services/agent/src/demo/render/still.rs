//! The picture of everything that does not move.

use std::num::NonZero;
use std::thread;

use super::grade::Sample;
use super::grade::{Grade, luma};
use super::lens::Lens;
use super::light::{FAR, Lit, Rig, mirrored};
use super::shape::Ray;
use super::world::{Hit, World};
use crate::demo::picture::Picture;

/// A pixel whose neighbour differs by more than this is traced more finely.
pub(super) const ROUGH: f32 = 0.05;
/// Places within a rough pixel that are traced, as parts of it.
const FINE: [(f32, f32); 4] = [
    (0.125, 0.375),
    (0.375, -0.125),
    (-0.125, -0.375),
    (-0.375, 0.125),
];
/// Rays to the open sky from each point.
const SKY_RAYS: i32 = 3;
/// Most threads that share the work: a device has other things to do.
const THREADS_MAX: usize = 4;

/// A place with a camera, its light and all that does not move.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) lens: Lens,
    pub(crate) rig: Rig,
    pub(crate) grade: Grade,
    pub(crate) world: World,
}

/// A place as its camera sees it in one size.
#[derive(Debug)]
pub(crate) struct Still {
    pub(crate) place: Place,
    pub(crate) picture: Picture,
    /// How far along a pixel's ray the first thing is.
    pub(crate) depth: Vec<f32>,
    /// What is left of a pixel's luma where something moving keeps the sun off, of 255.
    pub(crate) shade: Vec<u8>,
}

impl Still {
    /// Traces a picture of this size; takes a good part of a second on a few cores.
    pub(crate) fn new(mut place: Place, width: usize, height: usize) -> Self {
        place.lens = place.lens.sized(width, height);
        let coarse = rows(width, height, |x, y| {
            place.sample(x as f32 + 0.5, y as f32 + 0.5, SKY_RAYS)
        });
        let fine = rows(width, height, |x, y| {
            let here = coarse[y * width + x];
            if is_smooth(&coarse, width, x, y) {
                return here;
            }
            let mut sum = Sample {
                depth: here.depth,
                ..Sample::default()
            };
            for (dx, dy) in FINE {
                let one = place.sample(x as f32 + 0.5 + dx, y as f32 + 0.5 + dy, SKY_RAYS / 2);
                sum.colour += one.colour * 0.25;
                sum.shade += one.shade * 0.25;
            }
            sum
        });
        let picture = place.grade.print(&fine, width, height);
        Self {
            place,
            picture,
            depth: fine.iter().map(|sample| sample.depth).collect(),
            shade: fine
                .iter()
                .map(|sample| (sample.shade * 255.0) as u8)
                .collect(),
        }
    }
}

impl Place {
    /// Traces one point of the picture.
    fn sample(&self, x: f32, y: f32, sky_rays: i32) -> Sample {
        let ray = self.lens.ray(x, y);
        let seed = (x as i32, y as i32);
        let Some(hit) = self.world.nearest(&ray, FAR) else {
            let colour = self.grade.develop((self.rig.sky)(ray.to.unit()));
            return Sample {
                colour,
                shade: 1.0,
                depth: FAR,
            };
        };
        let lit = self.lit(&ray, &hit, seed, sky_rays, true);
        let colour = self.grade.develop(lit.light);
        let without_sun = self.grade.develop(lit.without_sun);
        let shade = luma(without_sun) / luma(colour).max(1e-3);
        Sample {
            colour,
            shade: shade.min(1.0),
            depth: hit.t,
        }
    }

    fn lit(&self, ray: &Ray, hit: &Hit<'_>, seed: (i32, i32), sky_rays: i32, mirrors: bool) -> Lit {
        let at = ray.at(hit.t);
        let (look, normal) = hit.thing.look(at, hit.normal);
        let lit = self
            .rig
            .still(&self.world, (at, normal), &look, seed, sky_rays);
        if look.mirror == 0.0 || !mirrors {
            return lit;
        }
        let (share, to) = mirrored(look.mirror, normal, ray.to);
        let bounced = Ray {
            from: at + hit.normal * 0.01,
            to,
        };
        let seen = match self.world.nearest(&bounced, FAR) {
            Some(far) => self.lit(&bounced, &far, seed, 1, false).light,
            None => (self.rig.sky)(to),
        };
        Lit {
            light: lit.light.mix(seen, share),
            without_sun: lit.without_sun.mix(seen, share),
        }
    }
}

/// No neighbour shows something else.
fn is_smooth(samples: &[Sample], width: usize, x: usize, y: usize) -> bool {
    let here = &samples[y * width + x];
    let like = |dx: isize, dy: isize| {
        let column = x.saturating_add_signed(dx).min(width - 1);
        let row = y.saturating_add_signed(dy).min(samples.len() / width - 1);
        let there = &samples[row * width + column];
        let step = luma(there.colour) - luma(here.colour);
        (there.depth - here.depth).abs() < ROUGH * here.depth && step.abs() < ROUGH * 3.0
    };
    like(1, 0) && like(0, 1) && like(-1, 0) && like(0, -1)
}

/// Computes all pixels, row by row, on several threads.
fn rows(width: usize, height: usize, pixel: impl Fn(usize, usize) -> Sample + Sync) -> Vec<Sample> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(THREADS_MAX);
    let band = height.div_ceil(threads);
    let mut samples = vec![Sample::default(); width * height];
    thread::scope(|scope| {
        for (number, rows) in samples.chunks_mut(band * width).enumerate() {
            let pixel = &pixel;
            scope.spawn(move || {
                for (at, sample) in rows.iter_mut().enumerate() {
                    *sample = pixel(at % width, number * band + at / width);
                }
            });
        }
    });
    samples
}
