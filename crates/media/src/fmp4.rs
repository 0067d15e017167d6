//! Fragmented MP4 (ISO/IEC 14496-12), as browsers take it through Media Source Extensions: one
//! initialisation for a set of tracks, then one fragment for each frame.
//!
//! Video is timed in microseconds, sound in its samples. G.711 travels as FLAC.

mod init;

#[cfg(test)]
mod tests;

use bytes::{BufMut as _, BytesMut};

use crate::ring::Entry;
use crate::{Codec, Tracks, flac, g711};

pub use init::init_segment;

/// Ticks a second on a video track.
const VIDEO_TIMESCALE: u32 = 1_000_000;

/// RFC 6381 codec strings of all tracks, for the `codecs` parameter of `video/mp4`.
#[must_use]
pub fn codecs(tracks: &Tracks) -> String {
    let strings: Vec<&str> = tracks
        .iter()
        .map(|track| track.codec_string.as_str())
        .collect();
    strings.join(",")
}

// Sizes of the boxes in a fragment, bytes. Every fragment has the same, so that its length is
// known before it is made.
const MFHD: u32 = 16;
const TFHD: u32 = 16;
const TFDT: u32 = 20;
const TRUN: u32 = 36;
const TRAF: u32 = 8 + TFHD + TFDT + TRUN;
const MOOF: u32 = 8 + MFHD + TRAF;
const MDAT_HEAD: u32 = 8;

/// `default-base-is-moof`.
const TFHD_FLAGS: u32 = 0x02_0000;
/// Version 1 (composition offsets have a sign); data offset, and for the one sample its duration,
/// size, flags and composition offset.
const TRUN_FLAGS: u32 = 0x0100_0f01;
/// Sample flags: depends on no other sample, or on others and is no sync sample.
const SYNC: u32 = 0x0200_0000;
const NON_SYNC: u32 = 0x0101_0000;

/// Exact length of what [`put_fragment`] appends, bytes.
#[must_use]
pub fn fragment_len(entry: &Entry) -> usize {
    (MOOF + MDAT_HEAD) as usize + payload_len(entry)
}

/// Appends one frame as a fragment, `moof` and `mdat`. Times before 0 count as 0.
pub fn put_fragment(out: &mut BytesMut, entry: &Entry) {
    out.reserve(fragment_len(entry));
    let frame = entry.frame();
    // A frame has 2 MiB at most, even as FLAC.
    let payload = u32::try_from(payload_len(entry)).unwrap_or(u32::MAX - MOOF - MDAT_HEAD);
    put_head(out, MOOF, b"moof");
    put_head(out, MFHD, b"mfhd");
    out.put_u32(0);
    // Sequence numbers count from 1, and may wrap.
    out.put_u32((entry.seq() as u32).wrapping_add(1));
    put_head(out, TRAF, b"traf");
    put_head(out, TFHD, b"tfhd");
    out.put_u32(TFHD_FLAGS);
    out.put_u32(track_id(frame.track));
    put_head(out, TFDT, b"tfdt");
    out.put_u32(1 << 24);
    out.put_u64(entry.media_time());
    put_head(out, TRUN, b"trun");
    out.put_u32(TRUN_FLAGS);
    out.put_u32(1);
    out.put_u32(MOOF + MDAT_HEAD);
    out.put_u32(entry.media_duration());
    out.put_u32(payload);
    out.put_u32(if frame.key || !entry.is_picture() {
        SYNC
    } else {
        NON_SYNC
    });
    out.put_i32(composition_offset(entry));
    put_head(out, MDAT_HEAD + payload, b"mdat");
    put_payload(out, entry);
}

fn put_head(out: &mut BytesMut, size: u32, kind: &[u8; 4]) {
    out.put_u32(size);
    out.put_slice(kind);
}

/// MP4 counts tracks from 1.
fn track_id(track: u8) -> u32 {
    u32::from(track) + 1
}

/// Distance from decoding to presentation, ticks; the ring keeps it within seconds.
fn composition_offset(entry: &Entry) -> i32 {
    let frame = entry.frame();
    if !entry.is_picture() {
        return 0;
    }
    i32::try_from(frame.pts_us.max(0) - frame.dts_us.max(0)).unwrap_or(0)
}

fn payload_len(entry: &Entry) -> usize {
    let data = &entry.frame().data;
    match entry.codec() {
        Codec::H264 | Codec::H265 | Codec::Aac => data.len(),
        Codec::Pcmu | Codec::Pcma => flac::frame_len(data.len(), entry.media_time()),
    }
}

fn put_payload(out: &mut BytesMut, entry: &Entry) {
    let data = &entry.frame().data;
    let codes = data.iter().copied();
    match entry.codec() {
        Codec::H264 | Codec::H265 | Codec::Aac => out.put_slice(data),
        Codec::Pcmu => flac::put_frame(out, entry.media_time(), codes.map(g711::decode_pcmu)),
        Codec::Pcma => flac::put_frame(out, entry.media_time(), codes.map(g711::decode_pcma)),
    }
}
