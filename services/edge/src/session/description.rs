//! What the device told of itself, kept within bounds.

use actix::{Context, Handler, Message};
use sightline_rpc::device::v1 as device;
use sightline_rpc::live::v1::StreamKind;
use tokio::sync::watch;

use super::Session;

/// Most channels of one device; the registry keeps no more.
const CHANNELS_MAX: usize = 128;
/// Longest name or sentence that is taken from a device, characters.
const TEXT_MAX: usize = 128;

/// A device's description; texts are cut to a bound, because a device is not trusted.
#[derive(Debug)]
pub(super) struct Description(watch::Sender<device::DescribeResponse>);

impl Description {
    pub(super) fn of(mut response: device::DescribeResponse) -> Self {
        let texts = [
            &mut response.vendor,
            &mut response.model,
            &mut response.software_version,
            &mut response.time_zone,
        ];
        texts.into_iter().for_each(bound);
        response.channels.truncate(CHANNELS_MAX);
        response.channels.iter_mut().for_each(bound_channel);
        Self(watch::Sender::new(response))
    }

    /// Follows it; changes that come faster than they are read are seen as one.
    pub(super) fn subscribe(&self) -> watch::Receiver<device::DescribeResponse> {
        self.0.subscribe()
    }

    /// The stream to ask for: the one that was wished, else the main one; `None` when the device
    /// has no such channel.
    pub(super) fn stream(&self, channel: u32, wished: StreamKind) -> Option<StreamKind> {
        let response = self.0.borrow();
        let channel = response.channels.iter().find(|c| c.number == channel)?;
        let has_sub = channel.streams.iter().any(|s| s.kind() == StreamKind::Sub);
        Some(if wished == StreamKind::Sub && has_sub {
            StreamKind::Sub
        } else {
            StreamKind::Main
        })
    }

    /// Has it told again.
    pub(super) fn repeat(&self) {
        self.0.send_modify(|_| ());
    }

    /// Takes over a changed channel; false when nothing changed, or the device may not have it.
    fn change(&self, mut channel: device::Channel) -> bool {
        bound_channel(&mut channel);
        self.0.send_if_modified(|response| {
            let channels = &mut response.channels;
            match channels.iter().position(|c| c.number == channel.number) {
                Some(at) if channels[at] == channel => return false,
                Some(at) => channels[at] = channel,
                None if channels.len() < CHANNELS_MAX => channels.push(channel),
                None => return false,
            }
            true
        })
    }
}

fn bound_channel(channel: &mut device::Channel) {
    bound(&mut channel.name);
    bound(&mut channel.detail);
    channel.streams.truncate(2);
    for stream in &mut channel.streams {
        stream.tracks.truncate(sightline_media::track::TRACKS_MAX);
        stream
            .tracks
            .retain(|t| t.config.len() <= sightline_media::track::CONFIG_BYTES_MAX);
        stream
            .tracks
            .iter_mut()
            .for_each(|t| bound(&mut t.codec_string));
    }
}

fn bound(text: &mut String) {
    if text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
        *text = text
            .chars()
            .filter(|c| !c.is_control())
            .take(TEXT_MAX)
            .collect();
    }
}

/// The device told of a channel.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ChannelChanged(pub(super) device::Channel);

impl Handler<ChannelChanged> for Session {
    type Result = ();

    fn handle(&mut self, ChannelChanged(channel): ChannelChanged, _: &mut Context<Self>) {
        self.description.change(channel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(number: u32, name: &str) -> device::Channel {
        device::Channel {
            number,
            name: name.into(),
            ..Default::default()
        }
    }

    #[test]
    fn texts_and_counts_of_a_device_are_cut_to_their_bounds() {
        let description = Description::of(device::DescribeResponse {
            model: "m\u{1b}[2J".repeat(1000),
            channels: (0..10_000).map(|n| channel(n, "c")).collect(),
            ..Default::default()
        });
        assert_eq!(description.0.borrow().channels.len(), CHANNELS_MAX);
        assert_eq!(description.0.borrow().model.chars().count(), TEXT_MAX);
        assert!(!description.0.borrow().model.contains('\u{1b}'));
    }

    #[test]
    fn device_cannot_add_channels_without_end() {
        let description = Description::of(device::DescribeResponse::default());
        let added = (0..10_000)
            .filter(|n| description.change(channel(*n, "c")))
            .count();
        assert_eq!(added, CHANNELS_MAX);
        assert!(description.change(channel(0, "renamed")));
        assert!(!description.change(channel(0, "renamed")));
    }

    #[test]
    fn channel_without_sub_stream_gives_its_main_stream() {
        let mut one = channel(1, "c");
        one.streams = vec![device::ChannelStream {
            kind: StreamKind::Main.into(),
            tracks: Vec::new(),
        }];
        let description = Description::of(device::DescribeResponse {
            channels: vec![one],
            ..Default::default()
        });
        assert_eq!(
            description.stream(1, StreamKind::Sub),
            Some(StreamKind::Main)
        );
        assert_eq!(description.stream(2, StreamKind::Main), None);
    }
}
