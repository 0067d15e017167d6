//! The work that goes on.

use std::f32::consts::{FRAC_PI_2, PI};

use crate::demo::picture::Picture;
use crate::demo::render::{
    figure::forklift::{Fork, forklift},
    figure::person::{Clothes, person},
    glow::Glare,
    math::{ease, v},
    path::Path,
    stage::{Actor, Stage},
};
use crate::demo::scenes::within;

const DRIVE: &[(f32, f32)] = &[
    (0.5, 40.0),
    (0.5, 33.0),
    (0.45, 26.0),
    (0.4, 19.0),
    (0.35, 14.0),
    (0.35, 11.0),
];

pub(super) fn draw(stage: &mut Stage, picture: &mut Picture, seconds: f64) {
    let t = within(70.0, seconds);
    stage.begin(Vec::new(), picture);
    let mut actors = Vec::new();
    // In, lift the load up and look for its place, back out.
    let (part, back) = match t {
        t if t < 14.0 => (ease(-3.0, 14.0, t), false),
        t if t < 34.0 => (1.0, false),
        t => (1.0 - ease(34.0, 50.0, t), true),
    };
    let raised = ease(16.0, 21.0, t) * ease(32.0, 27.0, t) * 2.6;
    let turn = ease(14.0, 17.5, t) * ease(34.0, 30.5, t) * -FRAC_PI_2 * 0.92;
    let loaded = t < 25.5;
    let foot = Path(DRIVE).at(part);
    let heading = PI + turn;
    let rolled = Path(DRIVE).walked(part) * if back { -1.0 } else { 1.0 };
    let fork = Fork {
        raised: 0.12 + raised,
        loaded,
    };
    actors.push(Actor::new(foot, forklift(foot, heading, rolled, &fork)));
    actors.extend(workers(t));
    stage.draw(actors, picture);
    let blink = ((seconds * 1.6).fract() < 0.4) as u8;
    if part < 1.0 && blink == 1 {
        let at = foot + v(0.0, 2.28, 0.0);
        Glare {
            at,
            radius: 0.03,
            level: 0.75,
        }
        .draw(stage, picture);
    }
}

/// One who picks goods, one who walks through.
fn workers(t: f32) -> Vec<Actor> {
    const ROUND: &[(f32, f32)] = &[
        (-1.5, 36.0),
        (-1.4, 29.0),
        (-1.2, 22.0),
        (-1.3, 16.0),
        (-1.5, 11.2),
        (-1.35, 7.0),
        (-1.0, 1.0),
        (-0.6, -4.0),
    ];
    const BACK: &[(f32, f32)] = &[
        (1.2, -4.0),
        (1.3, 3.0),
        (1.45, 9.0),
        (1.4, 15.0),
        (1.4, 22.0),
        (1.4, 36.0),
    ];
    let vest = v(0.75, 0.62, 0.04);
    let picker = Clothes {
        top: vest,
        trousers: v(0.05, 0.06, 0.1),
        hair: v(0.6, 0.55, 0.1),
    };
    let porter = Clothes {
        top: v(0.75, 0.22, 0.03),
        trousers: v(0.07, 0.07, 0.08),
        hair: v(0.03, 0.02, 0.02),
    };
    let mut actors = Vec::new();
    let mut walk = |path: &'static [(f32, f32)], part: f32, pace: f32, wears: &Clothes| {
        let foot = Path(path).at(part);
        let heading = Path(path).heading(part) + (1.0 - pace) * 1.45;
        let walked = Path(path).walked(part);
        actors.push(Actor::new(foot, person(foot, heading, walked, pace, wears)));
    };
    if t < 46.0 {
        // Stops at a shelf half way.
        let part = if t < 20.0 {
            t / 36.0
        } else {
            0.5556 + (t - 26.0).max(0.0) / 45.0
        };
        let pace = ease(20.0, 19.5, t) + ease(26.0, 26.5, t);
        walk(ROUND, part, pace, &picker);
    }
    if t > 44.0 {
        walk(BACK, (t - 44.0) / 26.0, 1.0, &porter);
    }
    actors
}
