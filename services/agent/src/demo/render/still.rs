//! The picture of everything that does not move.

use std::num::NonZero;
use std::thread;

use super::lens::Lens;
use super::light::{FAR, Lit, Rig, mirrored};
use super::math::{V, grey, hash, v};
use super::shape::Ray;
use super::world::{Hit, World};
use crate::demo::picture::{BLACK, NEUTRAL, Picture};

/// A pixel whose neighbour differs by more than this is traced more finely.
const ROUGH: f32 = 0.05;
/// Places within a rough pixel that are traced, as parts of it.
const FINE: [(f32, f32); 4] = [
    (0.125, 0.375),
    (0.375, -0.125),
    (-0.125, -0.375),
    (-0.375, 0.125),
];
/// Rays to the open sky from each point.
const SKY_RAYS: i32 = 4;
/// How much a camera's own sharpening overdoes edges.
const SHARPEN: f32 = 0.55;
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

/// How a sensor turns light into a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grade {
    pub(crate) exposure: f32,
    /// 1 as in life, 0 for the grey picture of a camera at night.
    pub(crate) saturation: f32,
    /// White balance that is a little off.
    pub(crate) tint: V,
    /// Share of light that is lost in the corners.
    pub(crate) vignette: f32,
    /// Noise of the sensor, share of white.
    pub(crate) grain: f32,
    /// Neighbours that differ by less than this share of white are taken for noise.
    pub(crate) calm: f32,
}

impl Grade {
    /// Colour on a screen, in 0..1, for light.
    #[inline]
    pub(crate) fn develop(&self, light: V) -> V {
        let light = light.times(self.tint);
        let luma = luma(light);
        let light = grey(luma).mix(light, self.saturation) * self.exposure;
        let curve = |level: f32| {
            let bent = 1.0 - (-level.max(0.0)).exp();
            bent.sqrt() * (0.86 + 0.14 * bent)
        };
        v(curve(light.x), curve(light.y), curve(light.z))
    }
}

/// Brightness of a colour, BT.709.
#[inline]
pub(crate) fn luma(c: V) -> f32 {
    c.dot(v(0.2126, 0.7152, 0.0722))
}

/// Blue and red difference of a colour, -0.5..0.5.
#[inline]
pub(crate) fn chroma(c: V) -> (f32, f32) {
    let luma = luma(c);
    ((c.z - luma) / 1.8556, (c.x - luma) / 1.5748)
}

/// A byte of luma for 0..1.
#[inline]
pub(crate) fn luma_byte(luma: f32) -> u8 {
    (f32::from(BLACK) + 219.0 * luma.clamp(0.0, 1.0) + 0.5) as u8
}

/// A byte of chroma for -0.5..0.5.
#[inline]
pub(crate) fn chroma_byte(chroma: f32) -> u8 {
    (f32::from(NEUTRAL) + 224.0 * chroma.clamp(-0.5, 0.5) + 0.5) as u8
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

/// One traced point.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    colour: V,
    /// Luma that is left without the sun, as a share.
    shade: f32,
    depth: f32,
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

/// A pixel's colour, averaged with neighbours that show the same surface in similar light: the
/// noise reduction that every camera has.
fn calm(samples: &[Sample], width: usize, at: usize, limit: f32) -> V {
    let here = &samples[at];
    let (mut sum, mut count) = (grey(0.0), 0.0);
    for row in [at.wrapping_sub(width), at, at + width] {
        for column in [row.wrapping_sub(1), row, row.wrapping_add(1)] {
            if let Some(there) = samples.get(column)
                && (there.depth - here.depth).abs() < ROUGH * here.depth
                && luma(there.colour - here.colour).abs() < limit
            {
                sum += there.colour;
                count += 1.0;
            }
        }
    }
    sum * (1.0 / count)
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

impl Grade {
    /// Sharpens, darkens the corners, adds the sensor's noise, and converts to I420.
    fn print(&self, samples: &[Sample], width: usize, height: usize) -> Picture {
        let mut picture = Picture::new(width, height);
        let mut colours = vec![grey(0.0); width * height];
        let calm: Vec<V> = (0..samples.len())
            .map(|at| calm(samples, width, at, self.calm))
            .collect();
        for y in 0..height {
            for x in 0..width {
                let at = |dx: isize, dy: isize| {
                    let column = x.saturating_add_signed(dx).min(width - 1);
                    let row = y.saturating_add_signed(dy).min(height - 1);
                    calm[row * width + column]
                };
                let around = (at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1)) * 0.25;
                let sharp = at(0, 0) + (at(0, 0) - around) * SHARPEN;
                let colour = sharp * self.falloff(x, y, width, height) + grey(self.noise(x, y));
                picture.y[y * width + x] = luma_byte(luma(colour));
                colours[y * width + x] = colour;
            }
        }
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                let at = y * 2 * width + x * 2;
                let four =
                    colours[at] + colours[at + 1] + colours[at + width] + colours[at + width + 1];
                let (blue, red) = chroma(four * 0.25);
                picture.u[y * (width / 2) + x] = chroma_byte(blue);
                picture.v[y * (width / 2) + x] = chroma_byte(red);
            }
        }
        picture
    }

    /// Share of light that reaches a pixel through the edge of the lens.
    pub(crate) fn falloff(&self, x: usize, y: usize, width: usize, height: usize) -> f32 {
        let half = width as f32 / 2.0;
        let (dx, dy) = (
            (x as f32 - half) / half,
            (y as f32 - height as f32 / 2.0) / half,
        );
        let far = dx * dx + dy * dy;
        1.0 - self.vignette * far * far.sqrt().min(1.2) / 1.3
    }

    /// Noise of the sensor, smeared over neighbours as noise reduction leaves it.
    pub(crate) fn noise(&self, x: usize, y: usize) -> f32 {
        let at = |dx: usize, dy: usize| hash((x + dx) as i32, (y + dy) as i32, 99) - 0.5;
        self.grain * (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1))
    }
}
