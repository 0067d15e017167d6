//! Who comes and goes.

use std::f32::consts::PI;

use super::{FREE_Z, POSTS};
use crate::demo::picture::Picture;
use crate::demo::render::{
    figure::car::{Lights, Model, car},
    figure::person::{Clothes, person},
    glow::{Glare, headlights},
    math::{V, ease, grey, v},
    path::Path,
    stage::{Actor, Stage},
};
use crate::demo::scenes::within;

/// While the car stands in it, lights off.
const PARKED: std::ops::Range<f32> = 12.5..43.0;

pub(super) fn draw(stage: &mut Stage, picture: &mut Picture, seconds: f64) {
    let t = within(64.0, seconds);
    let (foot, heading, lights) = parking(t);
    let paint = grey(0.28);
    let guest = Actor::new(foot, car(Model::Hatchback, foot, heading, paint, lights));
    let (mut resting, mut moving) = (Vec::new(), Vec::new());
    if PARKED.contains(&t) {
        &mut resting
    } else {
        &mut moving
    }
    .push(guest);
    stage.begin(resting, picture);
    for head in POSTS {
        let at = head - v(head.x.signum() * 1.3, 0.0, 0.0);
        Glare {
            at,
            radius: 0.055,
            level: 0.5,
        }
        .draw(stage, picture);
    }
    if lights == Lights::On {
        headlights(stage, picture, foot, heading);
    }
    moving.extend(driver(t));
    stage.draw(moving, picture);
    if lights == Lights::On {
        dazzle(stage, picture, foot, heading);
    }
    moth(stage, picture, seconds);
}

/// The car that comes, parks and leaves again; it is far away at both ends of the cycle.
fn parking(t: f32) -> (V, f32, Lights) {
    const IN: &[(f32, f32)] = &[
        (-1.6, 62.0),
        (-1.6, 50.0),
        (-1.6, 39.0),
        (-1.5, 29.0),
        (-1.5, 20.5),
        (-0.6, 14.9),
        (2.2, FREE_Z),
        (4.8, FREE_Z),
        (6.3, FREE_Z),
    ];
    const OUT: &[(f32, f32)] = &[
        (6.3, FREE_Z),
        (4.6, FREE_Z),
        (2.2, FREE_Z - 0.1),
        (0.4, 10.6),
        (-0.2, 8.0),
        (-0.2, 7.0),
    ];
    const AWAY: &[(f32, f32)] = &[
        (-0.2, 7.0),
        (-0.2, 8.6),
        (0.6, 15.0),
        (1.6, 24.0),
        (1.7, 34.0),
        (1.7, 46.0),
        (1.7, 60.0),
    ];
    let lit = if (0.0..12.5).contains(&t) || t > 43.0 {
        Lights::On
    } else {
        Lights::Off
    };
    if t < 44.0 {
        let part = (t / 11.5).min(1.0);
        // Slower and slower, and to a stop in the bay.
        let part = part + 0.35 * part * (1.0 - part);
        return (Path(IN).at(part), Path(IN).heading(part), lit);
    }
    if t < 50.0 {
        let part = ease(44.0, 50.0, t);
        return (Path(OUT).at(part), Path(OUT).heading(part) + PI, lit);
    }
    let part = ((t - 50.0) / 12.0).clamp(0.0, 1.0);
    let part = part * part * (1.6 - 0.6 * part);
    (Path(AWAY).at(part), Path(AWAY).heading(part), lit)
}

/// Who gets out, walks to the entrance, and comes back.
fn driver(t: f32) -> Option<Actor> {
    const WAY: &[(f32, f32)] = &[
        (6.4, FREE_Z + 1.25),
        (4.6, FREE_Z + 1.3),
        (2.4, FREE_Z + 2.2),
        (0.8, 19.0),
        (-0.8, 25.0),
        (-2.4, 32.0),
        (-3.6, 41.0),
    ];
    let part = match t {
        t if (14.0..27.0).contains(&t) => (t - 14.0) / 24.0,
        t if (27.0..42.0).contains(&t) => (42.0 - t) / 27.7,
        _ => return None,
    };
    let back = if t < 27.0 { 0.0 } else { PI };
    let wears = Clothes {
        top: grey(0.3),
        trousers: grey(0.08),
        hair: grey(0.05),
    };
    let foot = Path(WAY).at(part);
    let heading = Path(WAY).heading(part) + back;
    Some(Actor::new(
        foot,
        person(foot, heading, Path(WAY).walked(part), 1.0, &wears),
    ))
}

/// Headlights that look into the camera.
fn dazzle(stage: &Stage, picture: &mut Picture, foot: V, heading: f32) {
    let pose = crate::demo::render::math::Pose::at(foot, heading);
    for side in [-0.62, 0.62] {
        let at = pose.place(v(side, 0.66, 2.1));
        let toward = (stage.lens().eye() - at).unit();
        let facing = pose.turn(v(0.0, 0.0, 1.0)).dot(toward).max(0.0);
        let near = ease(60.0, 10.0, (stage.lens().eye() - at).length());
        let radius = 0.02 + 0.05 * near;
        Glare {
            at,
            radius,
            level: 1.1 * facing * facing,
        }
        .draw(stage, picture);
    }
}

/// A moth near the camera, out of focus and much too bright; comes by now and then.
fn moth(stage: &Stage, picture: &mut Picture, seconds: f64) {
    let t = within(23.0, seconds);
    if t > 4.0 {
        return;
    }
    let lens = stage.lens();
    let x = (0.1 + 0.22 * t + 0.04 * (t * 9.0).sin()) * picture.width as f32;
    let y = (0.62 - 0.09 * t + 0.06 * (t * 6.3).sin()) * picture.height as f32;
    let flutter = 0.5 + 0.5 * (t * 47.0).sin();
    let at = lens.ray(x, y).at(1.2);
    Glare {
        at,
        radius: 0.014 + 0.006 * flutter,
        level: 0.35,
    }
    .draw(stage, picture);
}
