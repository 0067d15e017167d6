//! An aisle of a warehouse, with a forklift at work.

mod life;
mod rack;

use super::Scene;
use crate::demo::render::{
    finish::{boards, concrete, glowing, painted},
    grade::Grade,
    lens::Lens,
    light::{Lamp, Rig},
    math::{V, ease, grey, hash, noise, v},
    still::Place,
    thing::{Look, Thing, plain},
    world::World,
};

pub(super) const SCENE: Scene = Scene {
    place,
    draw: life::draw,
};

const CEILING: f32 = 8.2;

fn place() -> Place {
    let mut things = hall();
    things.extend(ceiling());
    for (number, x) in [-2.75f32, 2.75, -7.4, 7.4].into_iter().enumerate() {
        things.extend(rack::rack(number as i32, x));
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
            calm: 0.26,
        },
        world: World::new(things),
    }
}

/// Floor, walls and roof.
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
    things
}

/// Beams under the roof, tubes, and a pipe.
fn ceiling() -> Vec<Thing> {
    let mut things = Vec::new();
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
