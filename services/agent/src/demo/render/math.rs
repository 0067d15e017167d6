//! Vectors, frames of reference and noise.
//!
//! Metres; x to the right, y up, z away from the camera.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// A place, a direction, or a colour in linear light.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct V {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

/// Short for a vector.
pub(crate) const fn v(x: f32, y: f32, z: f32) -> V {
    V { x, y, z }
}

/// A grey, or the same length along every axis.
pub(crate) const fn grey(level: f32) -> V {
    v(level, level, level)
}

impl V {
    #[inline]
    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    #[inline]
    pub(crate) fn cross(self, o: Self) -> Self {
        v(
            self.y * o.z - self.z * o.y,
            self.z * o.x - self.x * o.z,
            self.x * o.y - self.y * o.x,
        )
    }

    #[inline]
    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    #[inline]
    pub(crate) fn unit(self) -> Self {
        self * (1.0 / self.length())
    }

    /// Componentwise, as a filter does with light.
    #[inline]
    pub(crate) fn times(self, o: Self) -> Self {
        v(self.x * o.x, self.y * o.y, self.z * o.z)
    }

    #[inline]
    pub(crate) fn min(self, o: Self) -> Self {
        v(lower(self.x, o.x), lower(self.y, o.y), lower(self.z, o.z))
    }

    #[inline]
    pub(crate) fn max(self, o: Self) -> Self {
        v(
            higher(self.x, o.x),
            higher(self.y, o.y),
            higher(self.z, o.z),
        )
    }

    /// This one at 0, `other` at 1.
    #[inline]
    pub(crate) fn mix(self, other: Self, part: f32) -> Self {
        self + (other - self) * part
    }
}

/// The lower of two; `b` unless `a` is lower, which one instruction can tell.
#[inline(always)]
pub(crate) fn lower(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The higher of two; `b` unless `a` is higher.
#[inline(always)]
pub(crate) fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

impl Add for V {
    type Output = V;
    #[inline]
    fn add(self, o: Self) -> V {
        v(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}

impl AddAssign for V {
    #[inline]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl Sub for V {
    type Output = V;
    #[inline]
    fn sub(self, o: Self) -> V {
        v(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}

impl Neg for V {
    type Output = V;
    #[inline]
    fn neg(self) -> V {
        v(-self.x, -self.y, -self.z)
    }
}

impl Mul<f32> for V {
    type Output = V;
    #[inline]
    fn mul(self, k: f32) -> V {
        v(self.x * k, self.y * k, self.z * k)
    }
}

/// Where a thing stands and how it is turned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pose {
    origin: V,
    x: V,
    y: V,
    z: V,
}

impl Pose {
    /// At `origin`, with its own z axis turned from z towards x by `heading` radians.
    pub(crate) fn at(origin: V, heading: f32) -> Self {
        let (sin, cos) = heading.sin_cos();
        Self {
            origin,
            x: v(cos, 0.0, -sin),
            y: v(0.0, 1.0, 0.0),
            z: v(sin, 0.0, cos),
        }
    }

    /// Looking from `origin` to `target`: z is the view, y as far up as it can be.
    pub(crate) fn look(origin: V, target: V) -> Self {
        let z = (target - origin).unit();
        let x = v(0.0, 1.0, 0.0).cross(z).unit();
        Self {
            origin,
            x,
            y: z.cross(x),
            z,
        }
    }

    /// At `origin`, with its own z axis straight up.
    pub(crate) fn upright(origin: V) -> Self {
        Self {
            origin,
            x: v(1.0, 0.0, 0.0),
            y: v(0.0, 0.0, 1.0),
            z: v(0.0, 1.0, 0.0),
        }
    }

    /// Rolled about its own z axis by `angle` radians, as a wheel does.
    pub(crate) fn rolled(self, angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self {
            x: self.x * cos + self.y * sin,
            y: self.y * cos - self.x * sin,
            ..self
        }
    }

    pub(crate) fn origin(&self) -> V {
        self.origin
    }

    /// A direction given in this frame.
    #[inline]
    pub(crate) fn turn(&self, d: V) -> V {
        self.x * d.x + self.y * d.y + self.z * d.z
    }

    /// A place given in this frame.
    #[inline]
    pub(crate) fn place(&self, p: V) -> V {
        self.origin + self.turn(p)
    }

    /// A direction of the world, in this frame.
    #[inline]
    pub(crate) fn turn_back(&self, d: V) -> V {
        v(d.dot(self.x), d.dot(self.y), d.dot(self.z))
    }

    /// A place of the world, in this frame.
    #[inline]
    pub(crate) fn place_back(&self, p: V) -> V {
        self.turn_back(p - self.origin)
    }
}

/// 0 up to `from`, 1 from `to` on, smooth between.
#[inline]
pub(crate) fn ease(from: f32, to: f32, at: f32) -> f32 {
    let part = ((at - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

/// A number in 0..1 that looks random and only depends on the three.
#[inline]
pub(crate) fn hash(x: i32, y: i32, z: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ (z as u32).wrapping_mul(0xcb1a_b31f);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    ((bits ^ (bits >> 15)) >> 8) as f32 / (1u32 << 24) as f32
}

/// Smooth noise in 0..1 with features of size 1.
pub(crate) fn noise(p: V) -> f32 {
    let (fx, fy, fz) = (p.x.floor(), p.y.floor(), p.z.floor());
    let (x, y, z) = (fx as i32, fy as i32, fz as i32);
    let soft = |part: f32| part * part * (3.0 - 2.0 * part);
    let (u, w, s) = (soft(p.x - fx), soft(p.y - fy), soft(p.z - fz));
    let along = |y: i32, z: i32| {
        let from = hash(x, y, z);
        from + (hash(x + 1, y, z) - from) * u
    };
    let across = |z: i32| {
        let from = along(y, z);
        from + (along(y + 1, z) - from) * w
    };
    let from = across(z);
    from + (across(z + 1) - from) * s
}

/// Noise of three octaves in 0..1.
pub(crate) fn cloudy(p: V) -> f32 {
    noise(p) * 0.57 + noise(p * 2.03 + grey(7.1)) * 0.29 + noise(p * 4.1 + grey(3.7)) * 0.14
}
