//! The initialisation segment: `ftyp` and a `moov` without samples.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{VIDEO_TIMESCALE, track_id};
use crate::track::CONFIG_BYTES_MAX;
use crate::{Codec, Error, Track, Tracks, flac};

/// Room for everything in a segment of two tracks but the codec configurations, bytes.
const BOXES_BYTES: usize = 1536;

/// Identity, in 16.16 and 2.30 fixed point (ISO/IEC 14496-12, 6.2.2).
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
/// 1.0 in 16.16 fixed point.
const ONE: u32 = 0x1_0000;
/// 72 dots per inch, 16.16 fixed point.
const DOTS_PER_INCH: u32 = 72 << 16;
/// `und`, three letters of five bits.
const LANGUAGE: u16 = 0x55c4;

/// Makes what a player reads before the first fragment.
///
/// # Errors
/// [`Error::BadConfig`] when a configuration record is over [`CONFIG_BYTES_MAX`].
pub fn init_segment(tracks: &Tracks) -> Result<Bytes, Error> {
    let config_bytes: usize = tracks.iter().map(|track| track.config.len()).sum();
    if tracks
        .iter()
        .any(|track| track.config.len() > CONFIG_BYTES_MAX)
    {
        return Err(Error::BadConfig("record is too long"));
    }
    let mut out = BytesMut::with_capacity(BOXES_BYTES + config_bytes);
    put_box(&mut out, b"ftyp", |out| {
        // iso6 stands for all that fragments use: tfdt, default-base-is-moof, signed offsets.
        out.put_slice(b"iso6");
        out.put_u32(1);
        out.put_slice(b"iso6mp41");
    });
    put_box(&mut out, b"moov", |out| {
        put_movie_header(out, tracks);
        for track in tracks.iter() {
            put_track(out, track);
        }
        put_box(out, b"mvex", |out| {
            for track in tracks.iter() {
                put_full_box(out, b"trex", 0, |out| {
                    out.put_u32(track_id(track.id));
                    out.put_u32(1); // default sample description
                    put_zeros(out, 12); // defaults that every fragment overrides
                });
            }
        });
    });
    Ok(out.freeze())
}

