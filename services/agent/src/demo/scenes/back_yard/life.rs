//! What moves: leaves, water, animals and somebody on the way to the shed.

use std::f32::consts::PI;

use super::{APPLE, BIRCH, POND, POND_SIZE, SWING};
use crate::demo::picture::Picture;
use crate::demo::render::{
    figure::animal::{bird, cat},
    figure::person::{Clothes, person},
    math::{Pose, ease, grey, v},
    path::Path,
    shape::Hull,
    stage::{Actor, Stage},
    thing::{Thing, plain},
    warp::{sway, warp},
};
use crate::demo::scenes::within;

pub(super) fn draw(stage: &mut Stage, picture: &mut Picture, seconds: f64) {
    stage.begin(Vec::new(), picture);
    sway(stage, picture, BIRCH, 2.9, seconds + 11.0);
    sway(stage, picture, APPLE, 2.4, seconds);
    ripples(stage, picture, seconds);
    let t = within(80.0, seconds);
    let mut actors = vec![swing(seconds)];
    actors.extend(prowl(t));
    actors.extend(birds(t));
    actors.extend(gardener(t));
    stage.draw(actors, picture);
}

/// Rings on the pond, now here and now there, as when fish come up.
fn ripples(stage: &Stage, picture: &mut Picture, seconds: f64) {
    let lens = stage.lens();
    let size = v(POND_SIZE.0, 0.03, POND_SIZE.1);
    let area = lens.cover(POND - size, POND + size).even();
    let period = 5.0;
    let t = within(period, seconds);
    let turn = (seconds / period).floor().rem_euclid(64.0) as f32 * 2.4;
    let source = POND + v(0.9 * turn.cos(), 0.0, 0.5 * turn.sin());
    let width = picture.width;
    let pixels = width as f32 / 1280.0;
    warp(stage, picture, area, |x, y| {
        let pixel = y * width + x;
        let at = lens
            .ray(x as f32 + 0.5, y as f32 + 0.5)
            .at(stage.depth[pixel]);
        let from = at - POND;
        let inside = 1.0 - (from.x / POND_SIZE.0).powi(2) - (from.z / POND_SIZE.1).powi(2);
        if inside < 0.0 || (at.y - 0.03).abs() > 0.02 {
            return None;
        }
        let far = (at - source).length();
        let ring =
            (far * 16.0 - t * 9.0).sin() * ease(t * 0.62, t * 0.62 - 0.5, far) * ease(5.0, 1.0, t);
        let breeze = (at.x * 9.0 + seconds.rem_euclid(100.0) as f32 * 1.9).sin() * 0.35;
        let wave = ring + breeze;
        Some((0.6 * wave * pixels, 2.4 * wave * pixels, 1.0 + 0.10 * wave))
    });
}

/// The empty swing, moved by the wind.
fn swing(seconds: f64) -> Actor {
    let t = seconds.rem_euclid(1000.0 * std::f64::consts::TAU) as f32;
    let angle = (0.10 + 0.05 * (t * 0.2).sin()) * (t * 2.4).sin();
    let seat = SWING + v(0.0, -1.65 * angle.cos(), 1.65 * angle.sin());
    let mut things = vec![Thing::hull(
        &Hull::block(v(0.5, 0.05, 0.2)),
        Pose::at(seat, 0.0),
        v(0.05, 0.12, 0.3),
        plain,
    )];
    for x in [-0.22, 0.22] {
        things.push(Thing::rod(
            SWING + v(x, 0.0, 0.0),
            seat + v(x, 0.03, 0.0),
            0.012,
            grey(0.3),
        ));
    }
    Actor::new(v(SWING.x, 0.0, SWING.z), things)
}

/// A cat crosses the lawn, sits down by the pond for a while, and goes on.
fn prowl(t: f32) -> Option<Actor> {
    const TO_POND: &[(f32, f32)] = &[
        (9.5, 5.2),
        (7.2, 5.6),
        (4.8, 6.6),
        (2.4, 7.0),
        (0.2, 7.4),
        (-1.2, 7.9),
    ];
    const ON: &[(f32, f32)] = &[
        (-1.2, 7.9),
        (-2.2, 6.6),
        (-4.0, 5.8),
        (-6.0, 5.2),
        (-7.9, 4.8),
        (-9.6, 4.6),
    ];
    let (path, part) = match t {
        t if t < 6.0 => return None,
        t if t < 22.0 => (Path(TO_POND), (t - 6.0) / 16.0),
        t if t < 40.0 => (Path(TO_POND), 1.0),
        t if t < 56.0 => (Path(ON), (t - 40.0) / 16.0),
        _ => return None,
    };
    let foot = path.at(part);
    let sits = ease(22.0, 22.8, t) * ease(40.0, 39.2, t);
    let heading = path.heading(part) - 0.5 * sits;
    Some(Actor::new(
        foot,
        cat(foot, heading, path.walked(part), sits, t),
    ))
}

/// Two blackbirds look for worms until the cat comes near.
fn birds(t: f32) -> Vec<Actor> {
    let mut actors = Vec::new();
    for (number, (x, z, fright)) in [(1.2, 9.4, 15.5f32), (-0.4, 10.6, 16.6)]
        .into_iter()
        .enumerate()
    {
        let phase = t * 0.8 + number as f32 * 1.7;
        let home = v(
            x + 0.5 * (phase * 0.35).sin(),
            0.0,
            z + 0.4 * (phase * 0.27).cos(),
        );
        let away = t - fright;
        if away < 0.0 || t > 66.0 {
            let landing = ease(66.0, 69.0, t);
            let down = if t > 66.0 {
                v(3.0, 3.4, 4.0) * (1.0 - landing)
            } else {
                grey(0.0)
            };
            let hop = (phase * 4.0).sin().max(0.0) * ease(0.6, 0.9, (phase * 0.5).sin()) * 0.06;
            let flap = (down.y > 0.05).then(|| (t * 40.0).sin() * 0.9);
            let at = home + v(0.0, hop, 0.0) + down;
            actors.push(Actor::new(at, bird(at, phase.sin() * 1.2 + 2.5, flap)));
        } else if away < 2.6 {
            let at = home + v(-2.2 * away, 0.6 * away + 0.9 * away * away, 2.6 * away);
            actors.push(Actor::new(
                at,
                bird(at, -0.7, Some((away * 42.0).sin() * 0.9)),
            ));
        }
    }
    actors
}

/// Somebody walks from the house to the shed and back.
fn gardener(t: f32) -> Option<Actor> {
    const WAY: &[(f32, f32)] = &[
        (3.6, -3.0),
        (4.0, 1.0),
        (4.25, 4.6),
        (4.35, 8.0),
        (4.9, 10.4),
        (6.2, 11.6),
    ];
    let (part, back) = match t {
        t if (44.0..57.0).contains(&t) => ((t - 44.0) / 13.0, 0.0),
        t if (57.0..61.0).contains(&t) => (1.0, 0.0),
        t if (61.0..74.0).contains(&t) => ((74.0 - t) / 13.0, PI),
        _ => return None,
    };
    let pace = ease(57.2, 56.6, t) + ease(60.8, 61.4, t);
    let wears = Clothes {
        top: v(0.10, 0.2, 0.33),
        trousers: v(0.2, 0.17, 0.12),
        hair: v(0.12, 0.07, 0.03),
    };
    let foot = Path(WAY).at(part);
    let heading = Path(WAY).heading(part) + back;
    Some(Actor::new(
        foot,
        person(foot, heading, Path(WAY).walked(part), pace, &wears),
    ))
}
