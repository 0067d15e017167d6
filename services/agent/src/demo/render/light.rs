//! What light a surface sends back.

use super::grade::luma;
use super::math::{V, grey, hash, v};
use super::shape::{Ray, UP};
use super::thing::Look;
use super::world::World;

/// Rays start this far above the surface, metres, so that it does not shade itself.
const LIFT: f32 = 0.004;
/// Share of the ambient light that comes from near things rather than from the sky.
const BOUNCED: f32 = 0.2;
/// Nobody misses the shadow of a lamp that gives less than this share of the lamps' light.
const FAINT: f32 = 0.1;
/// Most rays to the sun per surface point.
const SUN_RAYS: i32 = 4;
/// Points of a spiral on a ball are even when each is this far on, radians.
const GOLDEN_ANGLE: f32 = 2.399_963;
/// Farther than anything, metres.
pub(crate) const FAR: f32 = 1000.0;

/// All light of a scene.
#[derive(Debug, Clone)]
pub(crate) struct Rig {
    pub(crate) sun: Option<Sun>,
    /// Light that comes from a direction of the open sky.
    pub(crate) sky: fn(V) -> V,
    /// Light from above and from below where nothing shades it.
    pub(crate) ambient: (V, V),
    /// How near a thing must be to keep the ambient light off, metres.
    pub(crate) reach: f32,
    pub(crate) lamps: Vec<Lamp>,
}

/// A distant light.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sun {
    pub(crate) toward: V,
    pub(crate) colour: V,
    /// Radius of its disc at distance 1: how soft its shadows are.
    pub(crate) radius: f32,
}

/// A light at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lamp {
    /// It is a tube from here
    pub(crate) from: V,
    /// to here; a bulb when they are one.
    pub(crate) to: V,
    /// Light at distance 1.
    pub(crate) colour: V,
    /// Direction of a spot light, and how narrow it is: a power of the cosine.
    pub(crate) beam: Option<(V, f32)>,
}

/// Light that comes back from a point.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lit {
    pub(crate) light: V,
    /// The same without the sun: what is left when something else shades the point.
    pub(crate) without_sun: V,
}

impl Lamp {
    /// Light that arrives at a surface from the middle of the tube.
    fn arrives(&self, at: V, normal: V) -> V {
        let way = self.from.mix(self.to, 0.5) - at;
        let distance = way.length();
        let toward = way * (1.0 / distance);
        let slant = normal.dot(toward).max(0.0);
        let beam = self.beam.map_or(1.0, |(axis, narrow)| {
            (-axis.dot(toward)).max(0.0).powf(narrow)
        });
        self.colour * (slant * beam / (1.0 + distance * distance))
    }
}

impl Rig {
    /// Light of a point among the things that do not move; `seed` varies the rays.
    pub(crate) fn still(
        &self,
        world: &World,
        (at, normal): (V, V),
        look: &Look,
        seed: (i32, i32),
        sky_rays: i32,
    ) -> Lit {
        let start = at + normal * LIFT;
        let random = |which: i32| hash(seed.0, seed.1, which);
        let tile = tile(seed);
        let open_ray = |ray: &i32| {
            let to = normal * 1.001 + on_ball(tile + ray * 9, 9 * sky_rays, random(*ray));
            !world.blocked(
                &Ray {
                    from: start,
                    to: to.unit(),
                },
                self.reach,
            )
        };
        let free = (0..sky_rays).filter(open_ray).count() as f32 / sky_rays as f32;
        let open = BOUNCED + (1.0 - BOUNCED) * free;
        let mut arrives = self.ambient_at(normal) * open;
        let lamps: Vec<V> = self
            .lamps
            .iter()
            .map(|lamp| lamp.arrives(at, normal))
            .collect();
        let total: f32 = lamps.iter().map(|light| luma(*light)).sum();
        for (which, (lamp, light)) in self.lamps.iter().zip(lamps).enumerate() {
            let part = (tile as f32 + random(40 + which as i32)) / 9.0;
            let to = lamp.from.mix(lamp.to, part) - at;
            let faint = luma(light) < FAINT * total;
            if faint || !world.blocked(&Ray { from: start, to }, 0.98) {
                arrives += light;
            }
        }
        let sun = self.sun.map_or(grey(0.0), |sun| {
            let slant = normal.dot(sun.toward);
            if slant <= 0.0 {
                return grey(0.0);
            }
            sun.colour * (slant * self.sun_at(world, start, sun, seed))
        });
        Lit {
            light: look.albedo.times(arrives + sun) + look.glow,
            without_sun: look.albedo.times(arrives) + look.glow,
        }
    }

