//! A car park at night, lit by a few lamps and by the camera's own infrared light.

use std::f32::consts::{FRAC_PI_2, PI};

use super::{Scene, within};
use crate::demo::picture::Picture;
use crate::demo::render::figure::car::{Lights, Model, car};
use crate::demo::render::figure::person::{Clothes, person};
use crate::demo::render::finish::{asphalt, boards, brick, concrete, glowing, painted};
use crate::demo::render::glow::{Glare, headlights};
use crate::demo::render::lens::Lens;
use crate::demo::render::light::{Lamp, Rig};
use crate::demo::render::math::{V, ease, grey, hash, v};
use crate::demo::render::moving::{self, Actor};
use crate::demo::render::path::Path;
use crate::demo::render::plant::{hedge, tree};
use crate::demo::render::shape::{Thing, plain};
use crate::demo::render::still::{Grade, Place, Still};
use crate::demo::render::world::World;

pub(super) const SCENE: Scene = Scene { place, draw };

const EYE: V = v(1.4, 5.6, -1.0);
const TARGET: V = v(-0.4, 0.0, 13.0);
/// Width of a bay, and how many there are on each side.
const BAY: f32 = 2.6;
const BAYS: usize = 11;
/// Where the first bay begins.
const FIRST: f32 = 4.4;
/// The bay on the right that somebody parks in, and its middle.
const FREE: usize = 3;
const FREE_Z: f32 = FIRST + (FREE as f32 + 0.5) * BAY;
/// Lamps over the bays.
const POSTS: [V; 3] = [v(-9.6, 6.2, 13.6), v(9.8, 6.2, 21.4), v(-9.6, 6.2, 29.0)];

fn place() -> Place {
    let mut things = vec![
        Thing::block(v(0.0, -1.0, 0.0), v(400.0, 1.0, 400.0), grey(0.10), asphalt),
        Thing::block(
            v(-11.4, -0.9, 16.0),
            v(3.0, 1.0, 46.0),
            grey(0.09),
            concrete,
        ),
        Thing::block(v(11.6, -0.9, 16.0), v(3.0, 1.0, 46.0), grey(0.09), concrete),
    ];
    things.extend(bays());
    things.extend(surroundings());
    let mut lamps = vec![Lamp {
        from: EYE + v(0.0, 0.12, 0.0),
        to: EYE + v(0.1, 0.12, 0.0),
        colour: grey(120.0),
        beam: Some(((TARGET - EYE).unit(), 7.0)),
    }];
    for post in POSTS {
        let head = post + v(-post.x.signum() * 1.3, 0.0, 0.0);
        lamps.push(Lamp {
            from: head - v(0.0, 0.1, 0.0),
            to: head - v(0.0, 0.1, 0.4),
            colour: grey(38.0),
            beam: Some((v(0.0, -1.0, 0.0), 1.6)),
        });
    }
    Place {
        lens: Lens::new(EYE, TARGET, 0.86),
        rig: Rig {
            sun: None,
            sky,
            ambient: (grey(0.075), grey(0.03)),
            reach: 1.6,
            lamps,
        },
        grade: Grade {
            exposure: 2.3,
            saturation: 0.0,
            tint: grey(1.0),
            vignette: 0.62,
            grain: 0.022,
        },
        world: World::new(things),
    }
}

fn sky(to: V) -> V {
    grey(0.012 + 0.035 * ease(0.28, 0.0, to.y))
}

/// Lines, kerbs and the cars that stay.
fn bays() -> Vec<Thing> {
    let mut things = Vec::new();
    for side in [-1.0f32, 1.0] {
        for line in 0..=BAYS {
            let foot = v(side * 6.1, -0.993, FIRST + line as f32 * BAY);
            things.push(Thing::block(foot, v(5.0, 1.0, 0.11), grey(0.42), concrete));
        }
        let length = BAYS as f32 * BAY + 1.0;
        let kerb = v(side * 8.85, -0.86, FIRST + length / 2.0 - 0.5);
        things.push(Thing::block(
            kerb,
            v(0.18, 1.0, length),
            grey(0.3),
            concrete,
        ));
        for bay in 0..BAYS {
            let pick = |which| hash(bay as i32, side as i32 * 9, which);
            if pick(0) < 0.28 || (side > 0.0 && bay == FREE) {
                continue;
            }
            let model = match (pick(1) * 4.0) as usize {
                0 | 1 => Model::Hatchback,
                2 => Model::Saloon,
                _ => Model::Van,
            };
            let foot = v(
                side * (6.2 + 0.3 * pick(2)),
                0.0,
                FIRST + (bay as f32 + 0.5) * BAY,
            );
            let nose_in = if pick(3) < 0.7 { side } else { -side };
            let heading = nose_in * FRAC_PI_2 + (pick(4) - 0.5) * 0.08;
            let paint = grey(0.05 + 0.4 * pick(5) * pick(5));
            things.extend(car(model, foot, heading, paint, Lights::Off));
        }
    }
    things
}

