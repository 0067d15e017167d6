//! A garden behind a house, on a breezy afternoon.

mod life;
mod pond;

use std::f32::consts::{FRAC_PI_2, PI};

use super::Scene;
use crate::demo::render::{
    finish::{boards, concrete, glass, grass, plaster, slabs, tiles},
    grade::Grade,
    lens::Lens,
    light::{Rig, Sun},
    math::{Pose, V, cloudy, ease, grey, v},
    plant::{bush, tree, woods},
    shape::Hull,
    still::Place,
    thing::{Thing, plain},
    world::World,
};

pub(super) const SCENE: Scene = Scene {
    place,
    draw: life::draw,
};

const LEAVES: V = v(0.085, 0.15, 0.03);
/// Middle and half axes of the pond.
const POND: V = v(-3.6, 0.0, 8.6);
const POND_SIZE: (f32, f32) = (1.9, 1.25);
/// Crowns of the trees that move in the wind.
const APPLE: V = v(-5.2, 3.1, 13.2);
const BIRCH: V = v(3.4, 5.6, 19.5);
/// Middle of the swing's bar.
const SWING: V = v(2.6, 2.15, 12.4);

fn place() -> Place {
    let mut things = terrace();
    things.extend(pond::pond());
    things.extend(fence_and_beds());
    things.extend(shed());
    things.extend(swing_frame());
    Place {
        lens: Lens::new(v(2.7, 4.3, -1.6), v(-0.6, 0.1, 9.4), 0.82),
        rig: Rig {
            sun: Some(Sun {
                toward: v(0.55, 0.62, -0.18).unit(),
                colour: v(3.0, 2.55, 1.95),
                radius: 0.02,
            }),
            sky,
            ambient: (v(0.60, 0.70, 0.86), v(0.24, 0.24, 0.16)),
            reach: 2.5,
            lamps: Vec::new(),
        },
        grade: Grade {
            exposure: 0.72,
            saturation: 0.86,
            tint: v(1.03, 1.0, 0.95),
            vignette: 0.34,
            grain: 0.012,
            calm: 0.18,
        },
        world: World::new(things),
    }
}

fn sky(to: V) -> V {
    let clear = v(1.6, 1.75, 1.95).mix(v(0.55, 0.85, 1.5), ease(0.0, 0.6, to.y));
    let over = v(to.x, 0.0, to.z) * (1.0 / (to.y.max(0.0) + 0.15));
    clear.mix(grey(2.1), ease(0.5, 0.8, cloudy(over * 1.1)))
}

/// Lawn, slabs, table and chairs.
fn terrace() -> Vec<Thing> {
    let mut things = vec![
        Thing::block(
            v(0.0, -1.0, 0.0),
            v(400.0, 1.0, 400.0),
            v(0.08, 0.135, 0.035),
            grass,
        ),
        Thing::block(
            v(0.5, -0.96, 0.6),
            v(13.0, 1.0, 6.6),
            v(0.36, 0.34, 0.31),
            slabs,
        ),
    ];
    for step in 0..7 {
        let foot = v(
            4.3 + 0.12 * (step as f32 * 1.7).sin(),
            -0.985,
            4.6 + step as f32 * 1.0,
        );
        things.push(Thing::block(foot, v(0.55, 1.0, 0.62), grey(0.33), concrete));
    }
    let teak = v(0.30, 0.17, 0.085);
    let table = v(-1.6, 0.04, 2.1);
    things.push(Thing::block(
        table + v(0.0, 0.7, 0.0),
        v(1.5, 0.05, 0.9),
        teak,
        boards,
    ));
    for (x, z) in [(-0.65, -0.36), (0.65, -0.36), (-0.65, 0.36), (0.65, 0.36)] {
        things.push(Thing::block(
            table + v(x, 0.0, z),
            v(0.07, 0.7, 0.07),
            teak * 0.8,
            plain,
        ));
    }
    for (x, z, turn) in [
        (-0.35, 0.85, PI),
        (0.45, 0.8, PI + 0.25),
        (-1.2, 0.1, FRAC_PI_2),
    ] {
        things.extend(chair(table + v(x, 0.0, z), turn, teak));
    }
    let mug = table + v(0.3, 0.78, 0.1);
    things.push(Thing::rod(
        mug,
        mug + v(0.0, 0.05, 0.0),
        0.04,
        v(0.5, 0.08, 0.05),
    ));
    for (seed, x) in [(71, -4.6), (72, 5.4)] {
        let foot = v(x, 0.04, 3.2);
        things.push(Thing::block(
            foot,
            v(0.45, 0.42, 0.45),
            v(0.35, 0.16, 0.09),
            plaster,
        ));
        things.extend(bush(
            seed,
            foot + v(0.0, 0.36, 0.0),
            0.36,
            v(0.10, 0.17, 0.06),
        ));
    }
    things
}

fn chair(foot: V, turn: f32, wood: V) -> Vec<Thing> {
    let pose = Pose::at(foot, turn);
    let part = |at: V, size: V| {
        Thing::hull(
            &Hull::block(size),
            Pose::at(pose.place(at), turn),
            wood,
            boards,
        )
    };
    let mut things = vec![
        part(v(0.0, 0.42, 0.0), v(0.46, 0.04, 0.44)),
        part(v(0.0, 0.5, -0.22), v(0.46, 0.45, 0.04)),
    ];
    for (x, z) in [(-0.2, -0.2), (0.2, -0.2), (-0.2, 0.2), (0.2, 0.2)] {
        things.push(part(v(x, 0.0, z), v(0.05, 0.42, 0.05)));
    }
    things
}

