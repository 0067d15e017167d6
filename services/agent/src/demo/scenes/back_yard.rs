//! A garden behind a house, on a breezy afternoon.

use std::f32::consts::{FRAC_PI_2, PI};

use super::{Scene, within};
use crate::demo::picture::Picture;
use crate::demo::render::figure::animal::{bird, cat};
use crate::demo::render::figure::person::{Clothes, person};
use crate::demo::render::finish::{boards, concrete, glass, grass, plaster, slabs, tiles};
use crate::demo::render::lens::Lens;
use crate::demo::render::light::{Rig, Sun};
use crate::demo::render::math::{Pose, V, cloudy, ease, grey, noise, v};
use crate::demo::render::moving::{self, Actor};
use crate::demo::render::path::Path;
use crate::demo::render::plant::{bush, tree};
use crate::demo::render::shape::{Hull, Look, Thing, plain};
use crate::demo::render::still::{Grade, Place, Still};
use crate::demo::render::warp::{sway, warp};
use crate::demo::render::world::World;

pub(super) const SCENE: Scene = Scene { place, draw };

const LEAVES: V = v(0.085, 0.15, 0.03);
/// Middle and half axes of the pond.
const POND: V = v(-3.6, 0.0, 8.6);
const POND_SIZE: (f32, f32) = (1.9, 1.25);
/// Crowns of the trees that move in the wind.
const APPLE: V = v(-5.2, 3.1, 13.2);
const BIRCH: V = v(3.4, 5.6, 19.5);
/// Middle of the swing's bar.
const SWING: V = v(2.6, 2.15, 12.4);

fn place() -> Place {
    let mut things = terrace();
    things.extend(pond());
    things.extend(fence_and_beds());
    things.extend(shed());
    things.extend(swing_frame());
    Place {
        lens: Lens::new(v(2.7, 4.3, -1.6), v(-0.6, 0.1, 9.4), 0.82),
        rig: Rig {
            sun: Some(Sun {
                toward: v(0.55, 0.62, -0.18).unit(),
                colour: v(3.0, 2.55, 1.95),
                radius: 0.02,
            }),
            sky,
            ambient: (v(0.60, 0.70, 0.86), v(0.24, 0.24, 0.16)),
            reach: 2.5,
            lamps: Vec::new(),
        },
        grade: Grade {
            exposure: 0.72,
            saturation: 0.86,
            tint: v(1.03, 1.0, 0.95),
            vignette: 0.34,
            grain: 0.012,
        },
        world: World::new(things),
    }
}

fn sky(to: V) -> V {
    let clear = v(1.6, 1.75, 1.95).mix(v(0.55, 0.85, 1.5), ease(0.0, 0.6, to.y));
    let over = v(to.x, 0.0, to.z) * (1.0 / (to.y.max(0.0) + 0.15));
    clear.mix(grey(2.1), ease(0.5, 0.8, cloudy(over * 1.1)))
}

/// Lawn, slabs, table and chairs.
fn terrace() -> Vec<Thing> {
    let mut things = vec![
        Thing::block(
            v(0.0, -1.0, 0.0),
            v(400.0, 1.0, 400.0),
            v(0.08, 0.135, 0.035),
            grass,
        ),
        Thing::block(
            v(0.5, -0.96, 0.6),
            v(13.0, 1.0, 6.6),
            v(0.36, 0.34, 0.31),
            slabs,
        ),
    ];
    for step in 0..7 {
        let foot = v(
            4.3 + 0.12 * (step as f32 * 1.7).sin(),
            -0.985,
            4.6 + step as f32 * 1.0,
        );
        things.push(Thing::block(foot, v(0.55, 1.0, 0.62), grey(0.33), concrete));
    }
    let teak = v(0.30, 0.17, 0.085);
    let table = v(-1.6, 0.04, 2.1);
    things.push(Thing::block(
        table + v(0.0, 0.7, 0.0),
        v(1.5, 0.05, 0.9),
        teak,
        boards,
    ));
    for (x, z) in [(-0.65, -0.36), (0.65, -0.36), (-0.65, 0.36), (0.65, 0.36)] {
        things.push(Thing::block(
            table + v(x, 0.0, z),
            v(0.07, 0.7, 0.07),
            teak * 0.8,
            plain,
        ));
    }
    for (x, z, turn) in [
        (-0.35, 0.85, PI),
        (0.45, 0.8, PI + 0.25),
        (-1.2, 0.1, FRAC_PI_2),
    ] {
        things.extend(chair(table + v(x, 0.0, z), turn, teak));
    }
    let mug = table + v(0.3, 0.78, 0.1);
    things.push(Thing::rod(
        mug,
        mug + v(0.0, 0.05, 0.0),
        0.04,
        v(0.5, 0.08, 0.05),
    ));
    for (seed, x) in [(71, -4.6), (72, 5.4)] {
        let foot = v(x, 0.04, 3.2);
        things.push(Thing::block(
            foot,
            v(0.45, 0.42, 0.45),
            v(0.35, 0.16, 0.09),
            plaster,
        ));
        things.extend(bush(
            seed,
            foot + v(0.0, 0.36, 0.0),
            0.36,
            v(0.10, 0.17, 0.06),
        ));
    }
    things
}

