//! What a device tells of itself, cleaned.
//!
//! A device's words are hostile text: they end up on the screens of others. They are cut to
//! length and lose all characters that act instead of being seen.

use serde::{Deserialize, Serialize};
use sightline_domain::access::zone;
use sightline_rpc::device::v1::{
    Channel, ChannelState, ChannelStream, DescribeResponse, DeviceKind,
};
use sightline_rpc::live::v1::{Codec, StreamKind, Track};
use sightline_store::MAX_VALUE_BYTES;

use crate::Error;

/// Channels of the largest recorders are 128.
const CHANNELS_MAX: usize = 128;
/// Main and sub.
const STREAMS_MAX: usize = 2;
/// Picture and sound.
const TRACKS_MAX: usize = 2;
/// Characters of a name, a vendor, a model, a version or a time zone.
const NAME_CHARS_MAX: usize = 64;
/// Characters of a sentence.
const DETAIL_CHARS_MAX: usize = 160;
/// Bytes of JSON; leaves room for what is stored beside it.
const JSON_BYTES_MAX: usize = MAX_VALUE_BYTES - 1024;

/// A cleaned description, as it is stored. Enumerations are kept as the numbers of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) kind: i32,
    pub(crate) vendor: String,
    pub(crate) model: String,
    pub(crate) software_version: String,
    pub(crate) time_zone: String,
    pub(crate) has_storage: bool,
    channels: Vec<ChannelRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ChannelRecord {
    number: u32,
    name: String,
    state: i32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    streams: Vec<StreamRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StreamRecord {
    kind: i32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tracks: Vec<TrackRecord>,
}

/// Without the codec's configuration, which nobody needs before the stream runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TrackRecord {
    id: u32,
    codec: i32,
    #[serde(default, skip_serializing_if = "is_zero")]
    width: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    height: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    sample_rate: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    channels: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    codec_string: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Description {
    /// Cleans what a device told. A recorder with more to tell than a record can hold loses what
    /// is known of its streams.
    ///
    /// # Errors
    /// [`Error::DescriptionTooLarge`] when names alone are too much.
    pub(crate) fn from_device(told: &DescribeResponse) -> Result<Self, Error> {
        let channels = told
            .channels
            .iter()
            .take(CHANNELS_MAX)
            .map(channel)
            .collect();
        let mut description = Self {
            kind: DeviceKind::try_from(told.kind).unwrap_or_default().into(),
            vendor: clean(&told.vendor, NAME_CHARS_MAX),
            model: clean(&told.model, NAME_CHARS_MAX),
            software_version: clean(&told.software_version, NAME_CHARS_MAX),
            time_zone: time_zone(&told.time_zone),
            has_storage: told.has_storage,
            channels,
        };
        if !description.fits()? {
            description
                .channels
                .iter_mut()
                .for_each(|channel| channel.streams.clear());
        }
        if description.fits()? {
            Ok(description)
        } else {
            Err(Error::DescriptionTooLarge)
        }
    }

    fn fits(&self) -> Result<bool, Error> {
        let json = serde_json::to_vec(self).map_err(sightline_store::Error::from)?;
        Ok(json.len() <= JSON_BYTES_MAX)
    }

    /// The channels, as clients see them.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        self.channels.iter().map(ChannelRecord::to_proto).collect()
    }
}

fn channel(told: &Channel) -> ChannelRecord {
    ChannelRecord {
        number: told.number,
        name: clean(&told.name, NAME_CHARS_MAX),
        state: ChannelState::try_from(told.state)
            .unwrap_or_default()
            .into(),
        detail: clean(&told.detail, DETAIL_CHARS_MAX),
        streams: told.streams.iter().take(STREAMS_MAX).map(stream).collect(),
    }
}

fn stream(told: &ChannelStream) -> StreamRecord {
    StreamRecord {
        kind: StreamKind::try_from(told.kind).unwrap_or_default().into(),
        tracks: told.tracks.iter().take(TRACKS_MAX).map(track).collect(),
    }
}

fn track(told: &Track) -> TrackRecord {
    TrackRecord {
        id: told.id,
        codec: Codec::try_from(told.codec).unwrap_or_default().into(),
        width: told.width,
        height: told.height,
        sample_rate: told.sample_rate,
        channels: told.channels,
        codec_string: clean(&told.codec_string, NAME_CHARS_MAX),
    }
}

