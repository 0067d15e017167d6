//! Who comes and goes.

use std::f32::consts::{FRAC_PI_2, PI};

use super::TREE;
use crate::demo::picture::Picture;
use crate::demo::render::{
    figure::car::{Lights, Model, car},
    figure::person::{Clothes, person},
    finish::painted,
    math::{V, ease, grey, v},
    path::Path,
    stage::{Actor, Stage},
    thing::Thing,
    warp::sway,
};
use crate::demo::scenes::within;

/// Seconds after which everything happens again.
const CYCLE: f64 = 90.0;
/// While the car of the house stands on the drive.
const PARKED: std::ops::Range<f32> = 26.0..66.0;
/// Width of the gate, metres.
const GATE: f32 = 4.6;

pub(super) fn draw(stage: &mut Stage, picture: &mut Picture, seconds: f64) {
    let t = within(CYCLE, seconds);
    let (mut resting, mut moving) = (Vec::new(), Vec::new());
    let gate_rests = matches!(opened(t), 0.0 | 1.0);
    if gate_rests {
        &mut resting
    } else {
        &mut moving
    }
    .push(gate(opened(t)));
    if PARKED.contains(&t) {
        &mut resting
    } else {
        &mut moving
    }
    .extend(resident_car(t));
    stage.begin(resting, picture);
    sway(stage, picture, TREE, 2.3, seconds);
    moving.extend(resident(t));
    moving.extend(traffic(t));
    moving.extend(passers_by(t));
    stage.draw(moving, picture);
}

/// How far the gate is open, 0..1.
fn opened(t: f32) -> f32 {
    ease(15.0, 19.5, t) * ease(31.0, 26.5, t) + ease(62.0, 66.5, t) * ease(79.5, 75.0, t)
}

/// A sliding gate of bars.
fn gate(opened: f32) -> Actor {
    let metal = v(0.035, 0.04, 0.04);
    let middle = v(opened * (GATE - 0.3), 0.0, 14.5);
    let rail = v(GATE, 0.07, 0.05);
    let mut things: Vec<Thing> = [0.1, 0.85, 1.5]
        .into_iter()
        .map(|height| Thing::block(middle + v(0.0, height, 0.0), rail, metal, painted))
        .collect();
    const BARS: usize = 27;
    for bar in 0..BARS {
        let x = GATE * ((bar as f32 + 0.5) / BARS as f32 - 0.5);
        let foot = middle + v(x, 0.12, 0.0);
        things.push(Thing::rod(foot, foot + v(0.0, 1.5, 0.0), 0.016, metal));
    }
    Actor::new(middle, things)
}

/// The car that belongs to the house: comes home, stays a while, leaves backwards.
fn resident_car(t: f32) -> Option<Actor> {
    const UP: &[(f32, f32)] = &[
        (-34.0, 18.3),
        (-25.0, 18.3),
        (-16.0, 18.3),
        (-8.5, 18.3),
        (-3.4, 18.2),
        (-1.1, 17.6),
        (-0.4, 16.9),
    ];
    const IN: &[(f32, f32)] = &[
        (-0.4, 16.9),
        (0.2, 15.4),
        (0.5, 12.6),
        (0.5, 10.2),
        (0.5, 8.8),
        (0.5, 8.4),
    ];
    const OUT: &[(f32, f32)] = &[
        (0.5, 8.4),
        (0.5, 9.2),
        (0.5, 11.4),
        (0.4, 14.6),
        (-0.2, 18.2),
        (-3.0, 20.9),
        (-5.4, 21.3),
    ];
    const AWAY: &[(f32, f32)] = &[
        (-5.4, 21.3),
        (-3.8, 21.3),
        (2.0, 21.3),
        (12.0, 21.3),
        (25.0, 21.3),
        (42.0, 21.3),
    ];
    let (path, part, back) = match t {
        t if t < 8.0 => return None,
        t if t < 17.0 => (
            Path(UP),
            (t - 8.0) / 9.0 * (1.45 - 0.45 * (t - 8.0) / 9.0),
            0.0,
        ),
        t if t < PARKED.start => (Path(IN), ease(19.0, 26.0, t), 0.0),
        t if PARKED.contains(&t) => (Path(IN), 1.0, 0.0),
        t if t < 75.0 => (Path(OUT), ease(66.0, 74.5, t), PI),
        t if t < 82.0 => (Path(AWAY), ((t - 75.0) / 7.0).powi(2), 0.0),
        _ => return None,
    };
    let foot = path.at(part);
    let heading = path.heading(part) + back;
    let things = car(
        Model::Hatchback,
        foot,
        heading,
        v(0.30, 0.035, 0.03),
        Lights::Off,
    );
    Some(Actor::new(foot, things))
}

