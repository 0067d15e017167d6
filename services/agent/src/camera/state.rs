//! What is known of the channels at this moment.

use std::sync::Arc;

use sightline_media::Tracks;
use sightline_rpc::device::v1::{Channel, ChannelState, ChannelStream};
use sightline_rpc::live::v1::StreamKind;
use sightline_rpc::media::track_to_proto;
use tokio::sync::watch;

/// How a stream does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamState {
    /// Not pulled; the last contact was fine, or there was none.
    Idle,
    Connecting,
    Streaming,
    /// The camera gives no pictures; the sentence says why.
    Offline(String),
}

/// One stream of a channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamStatus {
    kind: StreamKind,
    pub(crate) state: StreamState,
    /// Of the last pull that came so far.
    tracks: Option<Arc<Tracks>>,
}

impl StreamStatus {
    pub(crate) fn new(kind: StreamKind) -> Self {
        Self {
            kind,
            state: StreamState::Idle,
            tracks: None,
        }
    }
}

/// One channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChannelStatus {
    /// 1-based.
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) streams: Vec<StreamStatus>,
}

impl ChannelStatus {
    /// The best of the streams' states, and what is wrong with any of them.
    pub(crate) fn state(&self) -> (ChannelState, String) {
        let rank = |state: &StreamState| match state {
            StreamState::Streaming => ChannelState::Streaming,
            StreamState::Offline(_) => ChannelState::Offline,
            StreamState::Connecting => ChannelState::Connecting,
            StreamState::Idle => ChannelState::Idle,
        };
        let states = [
            ChannelState::Streaming,
            ChannelState::Offline,
            ChannelState::Connecting,
            ChannelState::Idle,
        ];
        let found = states
            .into_iter()
            .find(|s| self.streams.iter().any(|o| rank(&o.state) == *s));
        let detail = self.streams.iter().find_map(|stream| match &stream.state {
            StreamState::Offline(why) => Some(why.clone()),
            _ => None,
        });
        (
            found.unwrap_or(ChannelState::Idle),
            detail.unwrap_or_default(),
        )
    }

    pub(crate) fn to_proto(&self) -> Channel {
        let (state, detail) = self.state();
        let stream = |stream: &StreamStatus| ChannelStream {
            kind: stream.kind.into(),
            tracks: stream
                .tracks
                .iter()
                .flat_map(|t| t.iter().map(track_to_proto))
                .collect(),
        };
        Channel {
            number: self.number,
            name: self.name.clone(),
            state: state.into(),
            detail,
            streams: self.streams.iter().map(stream).collect(),
        }
    }
}

/// The state of all channels. Readers see the newest state, never a queue of old ones.
#[derive(Debug, Clone)]
pub(crate) struct Board(Arc<watch::Sender<Vec<ChannelStatus>>>);

impl Board {
    pub(crate) fn new(channels: Vec<ChannelStatus>) -> Self {
        Self(Arc::new(watch::Sender::new(channels)))
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Vec<ChannelStatus>> {
        self.0.subscribe()
    }

    pub(crate) fn channels(&self) -> Vec<ChannelStatus> {
        self.0.borrow().clone()
    }

    /// For the task of one stream, by its position.
    pub(crate) fn reporter(&self, channel: usize, stream: usize) -> Reporter {
        Reporter {
            board: self.clone(),
            channel,
            stream,
        }
    }
}

/// Writes the state of one stream.
#[derive(Debug)]
pub(crate) struct Reporter {
    board: Board,
    channel: usize,
    stream: usize,
}

impl Reporter {
    pub(crate) fn state(&self, state: StreamState) {
        self.change(|status| {
            let changed = status.state != state;
            status.state = state;
            changed
        });
    }

    pub(crate) fn tracks(&self, tracks: &Tracks) {
        self.change(|status| {
            let changed = status.tracks.as_deref() != Some(tracks);
            if changed {
                status.tracks = Some(Arc::new(tracks.clone()));
            }
            changed
        });
    }

    /// The stream is no longer pulled. It stays offline if that is what it was.
    pub(crate) fn stopped(&self) {
        self.change(|status| {
            let changed = matches!(
                status.state,
                StreamState::Connecting | StreamState::Streaming
            );
            if changed {
                status.state = StreamState::Idle;
            }
            changed
        });
    }

    fn change(&self, change: impl FnOnce(&mut StreamStatus) -> bool) {
        self.board.0.send_if_modified(|channels| {
            channels
                .get_mut(self.channel)
                .and_then(|c| c.streams.get_mut(self.stream))
                .is_some_and(change)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        let streams = [StreamKind::Main, StreamKind::Sub]
            .map(StreamStatus::new)
            .to_vec();
        Board::new(vec![ChannelStatus {
            number: 1,
            name: "a".into(),
            streams,
        }])
    }

    #[test]
    fn channel_streams_when_one_stream_does_and_tells_what_is_wrong_with_the_other() {
        let board = board();
        board
            .reporter(0, 0)
            .state(StreamState::Offline("The camera is away.".into()));
        assert_eq!(board.channels()[0].state().0, ChannelState::Offline);
        board.reporter(0, 1).state(StreamState::Streaming);
        let (state, detail) = board.channels()[0].state();
        assert_eq!(state, ChannelState::Streaming);
        assert_eq!(detail, "The camera is away.");
    }

    #[test]
    fn camera_that_failed_stays_offline_when_nobody_watches_any_more() {
        let board = board();
        let reporter = board.reporter(0, 0);
        reporter.state(StreamState::Offline("The camera is away.".into()));
        reporter.stopped();
        assert_eq!(board.channels()[0].state().0, ChannelState::Offline);
        reporter.state(StreamState::Streaming);
        reporter.stopped();
        assert_eq!(
            board.channels()[0].state(),
            (ChannelState::Idle, String::new())
        );
    }

    #[test]
    fn repeated_state_wakes_nobody() {
        let board = board();
        let mut seen = board.subscribe();
        board.reporter(0, 0).state(StreamState::Connecting);
        assert!(seen.has_changed().unwrap());
        seen.mark_unchanged();
        board.reporter(0, 0).state(StreamState::Connecting);
        assert!(!seen.has_changed().unwrap());
    }
}
