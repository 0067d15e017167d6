//! A forklift truck.

use std::f32::consts::FRAC_PI_2;

use crate::demo::render::finish::{boards, painted};
use crate::demo::render::math::{Pose, V, grey, v};
use crate::demo::render::shape::{Finish, Hull, Look, Thing};

/// What the fork carries, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fork {
    /// Height above the ground, metres.
    pub(crate) raised: f32,
    pub(crate) loaded: bool,
}

/// A forklift at a place of the ground, headed `heading` radians from z towards x, that has rolled
/// so many metres.
pub(crate) fn forklift(foot: V, heading: f32, rolled: f32, fork: &Fork) -> Vec<Thing> {
    let pose = Pose::at(foot, heading);
    let orange = v(0.62, 0.24, 0.02);
    let dark = grey(0.03);
    let block = |at: V, size: V, colour: V, finish: Finish| {
        Thing::hull(
            &Hull::block(size),
            Pose::at(pose.place(at), heading),
            colour,
            finish,
        )
    };
    let bar = |from: V, to: V, radius: f32, colour: V| {
        Thing::rod(pose.place(from), pose.place(to), radius, colour)
    };
    let weight = Hull::prism(
        &[(-0.55, 0.2), (0.55, 0.2), (0.5, 0.98), (-0.5, 0.98)],
        0.38,
        0.12,
    );
    let mut things = vec![
        block(v(0.0, 0.2, 0.1), v(1.05, 0.5, 1.5), orange, painted),
        Thing::hull(
            &weight,
            Pose::at(pose.place(v(0.0, 0.05, -0.75)), heading),
            orange,
            stripes,
        ),
        block(v(0.0, 0.7, -0.25), v(0.55, 0.18, 0.5), dark, painted),
        block(v(0.0, 0.85, -0.48), v(0.5, 0.5, 0.12), dark, painted),
        block(v(0.0, 2.08, -0.1), v(1.0, 0.05, 1.25), dark, painted),
        bar(
            v(0.0, 2.18, -0.4),
            v(0.0, 2.24, -0.4),
            0.06,
            v(0.9, 0.4, 0.02),
        ),
        bar(v(0.0, 0.75, 0.55), v(0.0, 1.12, 0.32), 0.03, dark),
        block(
            v(0.0, fork.raised + 0.05, 0.98),
            v(0.9, 0.45, 0.06),
            dark,
            painted,
        ),
    ];
    let mast = (fork.raised + 0.6).max(2.1);
    let wheel = Hull::disc(0.27, 0.22);
    for side in [-1.0, 1.0] {
        for z in [0.62, -0.72] {
            let place = Pose::at(pose.place(v(side * 0.48, 0.27, z)), heading - FRAC_PI_2);
            things.push(Thing::hull(&wheel, place.rolled(rolled / 0.27), dark, tyre));
        }
        things.push(block(
            v(side * 0.3, 0.1, 0.88),
            v(0.1, mast, 0.1),
            grey(0.06),
            painted,
        ));
        things.push(block(
            v(side * 0.25, fork.raised - 0.06, 1.5),
            v(0.12, 0.05, 1.1),
            grey(0.1),
            painted,
        ));
        things.push(bar(
            v(side * 0.46, 0.7, 0.5),
            v(side * 0.44, 2.08, 0.42),
            0.03,
            dark,
        ));
        things.push(bar(
            v(side * 0.46, 0.9, -0.7),
            v(side * 0.44, 2.08, -0.65),
            0.03,
            dark,
        ));
    }
    things.extend(driver(&pose));
    if fork.loaded {
        let low = v(0.0, fork.raised, 1.55);
        let crate_size = v(1.0, 0.8, 1.0);
        things.push(block(low, v(1.15, 0.12, 1.15), v(0.30, 0.21, 0.12), boards));
        things.push(block(
            low + v(0.0, 0.12, 0.0),
            crate_size,
            v(0.38, 0.27, 0.15),
            painted,
        ));
    }
    things
}

/// Who sits in it.
fn driver(pose: &Pose) -> Vec<Thing> {
    let (vest, legs, helmet) = (v(0.75, 0.62, 0.04), v(0.05, 0.06, 0.1), grey(0.7));
    let bar = |from: (f32, f32, f32), to: (f32, f32, f32), radius, colour| {
        let at = |p: (f32, f32, f32)| pose.place(v(p.0, p.1, p.2));
        Thing::rod(at(from), at(to), radius, colour)
    };
    let mut things = vec![
        bar((0.0, 0.98, -0.25), (0.0, 1.32, -0.25), 0.18, vest),
        bar(
            (0.0, 1.55, -0.22),
            (0.0, 1.62, -0.22),
            0.1,
            v(0.45, 0.27, 0.18),
        ),
        bar((0.0, 1.66, -0.23), (0.0, 1.68, -0.23), 0.115, helmet),
    ];
    for side in [-1.0, 1.0] {
        things.push(bar(
            (side * 0.12, 0.95, -0.2),
            (side * 0.14, 0.95, 0.2),
            0.09,
            legs,
        ));
        things.push(bar(
            (side * 0.14, 0.95, 0.2),
            (side * 0.14, 0.72, 0.36),
            0.07,
            legs,
        ));
        things.push(bar(
            (side * 0.24, 1.34, -0.25),
            (side * 0.24, 1.1, 0.0),
            0.06,
            vest,
        ));
        things.push(bar(
            (side * 0.24, 1.1, 0.0),
            (side * 0.1, 1.12, 0.3),
            0.05,
            vest,
        ));
    }
    things
}

fn tyre(colour: V, at: V, _: V) -> Look {
    let hub = at.x.hypot(at.y) < 0.15;
    let bolt = hub && (at.y.atan2(at.x) * 4.0).cos() > 0.6;
    Look::matt(if bolt {
        grey(0.12)
    } else if hub {
        v(0.5, 0.2, 0.02)
    } else {
        colour
    })
}

/// Paint with a slanted warning pattern at the back.
fn stripes(colour: V, at: V, normal: V) -> Look {
    let warning = normal.z < -0.5 && at.y > 0.3 && at.y < 0.5;
    let dark = warning && ((at.x + at.y) * 5.0).rem_euclid(1.0) < 0.5;
    Look {
        mirror: 0.03,
        ..Look::matt(if dark { grey(0.02) } else { colour })
    }
}
