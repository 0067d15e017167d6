//! An aisle of a warehouse, with a forklift at work.

use std::f32::consts::{FRAC_PI_2, PI};

use super::{Scene, within};
use crate::demo::picture::Picture;
use crate::demo::render::figure::forklift::{Fork, forklift};
use crate::demo::render::figure::person::{Clothes, person};
use crate::demo::render::finish::{boards, concrete, glowing, painted};
use crate::demo::render::glow::Glare;
use crate::demo::render::lens::Lens;
use crate::demo::render::light::{Lamp, Rig};
use crate::demo::render::math::{Pose, V, ease, grey, hash, noise, v};
use crate::demo::render::moving::{self, Actor};
use crate::demo::render::path::Path;
use crate::demo::render::shape::{Hull, Look, Thing, plain};
use crate::demo::render::still::{Grade, Place, Still};
use crate::demo::render::world::World;

pub(super) const SCENE: Scene = Scene { place, draw };

/// Length of a bay of the racks, and how many there are along the aisle.
const BAY: f32 = 2.9;
const BAYS: usize = 9;
/// Where the racks begin.
const FIRST: f32 = 4.0;
/// Heights of the shelves.
const SHELVES: [f32; 4] = [0.12, 1.75, 3.35, 4.95];
const RACK_DEPTH: f32 = 1.1;
const CEILING: f32 = 8.2;

fn place() -> Place {
    let mut things = hall();
    for (number, x) in [-2.75f32, 2.75, -7.4, 7.4].into_iter().enumerate() {
        things.extend(rack(number as i32, x));
    }
    let mut lamps = Vec::new();
    for (x, z) in [
        (0.0, 6.0),
        (0.0, 16.0),
        (0.0, 26.0),
        (-5.0, 14.0),
        (5.0, 14.0),
    ] {
        let from = v(x, CEILING - 0.7, z - 3.2);
        let to = v(x, CEILING - 0.7, z + 3.2);
        let level = if x == 0.0 { 16.0 } else { 9.0 };
        lamps.push(Lamp {
            from,
            to,
            colour: v(0.95, 1.0, 0.92) * level,
            beam: None,
        });
    }
    Place {
        lens: Lens::new(v(-1.1, 5.6, -1.8), v(0.25, 0.9, 11.0), 0.84),
        rig: Rig {
            sun: None,
            sky: |_| grey(0.1),
            ambient: (v(0.16, 0.17, 0.16), v(0.11, 0.11, 0.10)),
            reach: 2.2,
            lamps,
        },
        grade: Grade {
            exposure: 2.5,
            saturation: 0.86,
            tint: v(0.97, 1.03, 0.95),
            vignette: 0.34,
            grain: 0.011,
        },
        world: World::new(things),
    }
}

/// Floor, walls, roof and what hangs from it.
fn hall() -> Vec<Thing> {
    let mut things = vec![
        Thing::block(
            v(0.0, -1.0, 15.0),
            v(40.0, 1.0, 60.0),
            v(0.36, 0.36, 0.34),
            floor,
        ),
        Thing::block(
            v(0.0, CEILING, 15.0),
            v(40.0, 0.3, 60.0),
            v(0.30, 0.31, 0.32),
            boards,
        ),
        Thing::block(
            v(0.0, 0.0, 36.2),
            v(40.0, CEILING, 0.4),
            v(0.55, 0.56, 0.54),
            boards,
        ),
        Thing::block(
            v(-14.0, 0.0, 15.0),
            v(0.4, CEILING, 60.0),
            grey(0.5),
            concrete,
        ),
        Thing::block(
            v(14.0, 0.0, 15.0),
            v(0.4, CEILING, 60.0),
            grey(0.5),
            concrete,
        ),
        Thing::block(
            v(-0.4, 0.0, 35.95),
            v(4.0, 4.3, 0.2),
            v(0.20, 0.27, 0.36),
            slats,
        ),
        Thing::block(
            v(3.9, 0.0, 35.9),
            v(1.05, 2.1, 0.2),
            v(0.3, 0.3, 0.28),
            painted,
        ),
        Thing::block(
            v(3.9, 2.35, 35.8),
            v(0.8, 0.32, 0.1),
            v(0.05, 0.9, 0.35),
            glowing,
        ),
        Thing::block(
            v(-0.4, 4.9, 35.9),
            v(1.4, 0.7, 0.1),
            v(0.55, 0.5, 0.05),
            plain,
        ),
    ];
    for side in [-1.0, 1.0] {
        let line = v(side * 1.75, -0.996, 17.0);
        things.push(Thing::block(
            line,
            v(0.1, 1.0, 38.0),
            v(0.55, 0.42, 0.04),
            concrete,
        ));
    }
    for z in 0..8 {
        let at = v(0.0, CEILING - 0.5, 0.5 + z as f32 * 4.6);
        things.push(Thing::block(
            at,
            v(40.0, 0.3, 0.18),
            v(0.22, 0.23, 0.25),
            painted,
        ));
    }
    for (x, first) in [(0.0, 0), (-5.0, 1), (5.0, 1)] {
        for tube in first..6 {
            let at = v(x, CEILING - 0.62, 3.0 + tube as f32 * 5.2);
            things.push(Thing::block(at, v(0.28, 0.07, 3.0), grey(3.2), glowing));
        }
    }
    things.push(Thing::rod(
        v(1.1, 7.4, -2.0),
        v(1.1, 7.4, 36.0),
        0.05,
        v(0.4, 0.05, 0.04),
    ));
    things
}

