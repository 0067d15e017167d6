//! People.

use crate::demo::render::{
    math::{Pose, V, v},
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
    let shoe = v(0.03, 0.03, 0.03);
    let phase = walked / STEP * std::f32::consts::PI;
    let bob = 0.025 * pace * (phase * 2.0).cos();
    let pose = Pose::at(foot + v(0.0, bob, 0.0), heading);
    let at = |x: f32, y: f32, z: f32| pose.place(v(x, y, z));
    let lean = 0.03 * pace;
    let mut things = vec![
        Thing::rod(
            at(0.0, 1.6, lean + 0.02),
            at(0.0, 1.68, lean + 0.02),
            0.095,
            skin,
        ),
        Thing::rod(
            at(0.0, 1.68, lean - 0.01),
            at(0.0, 1.7, lean - 0.015),
            0.102,
            wears.hair,
        ),
        Thing::rod(at(0.0, 1.45, lean), at(0.0, 1.55, lean), 0.055, skin),
        Thing::rod(at(-0.11, 1.36, lean), at(0.11, 1.36, lean), 0.1, wears.top),
        Thing::rod(
            at(-0.06, 1.32, lean),
            at(-0.055, 0.98, 0.0),
            0.125,
            wears.top,
        ),
        Thing::rod(at(0.06, 1.32, lean), at(0.055, 0.98, 0.0), 0.125, wears.top),
        Thing::rod(
            at(-0.06, 0.93, 0.0),
            at(0.06, 0.93, 0.0),
            0.12,
            wears.trousers,
        ),
    ];
    for (side, turn) in [(-1.0, 0.0), (1.0, std::f32::consts::PI)] {
        let swing = (phase + turn).sin() * pace;
        // The foot is lifted while it goes forward.
        let lift = (phase + turn).cos().max(0.0) * pace;
        let hip = (side * 0.09, 0.9, 0.0);
        let toe = (side * 0.09, 0.07 + 0.13 * lift * lift, swing * STEP * 0.5);
        let knee = (
            side * 0.09,
            0.48 + 0.04 * lift,
            toe.2 * 0.5 + 0.05 + 0.13 * lift,
        );
        let ankle = at(toe.0, toe.1, toe.2);
        things.push(Thing::rod(
            at(hip.0, hip.1, hip.2),
            at(knee.0, knee.1, knee.2),
            0.085,
            wears.trousers,
        ));
        things.push(Thing::rod(
            at(knee.0, knee.1, knee.2),
            ankle,
            0.062,
            wears.trousers,
        ));
        things.push(Thing::rod(
            ankle,
            at(toe.0, toe.1 - 0.02, toe.2 + 0.15),
            0.05,
            shoe,
        ));
        let hand_z = -swing * 0.26 + 0.04;
        let elbow = at(side * 0.25, 1.12, hand_z * 0.35 - 0.03);
        let hand = at(side * 0.24, 0.88 + 0.1 * hand_z.abs(), hand_z + 0.02);
        things.push(Thing::rod(
            at(side * 0.21, 1.38, lean),
            elbow,
            0.058,
            wears.top,
        ));
        things.push(Thing::rod(elbow, hand, 0.05, wears.top));
        things.push(Thing::rod(hand, hand + v(0.0, -0.07, 0.0), 0.045, skin));
    }
    things
}
