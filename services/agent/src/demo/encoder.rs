//! Pictures become H.264.

use bytes::Bytes;
use openh264::OpenH264API;
use openh264::encoder::{
    Complexity, EncoderConfig, FrameRate, FrameType, Profile, RateControlMode, SpsPpsStrategy,
    UsageType, VuiConfig,
};
use sightline_media::{Codec, Track, h264, nal};

use super::Error;
use super::picture::Picture;

/// NAL unit types of ITU-T H.264, table 7-1.
const SEQUENCE_PARAMETER_SET: u8 = 7;
const PICTURE_PARAMETER_SET: u8 = 8;

/// One stream of pictures of one size.
pub(super) struct Encoder {
    inner: openh264::encoder::Encoder,
    track: Track,
}

/// An encoded picture.
pub(super) struct Encoded {
    pub(super) key: bool,
    /// NAL units after their lengths, without parameter sets.
    pub(super) data: Bytes,
}

impl Encoder {
    /// Starts a stream at `rate` pictures per second; `blank` has its size.
    ///
    /// # Errors
    /// When the encoder refuses its settings.
    pub(super) fn new(track: u8, blank: &Picture, rate: f32) -> Result<Self, Error> {
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .profile(Profile::Baseline)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            // One quantiser for all, the encoder's 26. Little moves, so that the rate stays low, and
            // control would spend what is left on the grain of the still picture.
            .rate_control_mode(RateControlMode::Off)
            .max_frame_rate(FrameRate::from_hz(rate))
            .skip_frames(false)
            .scene_change_detect(false)
            .background_detection(false)
            .adaptive_quantization(false)
            .complexity(Complexity::Low)
            .vui(VuiConfig::bt709())
            .num_threads(1);
        let mut inner =
            openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), config)?;
        // The parameter sets are only told with a first picture; the stream begins after it.
        let track = describe(track, &inner.encode(blank)?.to_vec())?;
        inner.force_intra_frame();
        Ok(Self { inner, track })
    }

    /// What a decoder must know before the first picture.
    pub(super) fn track(&self) -> &Track {
        &self.track
    }

    /// Encodes the next picture, as one that decoding can start at when `key` is set.
    ///
    /// # Errors
    /// When the encoder fails.
    pub(super) fn encode(&mut self, picture: &Picture, key: bool) -> Result<Encoded, Error> {
        if key {
            self.inner.force_intra_frame();
        }
        let stream = self.inner.encode(picture)?;
        let key = stream.frame_type() == FrameType::IDR;
        Ok(Encoded {
            key,
            data: nal::annex_b_to_lengths(&stream.to_vec(), Codec::H264),
        })
    }
}

/// Reads the parameter sets from the start of a stream.
fn describe(id: u8, stream: &[u8]) -> Result<Track, Error> {
    let find = |wanted| {
        nal::split_annex_b(stream)
            .find(|unit| unit.first().is_some_and(|byte| byte & 0x1f == wanted))
    };
    let sps = find(SEQUENCE_PARAMETER_SET).ok_or(Error::NoParameterSets)?;
    let pps = find(PICTURE_PARAMETER_SET).ok_or(Error::NoParameterSets)?;
    Ok(Track::video(
        id,
        Codec::H264,
        h264::config_from_parameter_sets(sps, pps)?,
    )?)
}
