//! Cars.

use std::f32::consts::FRAC_PI_2;
use std::sync::{Arc, OnceLock};

use crate::demo::render::{
    math::{Pose, V, grey, v},
    shape::Hull,
    thing::{Finish, Look, Thing, plain},
};

/// Kinds of cars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Hatchback,
    Saloon,
    Van,
}

/// Lights of a car.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lights {
    Off,
    On,
}

/// Corners of a side view, counter-clockwise, metres.
type Outline = &'static [(f32, f32)];

/// The hulls of one model.
struct Shell {
    body: Arc<Hull>,
    cabin: Arc<Hull>,
    wheel: Arc<Hull>,
    lamp: Arc<Hull>,
    plate: Arc<Hull>,
}

impl Model {
    /// Side view of the body and of the cabin, metres; the front is on the right.
    fn outlines(self) -> (Outline, Outline) {
        match self {
            Self::Hatchback => (
                &[
                    (-1.92, 0.28),
                    (1.95, 0.26),
                    (2.08, 0.45),
                    (2.02, 0.68),
                    (1.15, 0.93),
                    (-1.85, 0.98),
                    (-2.0, 0.7),
                ],
                &[
                    (-1.92, 0.93),
                    (1.28, 0.9),
                    (0.45, 1.42),
                    (-0.3, 1.5),
                    (-1.4, 1.44),
                ],
            ),
            Self::Saloon => (
                &[
                    (-2.28, 0.3),
                    (2.2, 0.28),
                    (2.34, 0.46),
                    (2.28, 0.66),
                    (1.2, 0.88),
                    (-2.2, 0.96),
                    (-2.34, 0.72),
                ],
                &[
                    (-1.75, 0.93),
                    (1.3, 0.87),
                    (0.4, 1.36),
                    (-0.35, 1.42),
                    (-1.05, 1.38),
                ],
            ),
            Self::Van => (
                &[
                    (-2.4, 0.32),
                    (2.35, 0.3),
                    (2.48, 0.5),
                    (2.42, 0.85),
                    (1.9, 1.12),
                    (-2.4, 1.15),
                    (-2.46, 0.8),
                ],
                &[
                    (-2.42, 1.08),
                    (1.98, 1.08),
                    (1.25, 1.9),
                    (0.8, 1.98),
                    (-2.36, 1.98),
                ],
            ),
        }
    }

    fn shell(self) -> &'static Shell {
        static SHELLS: [OnceLock<Shell>; 3] = [const { OnceLock::new() }; 3];
        SHELLS[self as usize].get_or_init(|| {
            let (body, cabin) = self.outlines();
            Shell {
                body: Hull::prism(body, 0.9, 0.06),
                cabin: Hull::prism(cabin, 0.84, 0.24),
                wheel: Hull::disc(0.32, 0.2),
                lamp: Hull::prism(
                    &[(0.0, 0.0), (0.12, 0.0), (0.08, 0.14), (0.0, 0.14)],
                    0.2,
                    0.0,
                ),
                plate: Hull::block(v(0.03, 0.11, 0.5)),
            }
        })
    }
}