fn chair(foot: V, turn: f32, wood: V) -> Vec<Thing> {
    let pose = Pose::at(foot, turn);
    let part = |at: V, size: V| {
        Thing::hull(
            &Hull::block(size),
            Pose::at(pose.place(at), turn),
            wood,
            boards,
        )
    };
    let mut things = vec![
        part(v(0.0, 0.42, 0.0), v(0.46, 0.04, 0.44)),
        part(v(0.0, 0.5, -0.22), v(0.46, 0.45, 0.04)),
    ];
    for (x, z) in [(-0.2, -0.2), (0.2, -0.2), (-0.2, 0.2), (0.2, 0.2)] {
        things.push(part(v(x, 0.0, z), v(0.05, 0.42, 0.05)));
    }
    things
}

/// Water with stones around it.
fn pond() -> Vec<Thing> {
    let outline: Vec<(f32, f32)> = (0..20)
        .map(|corner| {
            let angle = std::f32::consts::TAU * corner as f32 / 20.0;
            (POND_SIZE.0 * angle.cos(), POND_SIZE.1 * angle.sin())
        })
        .collect();
    let surface = Hull::prism(&outline, 0.5, 0.0);
    let mut things = vec![Thing::hull(
        &surface,
        Pose::upright(POND - v(0.0, 0.47, 0.0)),
        v(0.015, 0.03, 0.028),
        water,
    )];
    for stone in 0..24 {
        let angle = std::f32::consts::TAU * stone as f32 / 24.0;
        let wild = |k: f32| (stone as f32 * k).sin();
        let far = 1.06 + 0.04 * wild(3.7);
        let at = POND
            + v(
                POND_SIZE.0 * far * angle.cos(),
                0.03,
                POND_SIZE.1 * far * angle.sin(),
            );
        let size = 0.13 + 0.05 * wild(5.1);
        let along = v(-angle.sin(), 0.0, angle.cos()) * 0.12;
        let tone = grey(0.24 + 0.08 * wild(2.3));
        things.push(Thing::rod(at - along, at + along, size, tone).finished(stony));
    }
    for reed in 0..26 {
        let wild = |k: f32| (reed as f32 * k).sin();
        let foot = POND + v(-1.5 + 0.4 * wild(1.9), 0.0, 0.75 + 0.3 * wild(2.7));
        let tip = foot + v(0.14 * wild(4.1), 0.75 + 0.25 * wild(3.3), 0.1 * wild(5.9));
        things.push(Thing::rod(foot, tip, 0.012, v(0.10, 0.16, 0.05)));
    }
    for (x, z, size) in [(0.5, 0.3, 0.16), (0.8, 0.1, 0.12), (0.3, -0.5, 0.14)] {
        let at = POND + v(x, 0.035, z);
        things.push(Thing::leaf(
            at,
            v(size, 0.0, 0.0),
            v(0.0, 0.0, size),
            v(0.07, 0.17, 0.05),
        ));
    }
    things
}

fn water(colour: V, _: V, _: V) -> Look {
    Look {
        mirror: 0.32,
        ..Look::matt(colour)
    }
}

fn stony(colour: V, at: V, _: V) -> Look {
    Look::matt(colour * (0.7 + 0.6 * noise(at * 14.0)))
}