impl ChannelRecord {
    fn to_proto(&self) -> Channel {
        Channel {
            number: self.number,
            name: self.name.clone(),
            state: self.state,
            detail: self.detail.clone(),
            streams: self.streams.iter().map(StreamRecord::to_proto).collect(),
        }
    }
}

impl StreamRecord {
    fn to_proto(&self) -> ChannelStream {
        let tracks = self.tracks.iter().map(TrackRecord::to_proto).collect();
        ChannelStream {
            kind: self.kind,
            tracks,
        }
    }
}

impl TrackRecord {
    fn to_proto(&self) -> Track {
        Track {
            id: self.id,
            codec: self.codec,
            width: self.width,
            height: self.height,
            sample_rate: self.sample_rate,
            channels: self.channels,
            codec_string: self.codec_string.clone(),
            ..Track::default()
        }
    }
}

/// The zone's name; none for one that does not exist, which is as good as untold.
fn time_zone(told: &str) -> String {
    let name = clean(told, NAME_CHARS_MAX);
    if name.is_empty() || zone::named(&name).is_some() {
        return name;
    }
    tracing::debug!(%name, "a device told a time zone that does not exist");
    String::new()
}

/// The visible beginning of a text.
fn clean(text: &str, chars_max: usize) -> String {
    let visible: String = text
        .trim()
        .chars()
        .filter(|c| !acts(*c))
        .take(chars_max)
        .collect();
    visible.trim().to_owned()
}

/// Control characters, and those that turn the direction of the text around them (Unicode Standard
/// Annex 9) or stand there unseen.
fn acts(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(channels: usize, name: &str) -> DescribeResponse {
        let tracks = vec![
            Track {
                codec_string: "avc1.640028".into(),
                width: 3840,
                ..Track::default()
            };
            2
        ];
        let streams = vec![ChannelStream { kind: 1, tracks }; 2];
        let channel = |number| Channel {
            number,
            name: name.into(),
            streams: streams.clone(),
            ..Channel::default()
        };
        DescribeResponse {
            channels: (1..).take(channels).map(channel).collect(),
            ..DescribeResponse::default()
        }
    }

    #[test]
    fn names_lose_what_acts_on_a_screen_and_are_cut() {
        let mut told = told(1, &"д".repeat(1000));
        told.model = " \u{1b}[31mNVR\u{202e}exe\u{0} ".into();
        let description = Description::from_device(&told).unwrap();
        assert_eq!(description.model, "[31mNVRexe");
        assert_eq!(description.channels[0].name.chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_zone_that_does_not_exist_is_as_good_as_untold_and_the_rest_is_kept() {
        let mut told = told(1, "gate");
        for (zone, kept) in [("MSK-3", ""), (" Asia/Omsk ", "Asia/Omsk"), ("", "")] {
            told.time_zone = zone.into();
            let description = Description::from_device(&told).unwrap();
            assert_eq!(description.time_zone, kept);
            assert_eq!(description.channels.len(), 1);
        }
    }

    #[test]
    fn unknown_numbers_of_enumerations_become_unspecified() {
        let mut told = told(1, "gate");
        told.kind = 77;
        told.channels[0].state = -1;
        let description = Description::from_device(&told).unwrap();
        assert_eq!((description.kind, description.channels[0].state), (0, 0));
    }

    #[test]
    fn largest_recorder_fits_with_its_streams() {
        let description = Description::from_device(&told(CHANNELS_MAX, "Yard, north")).unwrap();
        assert_eq!(description.channels.len(), CHANNELS_MAX);
        assert_eq!(description.channels[0].streams.len(), STREAMS_MAX);
    }

    #[test]
    fn too_much_to_tell_costs_the_streams_first_and_then_everything() {
        let mut large = told(1000, &"д".repeat(NAME_CHARS_MAX));
        for channel in &mut large.channels {
            channel.detail = "d".repeat(DETAIL_CHARS_MAX);
        }
        let description = Description::from_device(&large).unwrap();
        assert_eq!(description.channels.len(), CHANNELS_MAX);
        assert!(description.channels[0].streams.is_empty());

        let mut hostile = told(1000, &"\"\u{1f3a5}".repeat(NAME_CHARS_MAX));
        for channel in &mut hostile.channels {
            channel.detail = "\u{1f3a5}".repeat(DETAIL_CHARS_MAX);
        }
        let refused = Description::from_device(&hostile);
        assert!(matches!(refused, Err(Error::DescriptionTooLarge)));
    }
}