/// A car at a place of the ground, headed `heading` radians from z towards x.
pub(crate) fn car(model: Model, foot: V, heading: f32, paint: V, lights: Lights) -> Vec<Thing> {
    let shell = model.shell();
    let pose = Pose::at(foot, heading - FRAC_PI_2);
    let part = |hull, at: V, turned: bool, colour, finish| {
        let turn = if turned {
            heading + FRAC_PI_2
        } else {
            heading - FRAC_PI_2
        };
        Thing::hull(hull, Pose::at(pose.place(at), turn), colour, finish)
    };
    let (front, rear) = model
        .outlines()
        .0
        .iter()
        .fold((0.0f32, 0.0f32), |(front, rear), corner| {
            (front.max(corner.0), rear.min(corner.0))
        });
    let (white, red) = match lights {
        Lights::Off => (v(0.6, 0.62, 0.65), v(0.35, 0.02, 0.02)),
        Lights::On => (v(9.0, 9.0, 8.5), v(3.0, 0.1, 0.1)),
    };
    let lens = if lights == Lights::On {
        super::super::finish::glowing
    } else {
        headlight
    };
    let (axle, coat, cabin): (f32, Finish, Finish) = match model {
        Model::Hatchback => (1.24, coat::<124>, cabin),
        Model::Saloon => (1.46, coat::<146>, cabin),
        Model::Van => (1.6, coat::<160>, van),
    };
    let mut things = vec![
        part(&shell.body, grey(0.0), false, paint, coat),
        part(&shell.cabin, grey(0.0), false, paint, cabin),
        part(
            &shell.plate,
            v(front - 0.01, 0.42, 0.0),
            false,
            grey(0.75),
            plain,
        ),
        part(
            &shell.plate,
            v(rear + 0.01, 0.62, 0.0),
            true,
            grey(0.75),
            plain,
        ),
    ];
    for side in [-1.0, 1.0] {
        things.push(part(
            &shell.lamp,
            v(front - 0.15, 0.6, side * 0.62),
            false,
            white,
            lens,
        ));
        things.push(part(
            &shell.lamp,
            v(rear + 0.1, 0.74, side * 0.66),
            true,
            red,
            lens,
        ));
        for axle in [axle, -axle] {
            things.push(part(
                &shell.wheel,
                v(axle, 0.32, side * 0.8),
                false,
                grey(0.02),
                wheel,
            ));
        }
    }
    things
}

/// Varnish, with gaps around the doors and holes for the wheels, whose axles are `AXLE` centimetres
/// before and behind the middle.
fn coat<const AXLE: u32>(colour: V, at: V, normal: V) -> Look {
    if at.y < 0.36 {
        return Look::matt(grey(0.02));
    }
    let side = normal.z.abs() > 0.7;
    let door = side && [0.75, -0.3, -1.25].iter().any(|x| (at.x - x).abs() < 0.012);
    let axle = AXLE as f32 / 100.0;
    let arch = side && (at.x.abs() - axle).hypot(at.y - 0.32) < 0.38;
    if door || arch {
        return Look::matt(grey(0.015));
    }
    Look {
        mirror: 0.05,
        ..Look::matt(colour)
    }
}

fn cabin(colour: V, at: V, normal: V) -> Look {
    let pane = if normal.z.abs() > 0.6 {
        at.y > 0.97 && at.y < 1.36 && (at.x + 0.28).abs() > 0.035 && at.x > -1.5 && at.x < 1.0
    } else {
        normal.y < 0.93 && at.z.abs() < 0.76 - (at.y - 0.9) * 0.24
    };
    paned(colour, pane)
}

fn van(colour: V, at: V, normal: V) -> Look {
    let pane = if normal.z.abs() > 0.6 {
        at.y > 1.18 && at.y < 1.72 && at.x > 0.45 && at.x < 1.5
    } else {
        normal.x > 0.5 && at.y > 1.15 && at.y < 1.88
    };
    paned(colour, pane)
}

fn paned(colour: V, pane: bool) -> Look {
    if pane {
        Look {
            mirror: 0.18,
            ..Look::matt(grey(0.025))
        }
    } else {
        Look {
            mirror: 0.05,
            ..Look::matt(colour)
        }
    }
}

fn wheel(colour: V, at: V, _: V) -> Look {
    let rim = at.x.hypot(at.y) < 0.2;
    let spoke = (at.y.atan2(at.x) * 5.0).sin() > -0.35;
    Look::matt(if rim && spoke { grey(0.4) } else { colour })
}

fn headlight(colour: V, _: V, _: V) -> Look {
    Look {
        mirror: 0.25,
        ..Look::matt(colour)
    }
}
