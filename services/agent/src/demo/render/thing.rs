//! A body: its form, its place, and what its surface is like.

use std::sync::Arc;

use super::math::{Pose, V, grey};
use super::shape::{Hull, Ray, meet_capsule, meet_planes};

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

    /// The same for many rays from one place.
    pub(crate) fn seen_from(&self, eye: V) -> Seen<'_> {
        let planes = match &self.form {
            Form::Hull(hull) => {
                let eye = self.pose.place_back(eye);
                let plane = |&(normal, distance): &(V, f32)| {
                    (self.pose.turn(normal), distance - normal.dot(eye))
                };
                hull.planes.iter().map(plane).collect()
            }
            Form::Capsule { .. } | Form::Leaf { .. } => Vec::new(),
        };
        Seen {
            thing: self,
            eye,
            planes,
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

/// A thing as it is seen from one place.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) thing: &'a Thing,
    eye: V,
    /// Of a hull: outward normal in the world, and how far the plane is from the eye.
    planes: Vec<(V, f32)>,
}

impl Seen<'_> {
    /// How far along the direction it is met, before `t_max`, and the normal there.
    #[inline]
    pub(crate) fn meet(&self, to: V, t_max: f32) -> Option<(f32, V)> {
        if self.planes.is_empty() {
            return self.thing.meet(&Ray { from: self.eye, to }, t_max);
        }
        meet_planes(
            t_max,
            self.planes
                .iter()
                .map(|&(normal, gap)| (normal, normal.dot(to), gap)),
        )
    }
}
