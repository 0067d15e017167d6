//! Where a pull delivers: checked frames with rising times, in the stream's ring.

use bytes::Bytes;
use sightline_media::ring::Writer;
use sightline_media::{Frame, Tracks};

use super::PullError;
use super::missing::Missing;
use super::state::{Reporter, StreamState};
use super::timeline::Timeline;

/// The receiving end of one pull.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    writer: Writer,
    timeline: &'a mut Timeline,
    missing: &'a mut Missing,
    report: &'a Reporter,
    tracks: Option<Tracks>,
    /// Pictures have come.
    pub(super) streaming: bool,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        writer: Writer,
        timeline: &'a mut Timeline,
        missing: &'a mut Missing,
        report: &'a Reporter,
    ) -> Self {
        timeline.begin_pull();
        missing.lose();
        Self {
            writer,
            timeline,
            missing,
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

    /// Pictures of this pull and of those before it, with all that are missing.
    pub(super) fn pictures(&self) -> u64 {
        self.writer.pictures()
    }

    /// Whether tracks have been announced.
    pub(super) fn has_tracks(&self) -> bool {
        self.tracks.is_some()
    }

    /// Tells that something was lost before the next frame of the picture: what follows cannot be
    /// decoded, so nothing is published before the next key frame, which tells how much is missing.
    pub(super) fn lose(&mut self) {
        self.missing.lose();
        self.writer.gap(0);
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
        if video && key {
            let missing = self.missing.key(pts_us);
            if missing > 0 {
                self.writer.gap(missing);
            }
        } else if video {
            self.missing.other();
        }
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