/// The end of the garden, and what is seen beyond it.
fn fence_and_beds() -> Vec<Thing> {
    let wood = v(0.24, 0.16, 0.10);
    let soil = v(0.07, 0.05, 0.035);
    let mut things = vec![
        Thing::block(v(0.0, 0.0, 16.2), v(21.0, 1.75, 0.06), wood, boards),
        Thing::block(v(-9.6, 0.0, 7.0), v(0.06, 1.75, 18.6), wood * 0.95, boards),
        Thing::block(v(9.8, 0.0, 7.0), v(0.06, 1.75, 18.6), wood * 0.9, boards),
        Thing::block(v(0.0, -0.97, 15.5), v(19.0, 1.0, 1.3), soil, concrete),
        Thing::block(v(-8.9, -0.97, 7.6), v(1.3, 1.0, 16.0), soil, concrete),
    ];
    for number in 0..16 {
        let wild = |k: f32| (number as f32 * k).sin();
        let size = 0.42 + 0.16 * wild(2.9);
        let tone = v(0.09 + 0.03 * wild(1.3), 0.15 + 0.03 * wild(3.1), 0.05);
        let along = if number < 9 {
            v(-8.0 + number as f32 * 1.35, 0.0, 15.4 + 0.15 * wild(4.0))
        } else {
            v(-8.8 + 0.1 * wild(5.0), 0.0, 1.5 + (number - 9) as f32 * 1.9)
        };
        things.extend(bush(80 + number, along, size, tone));
        for flower in 0..5 {
            let wild = |k: f32| ((number * 7 + flower) as f32 * k).sin();
            let at = along
                + v(
                    size * 0.8 * wild(1.7),
                    size * (1.15 + 0.25 * wild(2.2)),
                    -size * 0.6 * wild(1.1).abs(),
                );
            let colour =
                [v(0.75, 0.1, 0.16), v(0.8, 0.6, 0.06), v(0.7, 0.7, 0.72)][(number % 3) as usize];
            things.push(Thing::rod(at, at, 0.05, colour));
        }
    }
    things.extend(tree(91, v(APPLE.x, 0.0, APPLE.z), APPLE.y, 1.9, LEAVES));
    things.extend(tree(
        92,
        v(BIRCH.x, 0.0, BIRCH.z),
        BIRCH.y,
        2.4,
        LEAVES * 0.9,
    ));
    things.extend(tree(93, v(-12.5, 0.0, 24.0), 6.0, 3.2, LEAVES * 0.8));
    things.extend(tree(94, v(11.5, 0.0, 23.0), 5.2, 2.8, LEAVES * 0.85));
    things.extend(woods(95, v(-95.0, 0.0, 48.0), v(70.0, 0.0, 60.0), 8.0));
    let roof = Hull::prism(&[(-4.6, 0.0), (4.6, 0.0), (0.0, 2.9)], 6.5, 0.0);
    let neighbour = v(-4.5, 0.0, 30.0);
    things.push(Thing::block(
        neighbour,
        v(12.0, 4.6, 8.0),
        v(0.58, 0.54, 0.46),
        plaster,
    ));
    things.push(Thing::hull(
        &roof,
        Pose::at(neighbour + v(0.0, 4.6, 0.0), FRAC_PI_2),
        v(0.22, 0.10, 0.07),
        tiles,
    ));
    for x in [-3.6, 0.0, 3.6] {
        let at = neighbour + v(x, 2.6, -4.0);
        things.push(Thing::block(at, v(1.3, 1.3, 0.1), grey(0.65), plain));
        things.push(Thing::block(
            at + v(0.0, 0.08, -0.04),
            v(1.1, 1.14, 0.1),
            grey(0.04),
            glass,
        ));
    }
    things
}

fn shed() -> Vec<Thing> {
    let foot = v(6.9, 0.0, 13.4);
    let roof = Hull::prism(&[(-1.75, 0.0), (1.75, 0.0), (0.0, 0.75)], 1.6, 0.0);
    vec![
        Thing::block(foot, v(3.0, 2.1, 2.6), v(0.17, 0.20, 0.16), boards),
        Thing::hull(
            &roof,
            Pose::at(foot + v(0.0, 2.1, 0.0), 0.0),
            v(0.12, 0.11, 0.11),
            concrete,
        ),
        Thing::block(
            foot + v(-0.6, 0.05, -1.3),
            v(0.95, 1.85, 0.06),
            v(0.22, 0.15, 0.09),
            boards,
        ),
        Thing::block(
            foot + v(0.75, 0.9, -1.3),
            v(0.8, 0.7, 0.06),
            grey(0.6),
            plain,
        ),
        Thing::block(
            foot + v(0.75, 0.96, -1.33),
            v(0.68, 0.58, 0.06),
            grey(0.04),
            glass,
        ),
        Thing::rod(
            foot + v(-1.75, 0.0, -0.9),
            foot + v(-1.6, 1.6, -0.7),
            0.02,
            v(0.3, 0.2, 0.1),
        ),
        Thing::rod(
            foot + v(-2.1, 0.3, -0.6),
            foot + v(-2.1, 0.6, -0.6),
            0.28,
            v(0.05, 0.13, 0.08),
        ),
    ]
}

fn swing_frame() -> Vec<Thing> {
    let red = v(0.35, 0.05, 0.035);
    let half = v(1.15, 0.0, 0.0);
    let mut things = vec![Thing::rod(SWING - half, SWING + half, 0.035, red)];
    for end in [SWING - half, SWING + half] {
        for lean in [-0.75, 0.75] {
            things.push(Thing::rod(end, v(end.x, 0.0, end.z + lean), 0.03, red));
        }
    }
    things
}
