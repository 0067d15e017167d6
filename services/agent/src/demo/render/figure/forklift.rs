//! A forklift truck.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

use crate::demo::render::{
    finish::{boards, painted},
    math::{Pose, V, grey, v},
    shape::Hull,
    thing::{Finish, Look, Thing},
};

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
    let truck = Truck {
        pose: Pose::at(foot, heading),
        heading,
    };
    let (orange, dark) = (v(0.62, 0.24, 0.02), grey(0.03));
    let sides = [(-0.55, 0.2), (0.55, 0.2), (0.5, 0.98), (-0.5, 0.98)];
    let weight = Hull::prism(&sides, 0.38, 0.12);
    let beacon = (v(0.0, 2.18, -0.4), v(0.0, 2.24, -0.4));
    let mut things = vec![
        truck.block(v(0.0, 0.2, 0.1), v(1.05, 0.5, 1.5), orange, painted),
        truck.hull(&weight, v(0.0, 0.05, -0.75), orange, stripes),
        truck.block(v(0.0, 0.7, -0.25), v(0.55, 0.18, 0.5), dark, painted),
        truck.block(v(0.0, 0.85, -0.48), v(0.5, 0.5, 0.12), dark, painted),
        truck.block(v(0.0, 2.08, -0.1), v(1.0, 0.05, 1.25), dark, painted),
        truck.bar(beacon.0, beacon.1, 0.06, v(0.9, 0.4, 0.02)),
        truck.bar(v(0.0, 0.75, 0.55), v(0.0, 1.12, 0.32), 0.03, dark),
    ];
    let wheel = Hull::disc(0.27, 0.22);
    for side in [-1.0, 1.0] {
        for z in [0.62, -0.72] {
            let axle = truck.pose.place(v(side * 0.48, 0.27, z));
            let turned = Pose::at(axle, heading - FRAC_PI_2).rolled(rolled / 0.27);
            things.push(Thing::hull(&wheel, turned, dark, tyre));
        }
        let (front, rear) = (v(side * 0.46, 0.7, 0.5), v(side * 0.46, 0.9, -0.7));
        things.push(truck.bar(front, v(side * 0.44, 2.08, 0.42), 0.03, dark));
        things.push(truck.bar(rear, v(side * 0.44, 2.08, -0.65), 0.03, dark));
    }
    things.extend(truck.mast(fork));
    things.extend(driver(&truck.pose));
    things
}

/// Where it is, for its parts.
struct Truck {
    pose: Pose,
    heading: f32,
}

impl Truck {
    fn hull(&self, hull: &Arc<Hull>, at: V, colour: V, finish: Finish) -> Thing {
        let pose = Pose::at(self.pose.place(at), self.heading);
        Thing::hull(hull, pose, colour, finish)
    }

    fn block(&self, at: V, size: V, colour: V, finish: Finish) -> Thing {
        self.hull(&Hull::block(size), at, colour, finish)
    }

    fn bar(&self, from: V, to: V, radius: f32, colour: V) -> Thing {
        Thing::rod(self.pose.place(from), self.pose.place(to), radius, colour)
    }

    /// The mast, the fork and its load.
    fn mast(&self, fork: &Fork) -> Vec<Thing> {
        let (high, up) = ((fork.raised + 0.6).max(2.1), fork.raised);
        let carriage = v(0.9, 0.45, 0.06);
        let mut things = vec![self.block(v(0.0, up + 0.05, 0.98), carriage, grey(0.03), painted)];
        for side in [-1.0, 1.0] {
            let (rail, prong) = (v(0.1, high, 0.1), v(0.12, 0.05, 1.1));
            things.push(self.block(v(side * 0.3, 0.1, 0.88), rail, grey(0.06), painted));
            things.push(self.block(v(side * 0.25, up - 0.06, 1.5), prong, grey(0.1), painted));
        }
        if fork.loaded {
            let (wood, kraft) = (v(0.30, 0.21, 0.12), v(0.38, 0.27, 0.15));
            things.push(self.block(v(0.0, up, 1.55), v(1.15, 0.12, 1.15), wood, boards));
            things.push(self.block(v(0.0, up + 0.12, 1.55), v(1.0, 0.8, 1.0), kraft, painted));
        }
        things
    }
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
