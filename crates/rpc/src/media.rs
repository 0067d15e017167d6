//! Frames and tracks as messages.

use sightline_media as media;
use sightline_media::ring::Writer;

use crate::device::v1::live_response::Event;
use crate::live::v1;

/// Most pictures that one word of a device may call lost: those of nine hours. More would make
/// nonsense of what viewers are told and of what is counted.
const GAP_MAX: u64 = 1_000_000;

/// Does to a ring what one message of a device's stream says.
///
/// # Errors
/// When no camera could have sent it; the stream is over then.
pub fn publish(event: Event, writer: &mut Writer) -> Result<(), media::Error> {
    match event {
        Event::Started(started) => writer.set_tracks(tracks_from_proto(started)?),
        Event::Frame(frame) => writer.push(frame_from_proto(frame)?)?,
        Event::Gap(gap) => writer.gap(gap.lost.min(GAP_MAX)),
    }
    Ok(())
}

/// A message as a frame; nothing is checked but the range of the track's number.
///
/// # Errors
/// [`media::Error::UnknownTrack`].
pub fn frame_from_proto(frame: v1::Frame) -> Result<media::Frame, media::Error> {
    Ok(media::Frame {
        track: u8::try_from(frame.track).map_err(|_| media::Error::UnknownTrack(u8::MAX))?,
        key: frame.key,
        pts_us: frame.pts_us,
        dts_us: frame.dts_us,
        data: frame.data,
    })
}

/// A frame as a message; shares the data.
#[must_use]
pub fn frame_to_proto(frame: &media::Frame) -> v1::Frame {
    v1::Frame {
        track: u32::from(frame.track),
        key: frame.key,
        pts_us: frame.pts_us,
        dts_us: frame.dts_us,
        data: frame.data.clone(),
    }
}

/// Tracks from a device, with everything read anew from the codec configuration: what a device
/// says of sizes and rates is not believed.
///
/// # Errors
/// When a configuration cannot be read, or the tracks cannot be played together.
pub fn tracks_from_proto(started: v1::Started) -> Result<media::Tracks, media::Error> {
    if started.tracks.len() > media::track::TRACKS_MAX {
        return Err(media::Error::BadTracks("more than two tracks"));
    }
    let tracks = started
        .tracks
        .into_iter()
        .map(track_from_proto)
        .collect::<Result<_, _>>()?;
    media::Tracks::new(tracks)
}

fn track_from_proto(track: v1::Track) -> Result<media::Track, media::Error> {
    /// Frames carry the track's number in three bits of head-room.
    const ID_MAX: u32 = 7;
    let id = match u8::try_from(track.id) {
        Ok(id) if track.id <= ID_MAX => id,
        _ => return Err(media::Error::BadTracks("track number over 7")),
    };
    match v1::Codec::try_from(track.codec) {
        Ok(v1::Codec::H264) => media::Track::video(id, media::Codec::H264, track.config),
        Ok(v1::Codec::H265) => media::Track::video(id, media::Codec::H265, track.config),
        Ok(v1::Codec::Aac) => media::Track::aac(id, track.config),
        Ok(v1::Codec::Pcmu) => media::Track::g711(id, media::Codec::Pcmu),
        Ok(v1::Codec::Pcma) => media::Track::g711(id, media::Codec::Pcma),
        Ok(v1::Codec::Unspecified) | Err(_) => Err(media::Error::BadTracks("unknown codec")),
    }
}

/// Tracks as the message that goes before frames.
#[must_use]
pub fn tracks_to_proto(tracks: &media::Tracks) -> v1::Started {
    v1::Started {
        tracks: tracks.iter().map(track_to_proto).collect(),
    }
}

/// One track as a message.
#[must_use]
pub fn track_to_proto(track: &media::Track) -> v1::Track {
    let codec = match track.codec {
        media::Codec::H264 => v1::Codec::H264,
        media::Codec::H265 => v1::Codec::H265,
        media::Codec::Aac => v1::Codec::Aac,
        media::Codec::Pcmu => v1::Codec::Pcmu,
        media::Codec::Pcma => v1::Codec::Pcma,
    };
    v1::Track {
        id: u32::from(track.id),
        codec: codec.into(),
        config: track.config.clone(),
        width: u32::from(track.width),
        height: u32::from(track.height),
        sample_rate: track.sample_rate,
        channels: u32::from(track.channels),
        // "flac" is how G.711 reaches a browser, not what is in these frames.
        codec_string: match track.codec {
            media::Codec::Pcmu | media::Codec::Pcma => String::new(),
            _ => track.codec_string.clone(),
        },
    }
}
