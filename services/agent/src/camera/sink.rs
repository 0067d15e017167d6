//! Where a pull delivers: checked frames with rising times, in the stream's ring.

use bytes::Bytes;
use sightline_media::ring::Writer;
use sightline_media::{Frame, Tracks};

use super::PullError;
use super::state::{Reporter, StreamState};
use super::timeline::Timeline;

/// The receiving end of one pull.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    writer: Writer,
    timeline: &'a mut Timeline,
    report: &'a Reporter,
    tracks: Option<Tracks>,
    /// Pictures have come.
    pub(super) streaming: bool,
}

impl<'a> Sink<'a> {
    pub(super) fn new(writer: Writer, timeline: &'a mut Timeline, report: &'a Reporter) -> Self {
        timeline.begin_pull();
        Self {
            writer,
            timeline,
            report,
            tracks: None,
            streaming: false,
        }
    }

    /// Announces the tracks of the frames that follow.
    pub(super) fn set_tracks(&mut self, tracks: Tracks) {
        self.report.tracks(&tracks);
        self.writer.set_tracks(tracks.clone());
        self.tracks = Some(tracks);
    }

    /// Whether tracks have been announced.
    pub(super) fn has_tracks(&self) -> bool {
        self.tracks.is_some()
    }

    /// Publishes one frame; `source_us` is its presentation time by the camera's clock.
    ///
    /// # Errors
    /// When the frame or its time cannot be right: the pull must end.
    pub(super) fn push(
        &mut self,
        track: u8,
        key: bool,
        source_us: i64,
        data: Bytes,
    ) -> Result<(), PullError> {
        let unknown = sightline_media::Error::UnknownTrack(track);
        let video = self
            .tracks
            .as_ref()
            .and_then(|t| t.get(track))
            .ok_or(unknown)?;
        let video = video.codec.is_video();
        let times = self.timeline.place(video, source_us)?;
        let (pts_us, dts_us) = (times.pts_us, times.dts_us);
        self.writer.push(Frame {
            track,
            key,
            pts_us,
            dts_us,
            data,
        })?;
        if video && key && !self.streaming {
            self.streaming = true;
            self.report.state(StreamState::Streaming);
        }
        Ok(())
    }
}
