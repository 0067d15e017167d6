//! One scene in one quality, as a stream of frames.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use sightline_media::{Codec, Frame, Track, Tracks};

use super::encoder::Encoder;
use super::sound;
use super::view::{Format, View};
use super::{Error, Quality, scenes};

/// Track numbers of every demo camera.
const VIDEO: u8 = 0;
const AUDIO: u8 = 1;

/// Time between the pictures at which decoding can start, microseconds.
const KEY_INTERVAL_US: i64 = 2_000_000;

/// Sound is only caught up with for this many packets; a caller that stays away longer misses the
/// rest, as it would with a real camera.
const PACKETS_MAX: i64 = 25;

/// A demo camera that is being watched.
pub struct Camera {
    format: Format,
    encoder: Encoder,
    view: View,
    tracks: Tracks,
    /// Number of the newest picture, counted in intervals from the Unix epoch.
    last_picture: Option<i64>,
    /// Number of the next sound packet, likewise. None: no microphone.
    next_packet: Option<i64>,
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Camera")
            .field("tracks", &self.tracks)
            .finish_non_exhaustive()
    }
}

impl Camera {
    /// Opens the camera with this number; its clock shows the time in `zone`.
    ///
    /// # Errors
    /// [`Error::NoScene`]; also when the encoder cannot be started.
    pub fn open(scene: usize, quality: Quality, zone: TimeZone) -> Result<Self, Error> {
        let info = scenes().get(scene).copied().ok_or(Error::NoScene(scene))?;
        let format = quality.format();
        let view = View::open(scene, quality, zone)?;
        let rate = 1e6 / format.interval_us as f32;
        let encoder = Encoder::new(VIDEO, view.picture(), rate)?;
        let mut tracks = vec![encoder.track().clone()];
        if info.has_sound {
            tracks.push(Track::g711(AUDIO, Codec::Pcmu)?);
        }
        Ok(Self {
            format,
            encoder,
            view,
            tracks: Tracks::new(tracks)?,
            last_picture: None,
            next_packet: info.has_sound.then_some(i64::MIN),
        })
    }

    /// What the frames belong to.
    #[must_use]
    pub fn tracks(&self) -> &Tracks {
        &self.tracks
    }

    /// Time from one picture to the next.
    #[must_use]
    pub fn frame_interval(&self) -> Duration {
        Duration::from_micros(self.format.interval_us.unsigned_abs())
    }

    /// The picture of `now_us`, microseconds since the Unix epoch, and the sound up to it.
    ///
    /// Frame times are on the same scale. Pictures stand at whole multiples of
    /// [`Self::frame_interval`]; called again before the next one is due, it gives the next one
    /// early. The first picture is a key frame; others stand at every other second.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn next(&mut self, now_us: i64) -> Result<Vec<Frame>, Error> {
        let interval_us = self.format.interval_us;
        let due = now_us.div_euclid(interval_us);
        let number = self.last_picture.map_or(due, |last| due.max(last + 1));
        let at_us = number * interval_us;
        let period = |number: i64| (number * interval_us).div_euclid(KEY_INTERVAL_US);
        let key = self
            .last_picture
            .is_none_or(|last| period(last) != period(number));
        self.last_picture = Some(number);

        let mut frames = self.sound(at_us);
        let encoded = self.encoder.encode(self.view.draw(at_us), key)?;
        frames.push(Frame {
            track: VIDEO,
            key: encoded.key,
            pts_us: at_us,
            dts_us: at_us,
            data: encoded.data,
        });
        Ok(frames)
    }

    /// The packets that are complete at `until_us`.
    fn sound(&mut self, until_us: i64) -> Vec<Frame> {
        let Some(next) = self.next_packet.as_mut() else {
            return Vec::new();
        };
        let end = until_us.div_euclid(sound::PACKET_US);
        if *next == i64::MIN {
            // Begin with the first picture, not before it.
            *next = end + 1;
        }
        let first = (*next).max(end - PACKETS_MAX);
        *next = end.max(*next);
        (first..end)
            .map(|number| Frame {
                track: AUDIO,
                key: true,
                pts_us: number * sound::PACKET_US,
                dts_us: number * sound::PACKET_US,
                data: sound::packet(number),
            })
            .collect()
    }
}