/// Who drives it: walks to the door, and later back to the car.
fn resident(t: f32) -> Option<Actor> {
    const HOME: &[(f32, f32)] = &[
        (-0.7, 8.3),
        (-1.6, 7.6),
        (-2.8, 6.3),
        (-3.8, 5.5),
        (-4.75, 5.4),
    ];
    let (part, back) = match t {
        t if (29.0..34.5).contains(&t) => ((t - 29.0) / 5.5, 0.0),
        t if (56.0..61.5).contains(&t) => ((61.5 - t) / 5.5, PI),
        _ => return None,
    };
    let wears = Clothes {
        top: v(0.12, 0.15, 0.22),
        trousers: v(0.20, 0.17, 0.13),
        hair: v(0.06, 0.04, 0.03),
    };
    let foot = Path(HOME).at(part);
    let heading = Path(HOME).heading(part) + back;
    Some(Actor::new(
        foot,
        person(foot, heading, Path(HOME).walked(part), 1.0, &wears),
    ))
}

/// Cars that only pass.
fn traffic(t: f32) -> Vec<Actor> {
    let cars = [
        (2.0, Model::Saloon, grey(0.35), 1.0),
        (35.0, Model::Van, grey(0.55), -1.0),
        (47.0, Model::Hatchback, v(0.05, 0.09, 0.2), 1.0),
        (52.0, Model::Saloon, grey(0.03), -1.0),
    ];
    let pass = |&(start, model, paint, way): &(f32, Model, V, f32)| {
        let x = way * ((t - start) * 9.5 - 36.0);
        let foot = v(x, 0.0, if way > 0.0 { 18.3 } else { 21.3 });
        let things = || car(model, foot, way * FRAC_PI_2, paint, Lights::Off);
        (x.abs() < 36.0).then(|| Actor::new(foot, things()))
    };
    cars.iter().filter_map(pass).collect()
}

/// People on the pavement.
fn passers_by(t: f32) -> Vec<Actor> {
    let jacket = Clothes {
        top: v(0.35, 0.05, 0.04),
        trousers: v(0.05, 0.07, 0.14),
        hair: v(0.05, 0.03, 0.02),
    };
    let coat = Clothes {
        top: v(0.30, 0.26, 0.18),
        trousers: grey(0.04),
        hair: v(0.3, 0.2, 0.08),
    };
    let shirt = Clothes {
        top: grey(0.6),
        trousers: v(0.06, 0.09, 0.2),
        hair: grey(0.03),
    };
    let people = [
        (-4.0, 1.3, 15.3, jacket),
        (33.0, -1.45, 15.9, coat),
        (44.0, 1.2, 24.3, shirt),
        (58.0, -1.35, 24.0, jacket),
    ];
    let pass = |&(start, speed, z, wears): &(f32, f32, f32, Clothes)| {
        let walked = (t - start) * speed;
        let x = walked - 14.0 * speed.signum();
        let foot = v(x, 0.03, z);
        let heading = FRAC_PI_2 * speed.signum();
        (x.abs() < 14.5).then(|| Actor::new(foot, person(foot, heading, walked.abs(), 1.0, &wears)))
    };
    people.iter().filter_map(pass).collect()
}
