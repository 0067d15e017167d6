//! A pond.

use super::{POND, POND_SIZE};
use crate::demo::render::{
    math::{Pose, V, grey, noise, v},
    shape::Hull,
    thing::{Look, Thing},
};

/// Water with stones around it.
pub(super) fn pond() -> Vec<Thing> {
    let outline: Vec<(f32, f32)> = (0..20)
        .map(|corner| {
            let angle = std::f32::consts::TAU * corner as f32 / 20.0;
            (POND_SIZE.0 * angle.cos(), POND_SIZE.1 * angle.sin())
        })
        .collect();
    let surface = Hull::prism(&outline, 0.5, 0.0);
    let mut things = vec![Thing::hull(
        &surface,
        Pose::upright(POND - v(0.0, 0.47, 0.0)),
        v(0.015, 0.03, 0.028),
        water,
    )];
    for stone in 0..24 {
        let angle = std::f32::consts::TAU * stone as f32 / 24.0;
        let wild = |k: f32| (stone as f32 * k).sin();
        let far = 1.06 + 0.04 * wild(3.7);
        let at = POND
            + v(
                POND_SIZE.0 * far * angle.cos(),
                0.03,
                POND_SIZE.1 * far * angle.sin(),
            );
        let size = 0.13 + 0.05 * wild(5.1);
        let along = v(-angle.sin(), 0.0, angle.cos()) * 0.12;
        let tone = grey(0.24 + 0.08 * wild(2.3));
        things.push(Thing::rod(at - along, at + along, size, tone).finished(stony));
    }
    for reed in 0..26 {
        let wild = |k: f32| (reed as f32 * k).sin();
        let foot = POND + v(-1.5 + 0.4 * wild(1.9), 0.0, 0.75 + 0.3 * wild(2.7));
        let tip = foot + v(0.14 * wild(4.1), 0.75 + 0.25 * wild(3.3), 0.1 * wild(5.9));
        things.push(Thing::rod(foot, tip, 0.012, v(0.10, 0.16, 0.05)));
    }
    for (x, z, size) in [(0.5, 0.3, 0.16), (0.8, 0.1, 0.12), (0.3, -0.5, 0.14)] {
        let at = POND + v(x, 0.035, z);
        things.push(Thing::leaf(
            at,
            v(size, 0.0, 0.0),
            v(0.0, 0.0, size),
            v(0.07, 0.17, 0.05),
        ));
    }
    things
}

fn water(colour: V, _: V, _: V) -> Look {
    Look {
        mirror: 0.32,
        ..Look::matt(colour)
    }
}

fn stony(colour: V, at: V, _: V) -> Look {
    Look::matt(colour * (0.7 + 0.6 * noise(at * 14.0)))
}