fn floor(colour: V, at: V, _: V) -> Look {
    let joint = (at.z / 5.8).fract().abs() * 5.8 < 0.03;
    let worn = 0.82 + 0.22 * noise(v(at.x * 0.8, 0.0, at.z * 0.35)) + 0.1 * noise(at * 6.0);
    let track =
        ease(0.35, 0.1, (at.x.abs() - 0.6).abs()) * 0.16 * noise(v(at.x * 5.0, 0.0, at.z * 0.5));
    let shine = 0.05 + 0.05 * noise(at * 1.7);
    let dull = |which| hash((at.x * 900.0) as i32, (at.z * 900.0) as i32, which) - 0.5;
    let bump = v(dull(1), 0.0, dull(2)) * 0.09;
    let level = if joint { 0.5 } else { worn - track };
    Look {
        mirror: shine,
        bump,
        ..Look::matt(colour * level)
    }
}

fn slats(colour: V, at: V, _: V) -> Look {
    let part = (at.y * 4.0).fract();
    Look::matt(colour * (0.6 + 0.5 * ease(0.0, 0.9, part)))
}

fn carton(colour: V, at: V, normal: V) -> Look {
    let tape = normal.y.abs() < 0.5 && at.x.abs().min(at.z.abs()) < 0.03;
    let label = normal.z.abs().max(normal.x.abs()) > 0.7
        && (at.y - 0.32).abs() < 0.1
        && (at.x + at.z - 0.2).abs() < 0.12;
    let tone = match (label, tape) {
        (true, _) => grey(0.75),
        (_, true) => colour * 1.25,
        _ => colour * (0.9 + 0.2 * noise(at * 6.0)),
    };
    Look::matt(tone)
}

fn hoops(colour: V, at: V, _: V) -> Look {
    let hoop = [-0.15, 0.15].iter().any(|z| (at.z - z).abs() < 0.02) || at.z.abs() > 0.4;
    Look {
        mirror: 0.03,
        ..Look::matt(if hoop { colour * 0.5 } else { colour })
    }
}

/// One rack along the aisle: uprights, beams, and what lies on the shelves.
fn rack(number: i32, x: f32) -> Vec<Thing> {
    let mut things = Vec::new();
    let (blue, orange) = (v(0.035, 0.08, 0.26), v(0.55, 0.17, 0.025));
    for post in 0..=BAYS {
        let z = FIRST + post as f32 * BAY;
        for side in [-1.0, 1.0] {
            let foot = v(x + side * RACK_DEPTH / 2.0, 0.0, z);
            things.push(Thing::block(foot, v(0.1, 6.4, 0.1), blue, painted));
        }
        for step in 0..5 {
            let from = v(x - RACK_DEPTH / 2.0, 0.3 + step as f32 * 1.2, z);
            let to = v(x + RACK_DEPTH / 2.0, 1.5 + step as f32 * 1.2, z);
            things.push(Thing::rod(from, to, 0.02, blue));
        }
    }
    let length = BAYS as f32 * BAY;
    for (level, &height) in SHELVES.iter().enumerate() {
        if level > 0 {
            for side in [-1.0, 1.0] {
                let foot = v(
                    x + side * RACK_DEPTH / 2.0,
                    height - 0.14,
                    FIRST + length / 2.0,
                );
                things.push(Thing::block(foot, v(0.06, 0.14, length), orange, painted));
            }
        }
        for place in 0..BAYS * 2 {
            let pick = |which| hash(number * 31 + level as i32, place as i32, which);
            if pick(0) < 0.17 {
                continue;
            }
            let z = FIRST + (place as f32 + 0.5) * BAY / 2.0 + 0.02;
            things.extend(pallet(v(x, height, z), &pick));
        }
    }
    things
}

