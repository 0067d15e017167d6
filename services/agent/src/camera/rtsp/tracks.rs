//! Which of a camera's RTP streams are taken, and what they are.

use bytes::Bytes;
use retina::client::Stream;
use retina::codec::ParametersRef;
use sightline_media::{Codec, Track, Tracks};

use crate::camera::PullError;

/// Track numbers of every RTSP stream.
pub(super) const VIDEO: u8 = 0;
pub(super) const AUDIO: u8 = 1;

/// Sample rate of G.711 (RFC 3551, 4.5.14), hertz.
const G711_RATE: u32 = 8000;

/// One picture and, if the camera has one, one sound that can be passed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selected {
    video: (usize, Codec),
    audio: Option<(usize, Codec)>,
}

impl Selected {
    /// The first stream of each kind in a codec that is supported.
    pub(super) fn of(streams: &[Stream]) -> Result<Self, PullError> {
        let videos = streams
            .iter()
            .enumerate()
            .filter(|(_, s)| s.media() == "video");
        let mut refused = None;
        let mut video = None;
        for (at, stream) in videos {
            match stream.encoding_name() {
                "h264" => video = video.or(Some((at, Codec::H264))),
                "h265" => video = video.or(Some((at, Codec::H265))),
                other => refused = refused.or_else(|| Some(codec_name(other))),
            }
        }
        let video = video.ok_or_else(|| refused.map_or(PullError::NoVideo, PullError::Codec))?;
        let audio = streams
            .iter()
            .enumerate()
            .find_map(|(at, stream)| audio_codec(stream).map(|codec| (at, codec)));
        Ok(Self { video, audio })
    }

    /// Codec of the picture.
    pub(super) fn video_codec(&self) -> Codec {
        self.video.1
    }

    /// Positions of the streams to set up.
    pub(super) fn streams(&self) -> impl Iterator<Item = usize> + use<> {
        [Some(self.video), self.audio]
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
    }

    /// The tracks, once the camera has sent the parameters of its picture.
    pub(super) fn tracks(&self, streams: &[Stream]) -> Result<Option<Tracks>, PullError> {
        let (at, codec) = self.video;
        let Some(ParametersRef::Video(video)) = streams[at].parameters() else {
            return Ok(None);
        };
        let config = Bytes::copy_from_slice(video.extra_data());
        let mut tracks = vec![Track::video(VIDEO, codec, config)?];
        if let Some((at, codec)) = self.audio {
            tracks.extend(audio_track(&streams[at], codec)?);
        }
        Ok(Some(Tracks::new(tracks)?))
    }
}

/// The codec of a sound that can be passed on. Any other sound is left out, as the picture is
/// worth more than an error.
fn audio_codec(stream: &Stream) -> Option<Codec> {
    let g711 = stream.clock_rate_hz() == G711_RATE
        && stream.channels().is_none_or(|channels| channels.get() == 1);
    match (stream.media(), stream.encoding_name()) {
        ("audio", "mpeg4-generic") => stream.parameters().map(|_| Codec::Aac),
        ("audio", "pcmu") if g711 => Some(Codec::Pcmu),
        ("audio", "pcma") if g711 => Some(Codec::Pcma),
        _ => None,
    }
}

fn audio_track(stream: &Stream, codec: Codec) -> Result<Option<Track>, PullError> {
    match (codec, stream.parameters()) {
        (Codec::Aac, Some(ParametersRef::Audio(audio))) => {
            let config = Bytes::copy_from_slice(audio.extra_data());
            Ok(Some(Track::aac(AUDIO, config)?))
        }
        (Codec::Aac, _) => Ok(None),
        _ => Ok(Some(Track::g711(AUDIO, codec)?)),
    }
}

/// As people know it. The name comes from the camera, so only letters and digits of it are shown.
fn codec_name(encoding: &str) -> String {
    const NAME_CHARS_MAX: usize = 20;
    match encoding {
        "jpeg" => "MJPEG".to_owned(),
        "mp4v-es" => "MPEG-4 Part 2".to_owned(),
        other => other
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(NAME_CHARS_MAX)
            .collect(),
    }
}