/// What stands around the bays.
fn surroundings() -> Vec<Thing> {
    let mut things = Vec::new();
    for post in POSTS {
        let side = post.x.signum();
        let head = post - v(side * 1.3, 0.0, 0.0);
        things.push(Thing::rod(v(post.x, 0.0, post.z), post, 0.075, grey(0.3)));
        things.push(Thing::rod(post, head, 0.05, grey(0.3)));
        things.push(Thing::block(head, v(0.55, 0.1, 0.28), grey(2.5), glowing));
    }
    things.extend(hedge(4, v(-12.0, 0.1, 18.0), v(1.0, 1.2, 34.0), grey(0.16)));
    for number in 0..12 {
        let z = 3.0 + number as f32 * 3.0;
        things.push(Thing::rod(
            v(12.4, 0.0, z),
            v(12.4, 2.0, z),
            0.04,
            grey(0.25),
        ));
    }
    for y in [0.35, 0.75, 1.15, 1.55, 1.95] {
        things.push(Thing::rod(
            v(12.4, y, 0.0),
            v(12.4, y, 38.0),
            0.018,
            grey(0.25),
        ));
    }
    for (seed, x, z, height, radius) in [
        (1, 15.8, 15.0, 4.2, 2.3),
        (2, 16.4, 26.0, 5.0, 2.6),
        (3, -15.2, 24.0, 4.6, 2.4),
        (5, -14.8, 8.0, 4.2, 2.1),
    ] {
        things.extend(tree(seed, v(x, 0.0, z), height, radius, grey(0.17)));
    }
    // The hall at the far end, with a lit entrance.
    let hall = v(0.0, 0.0, 46.0);
    things.push(Thing::block(hall, v(46.0, 7.0, 8.0), grey(0.2), boards));
    things.push(Thing::block(
        v(0.0, 0.0, 41.9),
        v(46.0, 0.9, 0.3),
        grey(0.16),
        brick,
    ));
    things.push(Thing::block(
        v(-3.6, 0.1, 41.85),
        v(2.6, 2.4, 0.2),
        grey(0.75),
        glowing,
    ));
    things.push(Thing::block(
        v(-3.6, 0.1, 41.8),
        v(0.1, 2.4, 0.24),
        grey(0.05),
        plain,
    ));
    things.push(Thing::block(
        v(-3.6, 2.7, 41.2),
        v(3.6, 0.12, 1.6),
        grey(0.2),
        painted,
    ));
    for number in 0..4 {
        let at = v(3.6 + number as f32 * 3.4, 3.9, 41.95);
        let level = if number == 1 { 0.34 } else { 0.012 };
        things.push(Thing::block(at, v(2.2, 1.2, 0.2), grey(level), glowing));
    }
    things
}

fn draw(still: &Still, picture: &mut Picture, seconds: f64) {
    let t = within(64.0, seconds);
    let mut actors = Vec::new();
    for head in POSTS {
        let at = head - v(head.x.signum() * 1.3, 0.0, 0.0);
        Glare {
            at,
            radius: 0.055,
            level: 0.5,
        }
        .draw(still, picture);
    }
    let (foot, heading, lights) = parking(t);
    if lights == Lights::On {
        headlights(still, picture, foot, heading);
    }
    let paint = grey(0.28);
    actors.push(Actor::new(
        foot,
        car(Model::Hatchback, foot, heading, paint, lights),
    ));
    actors.extend(driver(t));
    moving::draw(still, actors, picture);
    if lights == Lights::On {
        dazzle(still, picture, foot, heading);
    }
    moth(still, picture, seconds);
}

