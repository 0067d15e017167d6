//! The forms that everything is made of, and where a ray meets them.

use std::sync::Arc;

use super::math::{Pose, V, grey, v};

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
    planes: Vec<(V, f32)>,
    corners: Vec<V>,
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
    fn meet(&self, ray: &Ray, t_max: f32) -> Option<(f32, V)> {
        let (mut enter, mut leave, mut face) = (0.0f32, t_max, None);
        for &(normal, distance) in &self.planes {
            let slope = normal.dot(ray.to);
            let gap = distance - normal.dot(ray.from);
            if slope < 0.0 {
                let t = gap / slope;
                if t > enter {
                    enter = t;
                    face = Some(normal);
                }
            } else if slope > 0.0 {
                leave = leave.min(gap / slope);
            } else if gap < 0.0 {
                return None;
            }
            if enter > leave {
                return None;
            }
        }
        face.map(|normal| (enter, normal))
    }
}

/// What a thing's surface is like at one point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Share of light that it throws back in all directions.
    pub(crate) albedo: V,
    /// Light of its own.
    pub(crate) glow: V,
    /// Share of light that it reflects like a mirror, seen straight on.
    pub(crate) mirror: f32,
    /// Added to the normal, in the thing's own frame.
    pub(crate) bump: V,
}

impl Look {
    /// Dull.
    pub(crate) fn matt(albedo: V) -> Self {
        Self {
            albedo,
            glow: grey(0.0),
            mirror: 0.0,
            bump: grey(0.0),
        }
    }
}

/// Gives the look of a surface from the thing's colour, a place and the normal there, both in the
/// thing's own frame.
pub(crate) type Finish = fn(colour: V, at: V, normal: V) -> Look;

/// The same colour all over.
pub(crate) fn plain(colour: V, _: V, _: V) -> Look {
    Look::matt(colour)
}

/// One body.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    form: Form,
    pose: Pose,
    pub(crate) colour: V,
    pub(crate) finish: Finish,
}

#[derive(Debug, Clone)]
enum Form {
    /// In the frame of the pose.
    Hull(Arc<Hull>),
    /// A line from the pose's origin to another place of the world, thick by the radius.
    Capsule { to: V, radius: f32 },
    /// A parallelogram around the pose's origin, seen from both sides.
    Leaf { u: V, w: V },
}

impl Thing {
    pub(crate) fn hull(hull: &Arc<Hull>, pose: Pose, colour: V, finish: Finish) -> Self {
        Self {
            form: Form::Hull(Arc::clone(hull)),
            pose,
            colour,
            finish,
        }
    }

    /// A block that stands at `foot` on its lower face, not turned.
    pub(crate) fn block(foot: V, size: V, colour: V, finish: Finish) -> Self {
        Self::hull(&Hull::block(size), Pose::at(foot, 0.0), colour, finish)
    }

    /// A rod with round ends between two places of the world; a ball if they are one.
    pub(crate) fn rod(from: V, to: V, radius: f32, colour: V) -> Self {
        let pose = Pose::at(from, 0.0);
        Self {
            form: Form::Capsule { to, radius },
            pose,
            colour,
            finish: plain,
        }
    }

    pub(crate) fn leaf(at: V, u: V, w: V, colour: V) -> Self {
        Self {
            form: Form::Leaf { u, w },
            pose: Pose::at(at, 0.0),
            colour,
            finish: plain,
        }
    }

    /// The same with another finish.
    pub(crate) fn finished(self, finish: Finish) -> Self {
        Self { finish, ..self }
    }

    /// How far along the ray it is met, before `t_max`, and the normal there.
    #[inline]
    pub(crate) fn meet(&self, ray: &Ray, t_max: f32) -> Option<(f32, V)> {
        match &self.form {
            Form::Hull(hull) => {
                let (from, to) = (self.pose.place_back(ray.from), self.pose.turn_back(ray.to));
                let (t, normal) = hull.meet(&Ray { from, to }, t_max)?;
                Some((t, self.pose.turn(normal)))
            }
            Form::Capsule { to, radius } => {
                let t = meet_capsule(ray, self.pose.origin(), *to, *radius)?;
                if t <= 0.0 || t >= t_max {
                    return None;
                }
                let (p, axis) = (ray.at(t) - self.pose.origin(), *to - self.pose.origin());
                let part = (p.dot(axis) / axis.dot(axis).max(1e-9)).clamp(0.0, 1.0);
                Some((t, (p - axis * part).unit()))
            }
            Form::Leaf { u, w } => {
                let normal = u.cross(*w);
                let t = normal.dot(self.pose.origin() - ray.from) / normal.dot(ray.to);
                if !(t > 0.0 && t < t_max) {
                    return None;
                }
                let p = ray.at(t) - self.pose.origin();
                if p.dot(*u).abs() > u.dot(*u) || p.dot(*w).abs() > w.dot(*w) {
                    return None;
                }
                let toward = if normal.dot(ray.to) > 0.0 {
                    -normal
                } else {
                    normal
                };
                Some((t, toward.unit()))
            }
        }
    }

    /// What its surface is like at a place of the world, and the normal as it is lit.
    pub(crate) fn look(&self, at: V, normal: V) -> (Look, V) {
        let look = (self.finish)(
            self.colour,
            self.pose.place_back(at),
            self.pose.turn_back(normal),
        );
        if look.bump == grey(0.0) {
            return (look, normal);
        }
        (look, (normal + self.pose.turn(look.bump)).unit())
    }

    /// The places whose box holds all of it.
    pub(crate) fn bounds(&self) -> (V, V) {
        let around = |places: &mut dyn Iterator<Item = V>| {
            places.fold((grey(f32::MAX), grey(f32::MIN)), |(low, high), p| {
                (low.min(p), high.max(p))
            })
        };
        let origin = self.pose.origin();
        match &self.form {
            Form::Hull(hull) => around(&mut hull.corners.iter().map(|&p| self.pose.place(p))),
            Form::Capsule { to, radius } => (
                origin.min(*to) - grey(*radius),
                origin.max(*to) + grey(*radius),
            ),
            Form::Leaf { u, w } => around(
                &mut [*u + *w, *u - *w, *w - *u, -*u - *w]
                    .iter()
                    .map(|&corner| origin + corner),
            ),
        }
    }
}

/// Where a ray meets a rod with round ends; the nearer of two solutions, possibly negative.
#[inline]
fn meet_capsule(ray: &Ray, a: V, b: V, radius: f32) -> Option<f32> {
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
