//! Racks and goods.

use crate::demo::render::{
    finish::{boards, painted},
    math::{Pose, V, grey, hash, noise, v},
    shape::Hull,
    thing::{Look, Thing, plain},
};

/// Length of a bay of the racks, and how many there are along the aisle.
const BAY: f32 = 2.9;
const BAYS: usize = 9;
/// Where the racks begin.
const FIRST: f32 = 4.0;
/// Heights of the shelves.
const SHELVES: [f32; 4] = [0.12, 1.75, 3.35, 4.95];
const RACK_DEPTH: f32 = 1.1;

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
pub(super) fn rack(number: i32, x: f32) -> Vec<Thing> {
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