/// Appends a box, with the size that `content` turns out to have.
fn put_box(out: &mut BytesMut, kind: &[u8; 4], content: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    content(out);
    // Two configuration records and a few hundred bytes.
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// A box that begins with version 0 and 24 bits of flags.
fn put_full_box(
    out: &mut BytesMut,
    kind: &[u8; 4],
    flags: u32,
    content: impl FnOnce(&mut BytesMut),
) {
    put_box(out, kind, |out| {
        out.put_u32(flags);
        content(out);
    });
}

fn put_zeros(out: &mut BytesMut, count: usize) {
    out.put_bytes(0, count);
}

fn put_matrix(out: &mut BytesMut) {
    for value in MATRIX {
        out.put_u32(value);
    }
}

fn put_movie_header(out: &mut BytesMut, tracks: &Tracks) {
    let last_id = tracks
        .iter()
        .map(|track| track_id(track.id))
        .max()
        .unwrap_or(0);
    put_full_box(out, b"mvhd", 0, |out| {
        put_zeros(out, 8); // created, modified
        out.put_u32(VIDEO_TIMESCALE);
        out.put_u32(0); // duration: in fragments
        out.put_u32(ONE); // rate
        out.put_u16(0x100); // volume
        put_zeros(out, 10);
        put_matrix(out);
        put_zeros(out, 24);
        out.put_u32(last_id + 1);
    });
}

fn put_track(out: &mut BytesMut, track: &Track) {
    let is_video = track.codec.is_video();
    put_box(out, b"trak", |out| {
        // Flags: enabled, in the movie.
        put_full_box(out, b"tkhd", 3, |out| {
            put_zeros(out, 8); // created, modified
            out.put_u32(track_id(track.id));
            put_zeros(out, 4 + 4 + 8 + 2 + 2); // duration, layer, alternate group
            out.put_u16(if is_video { 0 } else { 0x100 }); // volume
            put_zeros(out, 2);
            put_matrix(out);
            out.put_u32(u32::from(track.width) << 16);
            out.put_u32(u32::from(track.height) << 16);
        });
        put_box(out, b"mdia", |out| {
            put_full_box(out, b"mdhd", 0, |out| {
                put_zeros(out, 8); // created, modified
                out.put_u32(if is_video {
                    VIDEO_TIMESCALE
                } else {
                    track.sample_rate
                });
                out.put_u32(0); // duration
                out.put_u16(LANGUAGE);
                out.put_u16(0);
            });
            put_full_box(out, b"hdlr", 0, |out| {
                put_zeros(out, 4);
                out.put_slice(if is_video { b"vide" } else { b"soun" });
                put_zeros(out, 12);
                out.put_u8(0); // an empty name
            });
            put_media(out, track);
        });
    });
}

fn put_media(out: &mut BytesMut, track: &Track) {
    put_box(out, b"minf", |out| {
        if track.codec.is_video() {
            put_full_box(out, b"vmhd", 1, |out| put_zeros(out, 8));
        } else {
            put_full_box(out, b"smhd", 0, |out| put_zeros(out, 4));
        }
        put_box(out, b"dinf", |out| {
            put_full_box(out, b"dref", 0, |out| {
                out.put_u32(1);
                put_full_box(out, b"url ", 1, |_| {}); // in this file
            });
        });
        put_box(out, b"stbl", |out| {
            put_full_box(out, b"stsd", 0, |out| {
                out.put_u32(1);
                put_sample_entry(out, track);
            });
            for kind in [b"stts", b"stsc", b"stco"] {
                put_full_box(out, kind, 0, |out| out.put_u32(0));
            }
            put_full_box(out, b"stsz", 0, |out| put_zeros(out, 8));
        });
    });
}

fn put_sample_entry(out: &mut BytesMut, track: &Track) {
    match track.codec {
        Codec::H264 => put_video_entry(out, track, b"avc1", b"avcC"),
        Codec::H265 => put_video_entry(out, track, b"hvc1", b"hvcC"),
        Codec::Aac => put_audio_entry(out, track, b"mp4a", |out| {
            put_full_box(out, b"esds", 0, |out| put_es_descriptor(out, &track.config));
        }),
        Codec::Pcmu | Codec::Pcma => put_audio_entry(out, track, b"fLaC", |out| {
            put_full_box(out, b"dfLa", 0, |out| {
                // Last metadata block, STREAMINFO, length.
                out.put_u32(0x8000_0000 | flac::STREAMINFO_BYTES as u32);
                out.put_slice(&flac::streaminfo());
            });
        }),
    }
}

fn put_video_entry(out: &mut BytesMut, track: &Track, entry: &[u8; 4], config: &[u8; 4]) {
    put_box(out, entry, |out| {
        put_zeros(out, 6);
        out.put_u16(1); // data reference
        put_zeros(out, 16);
        out.put_u16(track.width);
        out.put_u16(track.height);
        out.put_u32(DOTS_PER_INCH);
        out.put_u32(DOTS_PER_INCH);
        put_zeros(out, 4);
        out.put_u16(1); // frames in a sample
        put_zeros(out, 32); // compressor's name
        out.put_u16(24); // depth
        out.put_i16(-1);
        put_box(out, config, |out| out.put_slice(&track.config));
    });
}

fn put_audio_entry(
    out: &mut BytesMut,
    track: &Track,
    entry: &[u8; 4],
    config: impl FnOnce(&mut BytesMut),
) {
    put_box(out, entry, |out| {
        put_zeros(out, 6);
        out.put_u16(1); // data reference
        put_zeros(out, 8);
        out.put_u16(u16::from(track.channels));
        out.put_u16(16); // bits a sample
        put_zeros(out, 4);
        // 16.16 fixed point; a rate that does not fit is 0, and told by the configuration alone.
        out.put_u32(u16::try_from(track.sample_rate).map_or(0, |rate| u32::from(rate) << 16));
        config(out);
    });
}

/// ES_Descriptor with the AudioSpecificConfig (ISO/IEC 14496-1, 7.2.6.5, and 14496-14, 3.1.2).
fn put_es_descriptor(out: &mut BytesMut, config: &[u8]) {
    let config_len = config.len();
    put_descriptor(out, 3, 3 + 5 + 13 + 5 + config_len + 5 + 1);
    out.put_u16(0); // ES_ID: taken from the track
    out.put_u8(0); // flags
    put_descriptor(out, 4, 13 + 5 + config_len);
    out.put_u8(0x40); // object type: ISO/IEC 14496-3
    out.put_u8(0x15); // audio stream
    put_zeros(out, 3 + 4 + 4); // buffer size and bit rates: not known
    put_descriptor(out, 5, config_len);
    out.put_slice(config);
    put_descriptor(out, 6, 1);
    out.put_u8(2); // synchronisation as in MP4
}

/// Tag, and the length as four groups of seven bits.
fn put_descriptor(out: &mut BytesMut, tag: u8, len: usize) {
    out.put_u8(tag);
    for (at, more) in [(21, 0x80), (14, 0x80), (7, 0x80), (0, 0)] {
        out.put_u8((len >> at) as u8 & 0x7f | more);
    }
}
