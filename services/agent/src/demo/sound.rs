//! What the microphone in the back yard hears: wind, and a bird that sings on the second.

use std::f32::consts::TAU;

use bytes::Bytes;
use sightline_media::g711;

/// Samples per second.
const RATE: i64 = 8000;
/// Length of a packet, microseconds.
pub(super) const PACKET_US: i64 = 40_000;
/// Samples in a packet.
const PACKET_SAMPLES: i64 = RATE * PACKET_US / 1_000_000;

/// The packet with this number, counted from the Unix epoch: 40 ms of G.711 mu-law.
pub(super) fn packet(number: i64) -> Bytes {
    let first = number * PACKET_SAMPLES;
    (first..first + PACKET_SAMPLES)
        .map(|at| g711::encode_pcmu(sample(at)))
        .collect()
}

fn sample(at: i64) -> i16 {
    let second = at.div_euclid(RATE);
    let within = at.rem_euclid(RATE) as f32 / RATE as f32;
    let level = wind(at) + bird(second, within);
    (level * 32767.0).clamp(-32768.0, 32767.0) as i16
}

/// Air in the leaves: noise of three bands, each of which swells and fades on its own.
fn wind(at: i64) -> f32 {
    [(11, 0.030, 3), (23, 0.022, 5), (4, 0.010, 2)]
        .iter()
        .map(|&(samples, level, seconds)| {
            let gust = 0.6 + 0.4 * smooth_noise(at, seconds * RATE);
            level * gust * smooth_noise(at, samples)
        })
        .sum()
}

/// Noise in -1..1 that passes through a new random value every `step` samples.
fn smooth_noise(at: i64, step: i64) -> f32 {
    let (cell, part) = (
        at.div_euclid(step),
        at.rem_euclid(step) as f32 / step as f32,
    );
    let ease = part * part * (3.0 - 2.0 * part);
    let value = |cell: i64| random(cell ^ (step << 40)) * 2.0 - 1.0;
    value(cell) + (value(cell + 1) - value(cell)) * ease
}

/// A few whistles that begin with the second; some seconds are silent.
fn bird(second: i64, within: f32) -> f32 {
    let mood = random(second.div_euclid(4));
    let voice = random(second ^ 0x5eed);
    if mood < 0.35 || voice < 0.3 {
        return 0.0;
    }
    let notes = 2 + (voice * 4.0) as i64;
    let length = 0.07 + 0.05 * mood;
    let note = (within / (length * 1.5)) as i64;
    let part = within / length - note as f32 * 1.5;
    if note >= notes || part >= 1.0 {
        return 0.0;
    }
    let pitch = 2300.0 + 900.0 * random(second + note * 7);
    let sweep = 350.0 * (random(second - note * 3) - 0.4);
    let swell = (part * TAU / 2.0).sin().powi(2);
    let time = part * length;
    let phase = TAU * (pitch * time + sweep * part * time);
    0.16 * swell * phase.sin() * (0.5 + 0.5 * mood)
}

/// A number in 0..1 that looks random and only depends on `seed`.
fn random(seed: i64) -> f32 {
    let mut bits = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((bits >> 40) as f32) / (1u64 << 24) as f32
}