/// A pallet with goods.
fn pallet(foot: V, pick: &dyn Fn(i32) -> f32) -> Vec<Thing> {
    let wood = v(0.30, 0.21, 0.12);
    let mut things = vec![
        Thing::block(foot + v(0.0, 0.09, 0.0), v(1.15, 0.04, 1.15), wood, boards),
        Thing::block(foot, v(1.1, 0.09, 0.12), wood * 0.8, plain),
    ];
    let top = foot + v(0.0, 0.13, 0.0);
    let height = 0.55 + 0.65 * pick(1);
    let kraft = v(0.36, 0.25, 0.14) * (0.8 + 0.4 * pick(2));
    match (pick(3) * 5.0) as usize {
        0 => {
            // Wrapped in film.
            let film = v(0.42, 0.44, 0.46) * (0.5 + 0.7 * pick(4));
            things.push(Thing::block(top, v(1.05, height, 1.05), film, painted));
        }
        1 => {
            let colours = [v(0.05, 0.12, 0.35), v(0.3, 0.05, 0.04), v(0.1, 0.25, 0.12)];
            let colour = colours[(pick(5) * 3.0) as usize % 3];
            let drum = Hull::disc(0.27, 0.86);
            for (dx, dz) in [(-0.27, -0.27), (0.27, -0.27), (-0.27, 0.27), (0.27, 0.27)] {
                let pose = Pose::upright(top + v(dx, 0.43, dz));
                things.push(Thing::hull(&drum, pose, colour, hoops));
            }
        }
        _ => {
            let layer = height / 2.0;
            for (number, (dx, dz)) in [(-0.27, -0.27), (0.27, -0.27), (-0.27, 0.27), (0.27, 0.27)]
                .into_iter()
                .enumerate()
            {
                let layers = if pick(6 + number as i32) < 0.25 { 1 } else { 2 };
                for level in 0..layers {
                    let at = top + v(dx, level as f32 * layer, dz);
                    let tone = kraft * (0.85 + 0.3 * pick(20 + number as i32 * 2 + level));
                    things.push(Thing::block(at, v(0.52, layer - 0.01, 0.52), tone, carton));
                }
            }
        }
    }
    things
}

const DRIVE: &[(f32, f32)] = &[
    (0.5, 40.0),
    (0.5, 33.0),
    (0.45, 26.0),
    (0.4, 19.0),
    (0.35, 14.0),
    (0.35, 11.0),
];

fn draw(still: &Still, picture: &mut Picture, seconds: f64) {
    let t = within(70.0, seconds);
    let mut actors = Vec::new();
    // In, lift the load up and look for its place, back out.
    let (part, back) = match t {
        t if t < 14.0 => (ease(-3.0, 14.0, t), false),
        t if t < 34.0 => (1.0, false),
        t => (1.0 - ease(34.0, 50.0, t), true),
    };
    let raised = ease(16.0, 21.0, t) * ease(32.0, 27.0, t) * 2.6;
    let turn = ease(14.0, 17.5, t) * ease(34.0, 30.5, t) * -FRAC_PI_2 * 0.92;
    let loaded = t < 25.5;
    let foot = Path(DRIVE).at(part);
    let heading = PI + turn;
    let rolled = Path(DRIVE).walked(part) * if back { -1.0 } else { 1.0 };
    let fork = Fork {
        raised: 0.12 + raised,
        loaded,
    };
    actors.push(Actor::new(foot, forklift(foot, heading, rolled, &fork)));
    actors.extend(workers(t));
    moving::draw(still, actors, picture);
    let blink = ((seconds * 1.6).fract() < 0.4) as u8;
    if part < 1.0 && blink == 1 {
        let at = foot + v(0.0, 2.28, 0.0);
        Glare {
            at,
            radius: 0.03,
            level: 0.75,
        }
        .draw(still, picture);
    }
}

/// One who picks goods, one who walks through.
fn workers(t: f32) -> Vec<Actor> {
    const ROUND: &[(f32, f32)] = &[
        (-1.5, 36.0),
        (-1.4, 29.0),
        (-1.2, 22.0),
        (-1.3, 16.0),
        (-1.5, 11.2),
        (-1.35, 7.0),
        (-1.0, 1.0),
        (-0.6, -4.0),
    ];
    const BACK: &[(f32, f32)] = &[
        (1.2, -4.0),
        (1.3, 3.0),
        (1.45, 9.0),
        (1.4, 15.0),
        (1.4, 22.0),
        (1.4, 36.0),
    ];
    let vest = v(0.75, 0.62, 0.04);
    let picker = Clothes {
        top: vest,
        trousers: v(0.05, 0.06, 0.1),
        hair: v(0.6, 0.55, 0.1),
    };
    let porter = Clothes {
        top: v(0.75, 0.22, 0.03),
        trousers: v(0.07, 0.07, 0.08),
        hair: v(0.03, 0.02, 0.02),
    };
    let mut actors = Vec::new();
    let mut walk = |path: &'static [(f32, f32)], part: f32, pace: f32, wears: &Clothes| {
        let foot = Path(path).at(part);
        let heading = Path(path).heading(part) + (1.0 - pace) * 1.45;
        let walked = Path(path).walked(part);
        actors.push(Actor::new(foot, person(foot, heading, walked, pace, wears)));
    };
    if t < 46.0 {
        // Stops at a shelf half way.
        let part = if t < 20.0 {
            t / 36.0
        } else {
            0.5556 + (t - 26.0).max(0.0) / 45.0
        };
        let pace = ease(20.0, 19.5, t) + ease(26.0, 26.5, t);
        walk(ROUND, part, pace, &picker);
    }
    if t > 44.0 {
        walk(BACK, (t - 44.0) / 26.0, 1.0, &porter);
    }
    actors
}
