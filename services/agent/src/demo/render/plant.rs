//! Trees, bushes and hedges, leaf by leaf.

use super::math::{V, grey, hash, noise, v};
use super::thing::{Look, Thing, plain};

/// A leaf stands for a few real ones; its half length, metres.
const LEAF: f32 = 0.055;

/// Pseudo-random numbers for one plant.
struct Dice {
    seed: i32,
    rolled: i32,
}

impl Dice {
    fn new(seed: i32) -> Self {
        Self { seed, rolled: 0 }
    }

    /// In -1..1.
    fn roll(&mut self) -> f32 {
        self.rolled += 1;
        hash(self.seed, self.rolled, 5) * 2.0 - 1.0
    }

    fn roll_v(&mut self) -> V {
        v(self.roll(), self.roll(), self.roll())
    }
}

/// A ball of foliage: leaves near its surface, most of them facing outwards.
fn foliage(
    things: &mut Vec<Thing>,
    dice: &mut Dice,
    centre: V,
    radii: V,
    leaves: usize,
    colour: V,
) {
    for _ in 0..leaves {
        let out = (dice.roll_v() + grey(1e-3)).unit();
        let depth = 0.72 + 0.33 * dice.roll();
        let at = centre + out.times(radii) * depth;
        let normal = (out + dice.roll_v() * 0.7).unit();
        leaf(things, dice, at, normal, colour * (0.55 + 0.5 * depth));
    }
}

fn leaf(things: &mut Vec<Thing>, dice: &mut Dice, at: V, normal: V, colour: V) {
    let side = normal.cross((dice.roll_v() + grey(1e-3)).unit()).unit();
    let size = LEAF * (1.0 + 0.45 * dice.roll());
    let tone = colour * (1.0 + 0.35 * dice.roll());
    things.push(Thing::leaf(
        at,
        side * size,
        normal.cross(side) * (size * 0.8),
        tone,
    ));
}

/// A tree with a crown of `radius` metres around `height`.
pub(crate) fn tree(seed: i32, foot: V, height: f32, radius: f32, colour: V) -> Vec<Thing> {
    let mut dice = Dice::new(seed);
    let bark = v(0.11, 0.085, 0.06);
    let crown = foot + v(0.0, height, 0.0);
    let fork = foot + v(0.08, height * 0.55, 0.05);
    let mut things = vec![
        Thing::rod(foot, fork, radius * 0.09, bark),
        Thing::rod(fork, crown, radius * 0.055, bark),
    ];
    for _ in 0..11 {
        let tip = crown + dice.roll_v().times(v(0.75, 0.6, 0.75)) * radius;
        things.push(Thing::rod(fork, tip, radius * 0.03, bark));
        let size = radius * (0.42 + 0.1 * dice.roll());
        let leaves = (size * size * 700.0) as usize;
        foliage(
            &mut things,
            &mut dice,
            tip,
            v(size, size * 0.8, size),
            leaves,
            colour,
        );
    }
    things
}

/// A round bush on the ground.
pub(crate) fn bush(seed: i32, foot: V, radius: f32, colour: V) -> Vec<Thing> {
    let mut dice = Dice::new(seed);
    let mut things = vec![Thing::rod(
        foot + v(0.0, radius * 0.5, 0.0),
        foot + v(0.0, radius * 0.6, 0.0),
        radius * 0.6,
        colour * 0.25,
    )];
    let leaves = (radius * radius * 1500.0) as usize;
    let centre = foot + v(0.0, radius * 0.65, 0.0);
    foliage(
        &mut things,
        &mut dice,
        centre,
        v(radius, radius * 0.85, radius),
        leaves,
        colour,
    );
    things
}

/// A clipped hedge that stands at `foot`: dark inside, with leaves on top and on all sides.
pub(crate) fn hedge(seed: i32, foot: V, size: V, colour: V) -> Vec<Thing> {
    let mut dice = Dice::new(seed);
    let core = size - v(0.16, 0.08, 0.16);
    let mut things = vec![Thing::block(foot, core, colour * 0.3, plain)];
    let (half_x, half_z) = (size.x / 2.0, size.z / 2.0);
    let faces = [
        (v(0.0, 1.0, 0.0), size.x * size.z),
        (v(1.0, 0.0, 0.0), size.y * size.z),
        (v(-1.0, 0.0, 0.0), size.y * size.z),
        (v(0.0, 0.0, 1.0), size.x * size.y),
        (v(0.0, 0.0, -1.0), size.x * size.y),
    ];
    for (normal, area) in faces {
        for _ in 0..(area * 190.0) as usize {
            let across = v(
                dice.roll() * half_x,
                (dice.roll() + 1.0) / 2.0 * size.y,
                dice.roll() * half_z,
            );
            let flat = grey(1.0) - normal.times(normal);
            let at = foot
                + across.times(flat)
                + v(
                    normal.x * half_x,
                    normal.y.max(0.0) * size.y,
                    normal.z * half_z,
                )
                + normal * (0.05 * dice.roll());
            let facing = (normal + dice.roll_v() * 0.8).unit();
            leaf(&mut things, &mut dice, at, facing, colour);
        }
    }
    things
}

/// A row of trees far away, from one place to another: too far for leaves.
pub(crate) fn woods(seed: i32, from: V, to: V, height: f32) -> Vec<Thing> {
    let mut dice = Dice::new(seed);
    let crowns = ((to - from).length() / (height * 0.28)) as usize;
    (0..crowns)
        .map(|crown| {
            let along = from.mix(to, crown as f32 / crowns as f32);
            let radius = height * (0.3 + 0.1 * dice.roll());
            let low = along + v(dice.roll() * radius, radius * 0.6, dice.roll() * radius);
            let high = low + v(0.0, height - radius * (1.6 + 0.4 * dice.roll()), 0.0);
            let tone = v(0.06, 0.105, 0.04) * (1.0 + 0.25 * dice.roll());
            Thing::rod(low, high, radius, tone).finished(leafy)
        })
        .collect()
}

/// A mass of leaves from afar.
fn leafy(colour: V, at: V, _: V) -> Look {
    let bump = |shift: f32| noise(at * 1.6 + grey(shift)) + noise(at * 4.0 + grey(shift)) - 1.0;
    let tone = 0.45 + 1.1 * noise(at * 2.3);
    Look {
        bump: v(bump(1.0), bump(5.0), bump(9.0)) * 0.9,
        ..Look::matt(colour * tone)
    }
}
