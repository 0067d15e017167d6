//! What is told of a stream before its first frame.

use bytes::Bytes;

use crate::{Error, aac, h264, h265};

/// Most tracks in one stream: a picture and a sound.
pub const TRACKS_MAX: usize = 2;

/// Largest codec configuration record that is accepted, bytes.
pub const CONFIG_BYTES_MAX: usize = 4096;

/// How a track is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    H265,
    /// ISO/IEC 14496-3, raw access units.
    Aac,
    /// ITU-T G.711 mu-law.
    Pcmu,
    /// ITU-T G.711 A-law.
    Pcma,
}

impl Codec {
    /// Pictures rather than sound.
    #[must_use]
    pub fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::H265)
    }
}

/// One elementary stream: its codec and everything a decoder must know before the first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Unique within the stream.
    pub id: u8,
    /// How it is encoded.
    pub codec: Codec,
    /// `avcC`, `hvcC` or AudioSpecificConfig; empty for G.711.
    pub config: Bytes,
    /// Pixels; 0 for sound.
    pub width: u16,
    /// Pixels; 0 for sound.
    pub height: u16,
    /// Hertz; 0 for video.
    pub sample_rate: u32,
    /// Number of sound channels; 0 for video.
    pub channels: u8,
    /// RFC 6381 codec string; `"flac"` for G.711, which is wrapped in FLAC for browsers.
    pub codec_string: String,
}

impl Track {
    /// A video track from its decoder configuration record (ISO/IEC 14496-15).
    ///
    /// # Errors
    /// [`Error::BadConfig`] when the record or its sequence parameter set cannot be read.
    pub fn video(id: u8, codec: Codec, config: Bytes) -> Result<Self, Error> {
        if config.len() > CONFIG_BYTES_MAX {
            return Err(Error::BadConfig("record is too long"));
        }
        let info = match codec {
            Codec::H264 => h264::read_config(&config)?,
            Codec::H265 => h265::read_config(&config)?,
            _ => return Err(Error::BadConfig("not a video codec")),
        };
        Ok(Self {
            id,
            codec,
            config,
            width: info.width,
            height: info.height,
            sample_rate: 0,
            channels: 0,
            codec_string: info.codec_string,
        })
    }

    /// An AAC track from its AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
    ///
    /// # Errors
    /// [`Error::BadConfig`] when the configuration cannot be read.
    pub fn aac(id: u8, config: Bytes) -> Result<Self, Error> {
        if config.len() > CONFIG_BYTES_MAX {
            return Err(Error::BadConfig("record is too long"));
        }
        let info = aac::read_config(&config)?;
        Ok(Self {
            id,
            codec: Codec::Aac,
            config,
            width: 0,
            height: 0,
            sample_rate: info.sample_rate,
            channels: info.channels,
            codec_string: info.codec_string,
        })
    }

    /// A G.711 track, mono, at 8 kHz (RFC 3551).
    ///
    /// # Errors
    /// [`Error::BadConfig`] when `codec` is not of G.711.
    pub fn g711(id: u8, codec: Codec) -> Result<Self, Error> {
        if !matches!(codec, Codec::Pcmu | Codec::Pcma) {
            return Err(Error::BadConfig("not a G.711 codec"));
        }
        Ok(Self {
            id,
            codec,
            config: Bytes::new(),
            width: 0,
            height: 0,
            sample_rate: 8000,
            channels: 1,
            codec_string: "flac".to_owned(),
        })
    }
}

/// The tracks of a stream: one picture, one sound, or both. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracks(Vec<Track>);

impl Tracks {
    /// Checks that the set can be played together.
    ///
    /// # Errors
    /// [`Error::BadTracks`] when it is empty, or has two tracks with one id or of one kind.
    pub fn new(tracks: Vec<Track>) -> Result<Self, Error> {
        match tracks.as_slice() {
            [] => Err(Error::BadTracks("no track")),
            [_] => Ok(Self(tracks)),
            [a, b] if a.id == b.id => Err(Error::BadTracks("two tracks with one id")),
            [a, b] if a.codec.is_video() == b.codec.is_video() => {
                Err(Error::BadTracks("two tracks of one kind"))
            }
            [_, _] => Ok(Self(tracks)),
            _ => Err(Error::BadTracks("more than two tracks")),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Track> {
        self.0.iter()
    }

    /// The one with this id.
    #[must_use]
    pub fn get(&self, id: u8) -> Option<&Track> {
        self.0.iter().find(|t| t.id == id)
    }

    /// The picture, if there is one.
    #[must_use]
    pub fn video(&self) -> Option<&Track> {
        self.0.iter().find(|t| t.codec.is_video())
    }

    /// The sound, if there is one.
    #[must_use]
    pub fn audio(&self) -> Option<&Track> {
        self.0.iter().find(|t| !t.codec.is_video())
    }
}