    /// Share of the sun's disc that is seen from a place.
    fn sun_at(&self, world: &World, from: V, sun: Sun, seed: (i32, i32)) -> f32 {
        let tile = tile(seed);
        let free = |ray: i32| {
            let to = sun.toward + on_ball(tile + ray * 9, 9 * SUN_RAYS, 0.0) * sun.radius;
            !world.blocked(&Ray { from, to }, FAR)
        };
        // Most places are in full sun or full shade: two rays that agree settle it.
        let first = (free(0), free(1));
        if first.0 == first.1 {
            return f32::from(u8::from(first.0));
        }
        (1 + (2..SUN_RAYS).filter(|&ray| free(ray)).count()) as f32 / SUN_RAYS as f32
    }

    /// Share of the sun that reaches a thing around `at`.
    pub(crate) fn sunlit(&self, world: &World, at: V) -> f32 {
        let Some(sun) = self.sun else { return 0.0 };
        const PLACES: i32 = 6;
        let share =
            |place: i32| self.sun_at(world, at + UP * (0.25 * place as f32), sun, (place, 7));
        (0..PLACES).map(share).sum::<f32>() / PLACES as f32
    }

    /// Light of a point of something that moves, of which `sunlit` is in the sun.
    pub(crate) fn moving(&self, at: V, normal: V, look: &Look, sunlit: f32, view: V) -> V {
        let near_ground = 0.55 + 0.45 * (at.y / 0.6).clamp(0.0, 1.0);
        let mut arrives = self.ambient_at(normal) * near_ground;
        for lamp in &self.lamps {
            arrives += lamp.arrives(at, normal);
        }
        if let Some(sun) = self.sun {
            arrives += sun.colour * (normal.dot(sun.toward).max(0.0) * sunlit);
        }
        let mut light = look.albedo.times(arrives) + look.glow;
        if look.mirror > 0.0 {
            let (share, toward) = mirrored(look.mirror, normal, view);
            let seen = if toward.y > 0.0 {
                (self.sky)(toward)
            } else {
                self.ambient.1
            };
            light = light.mix(seen, share);
            if let Some(sun) = self.sun {
                let glint = toward.dot(sun.toward).max(0.0).powi(60);
                light += sun.colour * (glint * sunlit * share * 4.0);
            }
        }
        light
    }

    fn ambient_at(&self, normal: V) -> V {
        self.ambient.1.mix(self.ambient.0, normal.y * 0.5 + 0.5)
    }
}

/// Share of light that is reflected at this angle (Schlick's approximation), and where from.
pub(crate) fn mirrored(straight: f32, normal: V, view: V) -> (f32, V) {
    let view = view.unit();
    let slant = (-normal.dot(view)).clamp(0.0, 1.0);
    let share = straight + (1.0 - straight) * (1.0 - slant).powi(5) * straight.sqrt();
    (share, view + normal * (2.0 * slant))
}

/// Number of a pixel among nine neighbours. Each of them looks in other directions, so that the nine
/// together see all of the sky and all of the sun.
fn tile(seed: (i32, i32)) -> i32 {
    seed.0.rem_euclid(3) + 3 * seed.1.rem_euclid(3)
}

/// One of `count` directions that cover all of them evenly, turned a little by `shift` radians.
fn on_ball(number: i32, count: i32, shift: f32) -> V {
    let height = 1.0 - (2 * number + 1) as f32 / count as f32;
    let angle = number as f32 * GOLDEN_ANGLE + shift;
    let around = (1.0 - height * height).sqrt();
    v(around * angle.cos(), around * angle.sin(), height)
}
