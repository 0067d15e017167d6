//! The street, and what stands on its other side.

use std::f32::consts::FRAC_PI_2;

use super::LEAVES;
use crate::demo::render::{
    figure::car::{Lights, Model, car},
    finish::{asphalt, concrete, glass, plaster, slabs, tiles},
    math::{Pose, V, grey, v},
    plant::{hedge, tree, woods},
    shape::Hull,
    thing::{Thing, plain},
};

/// Pavements, road, and the other side of the street.
pub(super) fn street() -> Vec<Thing> {
    let mut things = vec![
        Thing::block(v(0.0, -0.97, 15.6), v(120.0, 1.0, 2.0), grey(0.36), slabs),
        Thing::block(
            v(0.0, -0.96, 16.65),
            v(120.0, 1.0, 0.14),
            grey(0.42),
            concrete,
        ),
        Thing::block(v(0.0, -0.99, 19.9), v(120.0, 1.0, 6.4), grey(0.10), asphalt),
        Thing::block(
            v(0.0, -0.96, 23.15),
            v(120.0, 1.0, 0.14),
            grey(0.42),
            concrete,
        ),
        Thing::block(v(0.0, -0.97, 24.2), v(120.0, 1.0, 2.0), grey(0.34), slabs),
    ];
    for dash in -12..13 {
        let foot = v(dash as f32 * 4.2 + 1.0, -0.984, 19.9);
        things.push(Thing::block(foot, v(1.8, 1.0, 0.13), grey(0.55), concrete));
    }
    things.extend(hedge(41, v(-13.0, 0.0, 25.8), v(17.0, 1.3, 0.8), LEAVES));
    things.extend(hedge(
        42,
        v(15.0, 0.0, 25.8),
        v(22.0, 1.5, 0.8),
        LEAVES * 0.85,
    ));
    things.extend(villa(
        v(-13.0, 0.0, 34.0),
        v(11.0, 5.4, 8.0),
        v(0.62, 0.58, 0.48),
    ));
    things.extend(villa(
        v(5.0, 0.0, 36.0),
        v(12.0, 5.8, 8.0),
        v(0.55, 0.55, 0.56),
    ));
    things.extend(villa(
        v(24.0, 0.0, 35.0),
        v(12.0, 5.4, 8.0),
        v(0.60, 0.50, 0.42),
    ));
    for (seed, x, z, height, radius) in [
        (51, -3.6, 30.0, 4.4, 2.4),
        (52, 14.4, 29.0, 3.9, 2.1),
        (53, -24.0, 33.0, 5.2, 3.0),
    ] {
        things.extend(tree(seed, v(x, 0.0, z), height, radius, LEAVES));
    }
    things.extend(woods(61, v(-60.0, 0.0, 62.0), v(75.0, 0.0, 58.0), 8.0));
    things.extend(woods(62, v(34.0, 0.0, 30.0), v(62.0, 0.0, 44.0), 6.5));
    let pole = v(8.2, 0.0, 25.0);
    things.push(Thing::rod(pole, pole + v(0.0, 7.0, 0.0), 0.08, grey(0.3)));
    things.push(Thing::rod(
        pole + v(0.0, 7.0, 0.0),
        pole + v(0.0, 7.2, -1.6),
        0.06,
        grey(0.3),
    ));
    things.extend(car(
        Model::Hatchback,
        v(-8.4, 0.01, 22.1),
        FRAC_PI_2,
        v(0.16, 0.2, 0.28),
        Lights::Off,
    ));
    things
}

/// A house across the street, with a roof and windows towards us.
fn villa(foot: V, size: V, colour: V) -> Vec<Thing> {
    let roof = [
        (-size.z / 2.0 - 0.5, 0.0),
        (size.z / 2.0 + 0.5, 0.0),
        (0.0, 3.0),
    ];
    let roof = Hull::prism(&roof, size.x / 2.0 + 0.5, 0.0);
    let mut things = vec![
        Thing::block(foot, size, colour, plaster),
        Thing::hull(
            &roof,
            Pose::at(foot + v(0.0, size.y, 0.0), std::f32::consts::FRAC_PI_2),
            v(0.26, 0.11, 0.08),
            tiles,
        ),
    ];
    for column in -1..2 {
        for row in 0..2 {
            let at = foot
                + v(
                    column as f32 * size.x * 0.3,
                    1.0 + row as f32 * 2.6,
                    -size.z / 2.0,
                );
            things.push(Thing::block(
                at + v(0.0, -0.06, 0.0),
                v(1.5, 1.52, 0.08),
                grey(0.7),
                plain,
            ));
            for pane in [-0.34, 0.34] {
                let at = at + v(pane, 0.0, -0.03);
                things.push(Thing::block(at, v(0.6, 1.4, 0.08), grey(0.04), glass));
            }
        }
    }
    things
}