/// The end of the garden, and what is seen beyond it.
fn fence_and_beds() -> Vec<Thing> {
    let wood = v(0.24, 0.16, 0.10);
    let soil = v(0.07, 0.05, 0.035);
    let mut things = vec![
        Thing::block(v(0.0, 0.0, 16.2), v(21.0, 1.75, 0.06), wood, boards),
        Thing::block(v(-9.6, 0.0, 7.0), v(0.06, 1.75, 18.6), wood * 0.95, boards),
        Thing::block(v(9.8, 0.0, 7.0), v(0.06, 1.75, 18.6), wood * 0.9, boards),
        Thing::block(v(0.0, -0.97, 15.5), v(19.0, 1.0, 1.3), soil, concrete),
        Thing::block(v(-8.9, -0.97, 7.6), v(1.3, 1.0, 16.0), soil, concrete),
    ];
    for number in 0..16 {
        let wild = |k: f32| (number as f32 * k).sin();
        let size = 0.42 + 0.16 * wild(2.9);
        let tone = v(0.09 + 0.03 * wild(1.3), 0.15 + 0.03 * wild(3.1), 0.05);
        let along = if number < 9 {
            v(-8.0 + number as f32 * 1.35, 0.0, 15.4 + 0.15 * wild(4.0))
        } else {
            v(-8.8 + 0.1 * wild(5.0), 0.0, 1.5 + (number - 9) as f32 * 1.9)
        };
        things.extend(bush(80 + number, along, size, tone));
        for flower in 0..5 {
            let wild = |k: f32| ((number * 7 + flower) as f32 * k).sin();
            let at = along
                + v(
                    size * 0.8 * wild(1.7),
                    size * (1.15 + 0.25 * wild(2.2)),
                    -size * 0.6 * wild(1.1).abs(),
                );
            let colour =
                [v(0.75, 0.1, 0.16), v(0.8, 0.6, 0.06), v(0.7, 0.7, 0.72)][(number % 3) as usize];
            things.push(Thing::rod(at, at, 0.05, colour));
        }
    }
    things.extend(tree(91, v(APPLE.x, 0.0, APPLE.z), APPLE.y, 1.9, LEAVES));
    things.extend(tree(
        92,
        v(BIRCH.x, 0.0, BIRCH.z),
        BIRCH.y,
        2.4,
        LEAVES * 0.9,
    ));
    things.extend(tree(93, v(-12.5, 0.0, 24.0), 6.0, 3.2, LEAVES * 0.8));
    things.extend(tree(94, v(11.5, 0.0, 23.0), 5.2, 2.8, LEAVES * 0.85));
    let roof = Hull::prism(&[(-4.6, 0.0), (4.6, 0.0), (0.0, 2.9)], 6.5, 0.0);
    let neighbour = v(-4.5, 0.0, 30.0);
    things.push(Thing::block(
        neighbour,
        v(12.0, 4.6, 8.0),
        v(0.58, 0.54, 0.46),
        plaster,
    ));
    things.push(Thing::hull(
        &roof,
        Pose::at(neighbour + v(0.0, 4.6, 0.0), FRAC_PI_2),
        v(0.22, 0.10, 0.07),
        tiles,
    ));
    for x in [-3.6, 0.0, 3.6] {
        let at = neighbour + v(x, 2.6, -4.0);
        things.push(Thing::block(at, v(1.3, 1.3, 0.1), grey(0.65), plain));
        things.push(Thing::block(
            at + v(0.0, 0.08, -0.04),
            v(1.1, 1.14, 0.1),
            grey(0.04),
            glass,
        ));
    }
    things
}

fn shed() -> Vec<Thing> {
    let foot = v(6.9, 0.0, 13.4);
    let roof = Hull::prism(&[(-1.75, 0.0), (1.75, 0.0), (0.0, 0.75)], 1.6, 0.0);
    vec![
        Thing::block(foot, v(3.0, 2.1, 2.6), v(0.17, 0.20, 0.16), boards),
        Thing::hull(
            &roof,
            Pose::at(foot + v(0.0, 2.1, 0.0), 0.0),
            v(0.12, 0.11, 0.11),
            concrete,
        ),
        Thing::block(
            foot + v(-0.6, 0.05, -1.3),
            v(0.95, 1.85, 0.06),
            v(0.22, 0.15, 0.09),
            boards,
        ),
        Thing::block(
            foot + v(0.75, 0.9, -1.3),
            v(0.8, 0.7, 0.06),
            grey(0.6),
            plain,
        ),
        Thing::block(
            foot + v(0.75, 0.96, -1.33),
            v(0.68, 0.58, 0.06),
            grey(0.04),
            glass,
        ),
        Thing::rod(
            foot + v(-1.75, 0.0, -0.9),
            foot + v(-1.6, 1.6, -0.7),
            0.02,
            v(0.3, 0.2, 0.1),
        ),
        Thing::rod(
            foot + v(-2.1, 0.3, -0.6),
            foot + v(-2.1, 0.6, -0.6),
            0.28,
            v(0.05, 0.13, 0.08),
        ),
    ]
}

fn swing_frame() -> Vec<Thing> {
    let red = v(0.35, 0.05, 0.035);
    let half = v(1.15, 0.0, 0.0);
    let mut things = vec![Thing::rod(SWING - half, SWING + half, 0.035, red)];
    for end in [SWING - half, SWING + half] {
        for lean in [-0.75, 0.75] {
            things.push(Thing::rod(end, v(end.x, 0.0, end.z + lean), 0.03, red));
        }
    }
    things
}

fn draw(still: &Still, picture: &mut Picture, seconds: f64) {
    sway(still, picture, BIRCH, 2.9, seconds + 11.0);
    sway(still, picture, APPLE, 2.4, seconds);
    ripples(still, picture, seconds);
    let t = within(80.0, seconds);
    let mut actors = vec![swing(seconds)];
    actors.extend(prowl(t));
    actors.extend(birds(t));
    actors.extend(gardener(t));
    moving::draw(still, actors, picture);
}

/// Rings on the pond, now here and now there, as when fish come up.
fn ripples(still: &Still, picture: &mut Picture, seconds: f64) {
    let lens = &still.place.lens;
    let size = v(POND_SIZE.0, 0.03, POND_SIZE.1);
    let area = lens.cover(POND - size, POND + size);
    let period = 5.0;
    let t = within(period, seconds);
    let turn = (seconds / period).floor().rem_euclid(64.0) as f32 * 2.4;
    let source = POND + v(0.9 * turn.cos(), 0.0, 0.5 * turn.sin());
    let pixels = picture.width as f32 / 1280.0;
    warp(still, picture, area, |x, y| {
        let pixel = y * still.picture.width + x;
        let at = lens
            .ray(x as f32 + 0.5, y as f32 + 0.5)
            .at(still.depth[pixel]);
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
