//! The forms that everything is made of, and where a ray meets them.

use std::sync::Arc;

use super::math::{V, lower, v};

/// Half of a line: `from + to * t` for t above 0. `to` need not have length 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ray {
    pub(crate) from: V,
    pub(crate) to: V,
}

impl Ray {
    #[inline]
    pub(crate) fn at(&self, t: f32) -> V {
        self.from + self.to * t
    }
}

/// A convex body: all that lies behind every one of its planes.
#[derive(Debug)]
pub(crate) struct Hull {
    /// Outward unit normal, and its distance from the origin.
    pub(super) planes: Vec<(V, f32)>,
    pub(super) corners: Vec<V>,
}

impl Hull {
    /// A body with `size` around its origin, standing on y = 0.
    pub(crate) fn block(size: V) -> Arc<Self> {
        let (x, y) = (size.x / 2.0, size.y);
        Self::prism(&[(-x, 0.0), (x, 0.0), (x, y), (-x, y)], size.z / 2.0, 0.0)
    }

    /// A wheel or a column on its side, along z.
    pub(crate) fn disc(radius: f32, width: f32) -> Arc<Self> {
        const SIDES: usize = 14;
        let corner = |side| {
            let angle = std::f32::consts::TAU * side as f32 / SIDES as f32;
            (radius * angle.cos(), radius * angle.sin())
        };
        let outline: [(f32, f32); SIDES] = std::array::from_fn(corner);
        Self::prism(&outline, width / 2.0, 0.0)
    }

    /// A convex outline in x and y, counter-clockwise, drawn out to `half` along z both ways.
    /// The ends lean inwards by `lean` metres per metre of height.
    pub(crate) fn prism(outline: &[(f32, f32)], half: f32, lean: f32) -> Arc<Self> {
        let mut planes = Vec::with_capacity(outline.len() + 2);
        let mut corners = Vec::with_capacity(outline.len() * 2);
        let foot = outline
            .iter()
            .fold(f32::MAX, |low, corner| low.min(corner.1));
        for (at, &(x, y)) in outline.iter().enumerate() {
            let (next_x, next_y) = outline[(at + 1) % outline.len()];
            let normal = v(next_y - y, x - next_x, 0.0).unit();
            planes.push((normal, normal.dot(v(x, y, 0.0))));
            let depth = half - lean * (y - foot);
            corners.extend([v(x, y, -depth), v(x, y, depth)]);
        }
        for side in [-1.0, 1.0] {
            let normal = v(0.0, lean, side).unit();
            planes.push((normal, normal.dot(v(0.0, foot, side * half))));
        }
        Arc::new(Self { planes, corners })
    }

    /// Where the ray enters, and the plane's normal there.
    #[inline]
    pub(super) fn meet(&self, ray: &Ray, t_max: f32) -> Option<(f32, V)> {
        let plane = |&(normal, distance): &(V, f32)| {
            (normal, normal.dot(ray.to), distance - normal.dot(ray.from))
        };
        meet_planes(t_max, self.planes.iter().map(plane))
    }
}

/// Where a ray enters the space behind all planes, of which each is given as its normal, the normal
/// times the ray's direction, and the way from the ray's start to it along the normal.
#[inline(always)]
pub(super) fn meet_planes(
    t_max: f32,
    planes: impl Iterator<Item = (V, f32, f32)>,
) -> Option<(f32, V)> {
    let (mut enter, mut leave, mut face) = (0.0f32, t_max, None);
    for (normal, slope, gap) in planes {
        if slope < 0.0 {
            let t = gap / slope;
            if t > enter {
                enter = t;
                face = Some(normal);
            }
        } else if slope > 0.0 {
            leave = lower(leave, gap / slope);
        } else if gap < 0.0 {
            return None;
        }
        if enter > leave {
            return None;
        }
    }
    face.map(|normal| (enter, normal))
}

/// Where a ray meets a rod with round ends; the nearer of two solutions, possibly negative.
#[inline]
pub(super) fn meet_capsule(ray: &Ray, a: V, b: V, radius: f32) -> Option<f32> {
    let (axis, to_a) = (b - a, ray.from - a);
    let (axis2, dir2) = (axis.dot(axis), ray.to.dot(ray.to));
    let (axis_dir, axis_a, dir_a) = (axis.dot(ray.to), axis.dot(to_a), ray.to.dot(to_a));
    let ball = |to_centre: V| {
        let half = ray.to.dot(to_centre);
        let root = half * half - dir2 * (to_centre.dot(to_centre) - radius * radius);
        (root >= 0.0).then(|| (-half - root.sqrt()) / dir2)
    };
    let square = axis2 * dir2 - axis_dir * axis_dir;
    if square < 1e-9 {
        return ball(to_a);
    }
    let half = axis2 * dir_a - axis_a * axis_dir;
    let rest = axis2 * (to_a.dot(to_a) - radius * radius) - axis_a * axis_a;
    let root = half * half - square * rest;
    if root < 0.0 {
        return None;
    }
    let t = (-half - root.sqrt()) / square;
    let along = axis_a + t * axis_dir;
    if along <= 0.0 {
        ball(to_a)
    } else if along >= axis2 {
        ball(ray.from - b)
    } else {
        Some(t)
    }
}

/// Straight up.
pub(crate) const UP: V = v(0.0, 1.0, 0.0);