/// The car that comes, parks and leaves again; it is far away at both ends of the cycle.
fn parking(t: f32) -> (V, f32, Lights) {
    const IN: &[(f32, f32)] = &[
        (-1.6, 62.0),
        (-1.6, 50.0),
        (-1.6, 39.0),
        (-1.5, 29.0),
        (-1.5, 20.5),
        (-0.6, 14.9),
        (2.2, FREE_Z),
        (4.8, FREE_Z),
        (6.3, FREE_Z),
    ];
    const OUT: &[(f32, f32)] = &[
        (6.3, FREE_Z),
        (4.6, FREE_Z),
        (2.2, FREE_Z - 0.1),
        (0.4, 10.6),
        (-0.2, 8.0),
        (-0.2, 7.0),
    ];
    const AWAY: &[(f32, f32)] = &[
        (-0.2, 7.0),
        (-0.2, 8.6),
        (0.6, 15.0),
        (1.6, 24.0),
        (1.7, 34.0),
        (1.7, 46.0),
        (1.7, 60.0),
    ];
    let lit = if (0.0..12.5).contains(&t) || t > 43.0 {
        Lights::On
    } else {
        Lights::Off
    };
    if t < 44.0 {
        let part = (t / 11.5).min(1.0);
        // Slower and slower, and to a stop in the bay.
        let part = part + 0.35 * part * (1.0 - part);
        return (Path(IN).at(part), Path(IN).heading(part), lit);
    }
    if t < 50.0 {
        let part = ease(44.0, 50.0, t);
        return (Path(OUT).at(part), Path(OUT).heading(part) + PI, lit);
    }
    let part = ((t - 50.0) / 12.0).clamp(0.0, 1.0);
    let part = part * part * (1.6 - 0.6 * part);
    (Path(AWAY).at(part), Path(AWAY).heading(part), lit)
}

/// Who gets out, walks to the entrance, and comes back.
fn driver(t: f32) -> Option<Actor> {
    const WAY: &[(f32, f32)] = &[
        (6.4, FREE_Z + 1.25),
        (4.6, FREE_Z + 1.3),
        (2.4, FREE_Z + 2.2),
        (0.8, 19.0),
        (-0.8, 25.0),
        (-2.4, 32.0),
        (-3.6, 41.0),
    ];
    let part = match t {
        t if (14.0..27.0).contains(&t) => (t - 14.0) / 24.0,
        t if (27.0..42.0).contains(&t) => (42.0 - t) / 27.7,
        _ => return None,
    };
    let back = if t < 27.0 { 0.0 } else { PI };
    let wears = Clothes {
        top: grey(0.3),
        trousers: grey(0.08),
        hair: grey(0.05),
    };
    let foot = Path(WAY).at(part);
    let heading = Path(WAY).heading(part) + back;
    Some(Actor::new(
        foot,
        person(foot, heading, Path(WAY).walked(part), 1.0, &wears),
    ))
}

/// Headlights that look into the camera.
fn dazzle(still: &Still, picture: &mut Picture, foot: V, heading: f32) {
    let pose = crate::demo::render::math::Pose::at(foot, heading);
    for side in [-0.62, 0.62] {
        let at = pose.place(v(side, 0.66, 2.1));
        let toward = (still.place.lens.eye() - at).unit();
        let facing = pose.turn(v(0.0, 0.0, 1.0)).dot(toward).max(0.0);
        let near = ease(60.0, 10.0, (still.place.lens.eye() - at).length());
        let radius = 0.02 + 0.05 * near;
        Glare {
            at,
            radius,
            level: 1.1 * facing * facing,
        }
        .draw(still, picture);
    }
}

/// A moth near the camera, out of focus and much too bright; comes by now and then.
fn moth(still: &Still, picture: &mut Picture, seconds: f64) {
    let t = within(23.0, seconds);
    if t > 4.0 {
        return;
    }
    let lens = &still.place.lens;
    let x = (0.1 + 0.22 * t + 0.04 * (t * 9.0).sin()) * picture.width as f32;
    let y = (0.62 - 0.09 * t + 0.06 * (t * 6.3).sin()) * picture.height as f32;
    let flutter = 0.5 + 0.5 * (t * 47.0).sin();
    let at = lens.ray(x, y).at(1.2);
    Glare {
        at,
        radius: 0.014 + 0.006 * flutter,
        level: 0.35,
    }
    .draw(still, picture);
}
