//! A cat and a bird.

use crate::demo::render::{
    math::{Pose, V, v},
    thing::Thing,
};

/// A cat that has walked `walked` metres; `sits` goes from 0 on its feet to 1 upright.
pub(crate) fn cat(foot: V, heading: f32, walked: f32, sits: f32, seconds: f32) -> Vec<Thing> {
    let fur = v(0.22, 0.11, 0.045);
    let pale = v(0.5, 0.42, 0.34);
    let pose = Pose::at(foot, heading);
    let at = |x: f32, y: f32, z: f32| pose.place(v(x, y, z));
    let phase = walked / 0.3 * std::f32::consts::PI;
    let (hip_y, chest_y) = (0.25 - 0.14 * sits, 0.26 + 0.08 * sits);
    let (hip_z, chest_z) = (-0.19 + 0.05 * sits, 0.14 - 0.04 * sits);
    let nod = 0.012 * (phase * 2.0).sin() * (1.0 - sits) + 0.02 * sits * (seconds * 2.3).sin();
    let head = (
        0.03 * sits * (seconds * 0.9).sin(),
        chest_y + 0.13 + nod,
        chest_z + 0.13 - 0.04 * sits,
    );
    let tail = 0.08 * (seconds * 2.1).sin();
    let mut things = vec![
        Thing::rod(
            at(0.0, hip_y, hip_z),
            at(0.0, chest_y, chest_z),
            0.085 + 0.02 * sits,
            fur,
        ),
        Thing::rod(
            at(0.0, chest_y - 0.03, chest_z + 0.03),
            at(0.0, chest_y - 0.04, chest_z + 0.03),
            0.07,
            pale,
        ),
        Thing::rod(
            at(head.0, head.1, head.2),
            at(head.0, head.1 - 0.01, head.2 + 0.03),
            0.062,
            fur,
        ),
        Thing::rod(
            at(head.0, head.1 - 0.025, head.2 + 0.06),
            at(head.0, head.1 - 0.025, head.2 + 0.065),
            0.03,
            pale,
        ),
        Thing::rod(
            at(0.0, hip_y, hip_z - 0.05),
            at(tail, hip_y + 0.1 - 0.15 * sits, hip_z - 0.22),
            0.025,
            fur,
        ),
        Thing::rod(
            at(tail, hip_y + 0.1 - 0.15 * sits, hip_z - 0.22),
            at(
                tail * 2.2,
                hip_y + 0.3 - 0.36 * sits,
                hip_z - 0.28 - 0.08 * sits,
            ),
            0.02,
            fur,
        ),
    ];
    for side in [-1.0, 1.0] {
        let ear = at(head.0 + side * 0.04, head.1 + 0.04, head.2);
        things.push(Thing::rod(ear, ear + v(0.0, 0.035, 0.0), 0.016, fur));
        for (z, y, turn) in [(chest_z, chest_y, 0.0), (hip_z, hip_y, 2.4)] {
            let step = (phase
                + turn
                + if side > 0.0 {
                    std::f32::consts::PI
                } else {
                    0.0
                })
            .sin();
            let stride = 0.07 * step * (1.0 - sits);
            let lift = 0.025 * (1.0 - sits) * (step * 2.0).cos().max(0.0);
            let x = side * 0.055;
            things.push(Thing::rod(
                at(x, y - 0.03, z),
                at(x, 0.025 + lift, z + stride),
                0.028,
                fur,
            ));
        }
    }
    things
}

/// A blackbird. `flap` is the angle of its wings; None while they are folded.
pub(crate) fn bird(at: V, heading: f32, flap: Option<f32>) -> Vec<Thing> {
    let plumage = v(0.02, 0.018, 0.016);
    let pose = Pose::at(at, heading);
    let place = |x: f32, y: f32, z: f32| pose.place(v(x, y, z));
    let mut things = vec![
        Thing::rod(
            place(0.0, 0.08, -0.05),
            place(0.0, 0.11, 0.05),
            0.042,
            plumage,
        ),
        Thing::rod(
            place(0.0, 0.15, 0.08),
            place(0.0, 0.15, 0.085),
            0.03,
            plumage,
        ),
        Thing::rod(
            place(0.0, 0.15, 0.11),
            place(0.0, 0.148, 0.135),
            0.008,
            v(0.6, 0.3, 0.02),
        ),
        Thing::rod(
            place(0.0, 0.08, -0.07),
            place(0.0, 0.07, -0.19),
            0.018,
            plumage,
        ),
    ];
    for side in [-1.0f32, 1.0] {
        match flap {
            Some(angle) => {
                let span = v(side * angle.cos(), angle.sin(), 0.0) * 0.1;
                let wing = place(0.0, 0.11, 0.0) + pose.turn(span);
                things.push(Thing::leaf(
                    wing,
                    pose.turn(span),
                    pose.turn(v(0.0, 0.0, 0.055)),
                    plumage,
                ));
            }
            None => things.push(Thing::rod(
                place(side * 0.02, 0.0, 0.0),
                place(side * 0.02, 0.06, 0.0),
                0.007,
                v(0.3, 0.16, 0.05),
            )),
        }
    }
    things
}
