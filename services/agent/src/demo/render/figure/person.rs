//! People.

use std::f32::consts::PI;

use crate::demo::render::{
    math::{Pose, V, grey, v},
    thing::Thing,
};

/// Length of one step of an adult who walks, metres.
const STEP: f32 = 0.72;

/// What somebody wears.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clothes {
    pub(crate) top: V,
    pub(crate) trousers: V,
    pub(crate) hair: V,
}

/// Somebody who has walked `walked` metres; the legs follow from that. Standing still, `pace` is
/// 0; walking, it is 1.
pub(crate) fn person(foot: V, heading: f32, walked: f32, pace: f32, wears: &Clothes) -> Vec<Thing> {
    let skin = v(0.45, 0.27, 0.18);
    let phase = walked / STEP * PI;
    let bob = 0.025 * pace * (phase * 2.0).cos();
    let pose = Pose::at(foot + v(0.0, bob, 0.0), heading);
    let rod = |from: V, to: V, radius: f32, colour: V| {
        Thing::rod(pose.place(from), pose.place(to), radius, colour)
    };
    let lean = 0.03 * pace;
    let (crown, chin) = (v(0.0, 1.68, lean), v(0.0, 1.6, lean + 0.02));
    let mut things = vec![
        rod(chin, crown + v(0.0, 0.0, 0.02), 0.095, skin),
        rod(crown, crown + v(0.0, 0.02, -0.015), 0.102, wears.hair),
        rod(v(0.0, 1.45, lean), v(0.0, 1.55, lean), 0.055, skin),
        rod(v(-0.11, 1.36, lean), v(0.11, 1.36, lean), 0.1, wears.top),
        rod(
            v(0.0, 1.34, lean + 0.01),
            v(0.0, 1.0, 0.01),
            0.128,
            wears.top,
        ),
        rod(
            v(-0.06, 0.93, 0.0),
            v(0.06, 0.93, 0.0),
            0.12,
            wears.trousers,
        ),
    ];
    for (side, turn) in [(-1.0, 0.0), (1.0, PI)] {
        let flank = (v(side * 0.06, 1.32, lean), v(side * 0.055, 0.98, 0.0));
        things.push(rod(flank.0, flank.1, 0.125, wears.top));
        let swing = (phase + turn).sin() * pace;
        // The foot is lifted while it goes forward.
        let lift = (phase + turn).cos().max(0.0) * pace;
        let hip = v(side * 0.09, 0.9, 0.0);
        let ankle = v(side * 0.09, 0.07 + 0.13 * lift * lift, swing * STEP * 0.5);
        let knee_z = ankle.z * 0.5 + 0.05 + 0.13 * lift;
        let knee = v(side * 0.09, 0.48 + 0.04 * lift, knee_z);
        things.push(rod(hip, knee, 0.085, wears.trousers));
        things.push(rod(knee, ankle, 0.062, wears.trousers));
        things.push(rod(ankle, ankle + v(0.0, -0.02, 0.15), 0.05, grey(0.03)));
        // Arms swing against the legs.
        let reach = -swing * 0.26 + 0.04;
        let shoulder = v(side * 0.21, 1.38, lean);
        let elbow = v(side * 0.25, 1.12, reach * 0.35 - 0.03);
        let hand = v(side * 0.24, 0.88 + 0.1 * reach.abs(), reach + 0.02);
        things.push(rod(shoulder, elbow, 0.058, wears.top));
        things.push(rod(elbow, hand, 0.05, wears.top));
        things.push(rod(hand, hand + v(0.0, -0.07, 0.0), 0.045, skin));
    }
    things
}
