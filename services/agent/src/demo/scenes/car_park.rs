//! A car park at night, lit by a few lamps and by the camera's own infrared light.

mod life;

use std::f32::consts::FRAC_PI_2;

use super::Scene;
use crate::demo::render::{
    figure::car::{Lights, Model, car},
    finish::{asphalt, boards, brick, concrete, glowing, painted},
    grade::Grade,
    lens::Lens,
    light::{Lamp, Rig},
    math::{V, ease, grey, hash, v},
    plant::{hedge, tree},
    still::Place,
    thing::{Thing, plain},
    world::World,
};

pub(super) const SCENE: Scene = Scene {
    place,
    draw: life::draw,
};

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
            calm: 0.18,
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
