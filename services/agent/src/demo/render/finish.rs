//! Surfaces: what plaster, bricks, asphalt and the like look like close by.

use super::math::{V, cloudy, ease, grey, hash, noise, v};
use super::thing::Look;

/// Painted or plastered, with stains where rain runs down.
pub(crate) fn plaster(colour: V, at: V, _: V) -> Look {
    let stain = cloudy(v(at.x * 1.3, at.y * 0.25, at.z * 1.3));
    let foot = ease(0.6, 0.0, at.y + 0.3 * noise(at * 2.0));
    Look::matt(
        colour * (0.86 + 0.2 * stain) * (1.0 - 0.25 * foot) * (0.96 + 0.08 * noise(at * 30.0)),
    )
}

/// Cast concrete.
pub(crate) fn concrete(colour: V, at: V, _: V) -> Look {
    Look::matt(colour * (0.75 + 0.3 * cloudy(at * 1.1) + 0.12 * noise(at * 25.0)))
}

/// A road: coarse, with patches, and paler where wheels run.
pub(crate) fn asphalt(colour: V, at: V, _: V) -> Look {
    let grit = hash((at.x * 60.0) as i32, 0, (at.z * 60.0) as i32);
    Look::matt(colour * (0.7 + 0.45 * cloudy(at * 0.7) + 0.25 * (grit - 0.5)))
}

/// A mown lawn.
pub(crate) fn grass(colour: V, at: V, _: V) -> Look {
    let wide = cloudy(at * 0.45);
    let blade = noise(v(at.x * 34.0, 0.0, at.z * 21.0)) * 0.6 + noise(at * 11.0) * 0.4;
    let dry = v(1.5, 1.15, 0.9);
    let tone = grey(1.0).mix(dry, ease(0.45, 0.75, wide) * 0.6);
    let bump = v(
        noise(at * 25.0) - 0.5,
        0.0,
        noise(at * 25.0 + grey(9.0)) - 0.5,
    ) * 0.9;
    Look {
        bump,
        ..Look::matt(colour.times(tone) * (0.35 + 1.1 * blade) * (0.8 + 0.4 * wide))
    }
}

/// Bricks of 24 by 7.5 cm in running bond, on any upright or flat face.
pub(crate) fn brick(colour: V, at: V, normal: V) -> Look {
    let along = if normal.x.abs() > 0.7 { at.z } else { at.x };
    let up = if normal.y.abs() > 0.7 { at.z } else { at.y };
    bond(colour, along, up, (0.24, 0.075), 0.10)
}

/// Concrete pavers of 30 by 20 cm.
pub(crate) fn pavers(colour: V, at: V, _: V) -> Look {
    let worn = 0.8 + 0.35 * cloudy(at * 0.5);
    bond(colour * worn, at.z, at.x, (0.30, 0.20), 0.035)
}

/// Slabs of 50 cm.
pub(crate) fn slabs(colour: V, at: V, _: V) -> Look {
    let worn = 0.8 + 0.35 * cloudy(at * 0.8);
    bond(colour * worn, at.x, at.z, (0.6, 0.5), 0.018)
}

/// Roof tiles in rows, down either slope.
pub(crate) fn tiles(colour: V, at: V, _: V) -> Look {
    let row = (at.y * 4.2).fract();
    let wave = (at.x * 14.0).sin().abs() * 0.5 + (at.z * 14.0).sin().abs() * 0.5;
    let tone = hash(
        (at.y * 4.2) as i32,
        (at.x * 4.0) as i32,
        (at.z * 4.0) as i32,
    );
    Look::matt(colour * (0.55 + 0.35 * row + 0.2 * wave) * (0.85 + 0.3 * tone))
}

/// Upright boards of 14 cm.
pub(crate) fn boards(colour: V, at: V, normal: V) -> Look {
    let across = if normal.x.abs() > 0.7 { at.z } else { at.x } / 0.14;
    let gap = ease(
        0.0,
        0.08,
        across.fract().abs().min(1.0 - across.fract().abs()),
    );
    let tone = 0.75 + 0.4 * hash(across.floor() as i32, 3, 0);
    let grain = 0.85 + 0.3 * noise(v(at.x * 40.0, at.y * 3.0, at.z * 40.0));
    Look::matt(colour * (tone * grain * (0.25 + 0.75 * gap)))
}

/// Window glass.
pub(crate) fn glass(colour: V, _: V, _: V) -> Look {
    Look {
        mirror: 0.14,
        ..Look::matt(colour)
    }
}

/// Smooth paint on metal.
pub(crate) fn painted(colour: V, _: V, _: V) -> Look {
    Look {
        mirror: 0.03,
        ..Look::matt(colour)
    }
}

/// Light of its own.
pub(crate) fn glowing(colour: V, _: V, _: V) -> Look {
    Look {
        glow: colour,
        ..Look::matt(grey(0.5))
    }
}

/// Rectangles in running bond with joints between them.
fn bond(colour: V, along: f32, up: f32, size: (f32, f32), joint: f32) -> Look {
    let row = (up / size.1).floor();
    let shifted = along / size.0 + if row as i32 & 1 == 0 { 0.0 } else { 0.5 };
    let tone = hash(shifted.floor() as i32, row as i32, 11);
    let edge = |part: f32, size: f32| part.min(1.0 - part) * size;
    let to_joint = edge(shifted - shifted.floor(), size.0).min(edge(up / size.1 - row, size.1));
    let solid = ease(0.0, joint * 0.25, to_joint);
    let fine = 0.92 + 0.16 * noise(v(along * 40.0, up * 40.0, 0.0));
    Look::matt(colour * ((0.72 + 0.5 * tone) * fine) * (0.45 + 0.55 * solid))
}
