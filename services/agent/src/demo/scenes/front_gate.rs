//! A drive with a gate to the street, on a fair day.

use super::Scene;
use crate::demo::render::{
    finish::{brick, concrete, glass, grass, pavers, plaster, slabs},
    grade::Grade,
    lens::Lens,
    light::{Rig, Sun},
    math::{Pose, V, cloudy, ease, grey, v},
    plant::{bush, hedge, tree},
    shape::Hull,
    still::Place,
    thing::{Thing, plain},
    world::World,
};

mod life;
mod street;

pub(super) const SCENE: Scene = Scene {
    place,
    draw: life::draw,
};

const LEAVES: V = v(0.075, 0.15, 0.035);
const BRICK: V = v(0.33, 0.15, 0.10);

fn place() -> Place {
    let mut things = grounds();
    things.extend(boundary());
    things.extend(street::street());
    things.extend(house());
    Place {
        lens: Lens::new(v(-1.6, 4.4, -2.6), v(0.5, 0.3, 12.0), 0.80),
        rig: Rig {
            sun: Some(Sun {
                toward: v(-0.62, 0.70, 0.10).unit(),
                colour: v(2.9, 2.6, 2.15),
                radius: 0.018,
            }),
            sky,
            ambient: (v(0.60, 0.72, 0.92), v(0.24, 0.22, 0.18)),
            reach: 3.0,
            lamps: Vec::new(),
        },
        grade: Grade {
            exposure: 0.72,
            saturation: 0.85,
            tint: v(0.98, 1.0, 1.02),
            vignette: 0.30,
            grain: 0.010,
            calm: 0.18,
        },
        world: World::new(things),
    }
}

/// Crown of the tree on the lawn.
const TREE: V = v(6.6, 3.4, 9.4);

fn sky(to: V) -> V {
    let clear = v(1.7, 1.8, 1.95).mix(v(0.6, 0.9, 1.5), ease(0.0, 0.5, to.y));
    let over = v(to.x, 0.0, to.z) * (1.0 / (to.y.max(0.0) + 0.12));
    clear.mix(grey(2.2), ease(0.42, 0.75, cloudy(over * 0.9)))
}

/// Drive, lawn, path and what stands on them.
fn grounds() -> Vec<Thing> {
    let mut things = vec![
        Thing::block(
            v(0.0, -1.0, 0.0),
            v(400.0, 1.0, 400.0),
            v(0.07, 0.125, 0.035),
            grass,
        ),
        Thing::block(
            v(0.0, -0.98, 4.0),
            v(4.6, 1.0, 23.0),
            v(0.36, 0.32, 0.27),
            pavers,
        ),
    ];
    for side in [-2.4, 2.4] {
        let size = v(0.12, 1.0, 21.0);
        things.push(Thing::block(
            v(side, -0.93, 3.4),
            size,
            grey(0.42),
            concrete,
        ));
    }
    things.extend(tree(3, v(TREE.x, 0.0, TREE.z), TREE.y, 1.7, LEAVES));
    for (seed, x, z, radius) in [
        (5, 3.5, 12.9, 0.5),
        (6, 4.5, 12.8, 0.62),
        (7, 5.7, 13.0, 0.55),
        (9, -3.2, 12.6, 0.6),
        (8, 3.2, 2.2, 0.45),
    ] {
        things.extend(bush(seed, v(x, 0.0, z), radius, v(0.09, 0.16, 0.05)));
    }
    let bin = Hull::prism(
        &[(-0.24, 0.05), (0.24, 0.05), (0.3, 0.95), (-0.3, 0.95)],
        0.33,
        -0.05,
    );
    for (x, colour) in [(-3.6, v(0.03, 0.04, 0.035)), (-4.35, v(0.05, 0.09, 0.2))] {
        things.push(Thing::hull(
            &bin,
            Pose::at(v(x, 0.0, 11.2), 1.6),
            colour,
            plain,
        ));
        let lid = v(x, 0.95, 11.2);
        things.push(Thing::block(lid, v(0.68, 0.07, 0.66), colour * 1.6, plain));
    }
    things
}

/// Wall, hedge and gate posts towards the street.
fn boundary() -> Vec<Thing> {
    let mut things = Vec::new();
    for (side, length) in [(-1.0, 12.0), (1.0, 9.0)] {
        let middle = side * (2.75 + length / 2.0);
        let foot = v(middle, 0.0, 14.2);
        things.push(Thing::block(foot, v(length, 0.75, 0.3), BRICK, brick));
        things.push(Thing::block(
            foot + v(0.0, 0.75, 0.0),
            v(length, 0.07, 0.4),
            grey(0.45),
            concrete,
        ));
        things.extend(hedge(
            20 + side as i32,
            v(middle, 0.0, 13.7),
            v(length, 1.45, 0.7),
            LEAVES,
        ));
        let post = v(side * 2.55, 0.0, 14.2);
        things.push(Thing::block(post, v(0.55, 2.0, 0.55), BRICK, brick));
        things.push(Thing::block(
            post + v(0.0, 2.0, 0.0),
            v(0.72, 0.1, 0.72),
            grey(0.5),
            concrete,
        ));
        let lamp = post + v(0.0, 2.28, 0.0);
        things.push(Thing::rod(lamp, lamp, 0.16, v(0.85, 0.83, 0.78)));
    }
    things.extend(hedge(
        31,
        v(11.6, 0.0, 6.0),
        v(0.8, 1.7, 17.0),
        LEAVES * 0.9,
    ));
    things.push(Thing::block(
        v(2.55, 1.15, 13.9),
        v(0.3, 0.35, 0.1),
        v(0.25, 0.03, 0.03),
        plain,
    ));
    things
}

/// The house the camera hangs on, at the left edge of the view.
fn house() -> Vec<Thing> {
    let wall = v(0.66, 0.62, 0.54);
    let mut things = vec![
        Thing::block(v(-8.9, 0.0, 2.5), v(8.0, 6.0, 12.0), wall, plaster),
        Thing::block(
            v(-8.88, 0.0, 2.5),
            v(8.06, 0.5, 12.06),
            grey(0.25),
            concrete,
        ),
        Thing::rod(v(-4.8, 0.0, 8.2), v(-4.8, 6.0, 8.2), 0.05, grey(0.3)),
        Thing::block(v(-3.9, -0.97, 5.4), v(2.0, 1.0, 2.0), grey(0.4), slabs),
        Thing::block(
            v(-4.85, 0.1, 5.4),
            v(0.12, 2.15, 1.1),
            v(0.13, 0.06, 0.04),
            plain,
        ),
        Thing::block(v(-4.3, 2.45, 5.4), v(1.3, 0.09, 1.8), grey(0.3), concrete),
    ];
    for z in [2.2, 7.2] {
        things.push(Thing::block(
            v(-4.86, 0.95, z),
            v(0.1, 1.4, 1.3),
            grey(0.75),
            plain,
        ));
        things.push(Thing::block(
            v(-4.83, 1.02, z),
            v(0.1, 1.26, 1.16),
            grey(0.04),
            glass,
        ));
        things.push(Thing::block(
            v(-4.8, 0.9, z),
            v(0.3, 0.06, 1.5),
            grey(0.5),
            concrete,
        ));
    }
    things
}
