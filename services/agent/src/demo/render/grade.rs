//! From light to the bytes of a picture, as a sensor and its electronics do it.

use super::math::{V, grey, hash, v};
use super::still::ROUGH;
use crate::demo::picture::{BLACK, NEUTRAL, Picture};

/// How much a camera's own sharpening overdoes edges.
const SHARPEN: f32 = 0.55;

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

impl Grade {
    /// Sharpens, darkens the corners, adds the sensor's noise, and converts to I420.
    pub(super) fn print(&self, samples: &[Sample], width: usize, height: usize) -> Picture {
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

/// One traced point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    /// As on a screen, 0..1.
    pub(super) colour: V,
    /// Luma that is left without the sun, as a share.
    pub(super) shade: f32,
    /// How far along the ray it is.
    pub(super) depth: f32,
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
