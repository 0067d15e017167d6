//! What h2 sends: which of it may go out, and what it says.

use std::io::IoSlice;

use super::frames::{CONTINUATION, DATA, END_HEADERS, Frames, HEADERS, Piece};
use super::windows::Windows;

/// Where in h2's bytes the next one is.
#[derive(Debug)]
pub(super) struct Outgoing {
    frames: Frames,
    /// The stream whose head is being written; 0 for none.
    responding: u32,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self {
            frames: Frames::of_server(),
            responding: 0,
        }
    }

    /// Whether frames of others may follow what has been sent.
    pub(super) fn is_between_frames(&self) -> bool {
        self.frames.are_whole()
    }

    /// How many bytes may go out now: those before a DATA frame for which the client has no room.
    pub(super) fn admitted(&self, bufs: &[IoSlice<'_>], mut window: i64) -> usize {
        let mut frames = self.frames.clone();
        // A frame that has begun was admitted; nothing could come between.
        let mut has_begun = !frames.are_whole();
        let (mut seen, mut whole) = (0, 0);
        for buf in bufs {
            let mut bytes = &buf[..];
            loop {
                if frames.are_whole() {
                    (whole, has_begun) = (seen, false);
                }
                let before = bytes.len();
                let piece = frames.next(&mut bytes);
                seen += before - bytes.len();
                match piece {
                    Some(Piece::Head(head)) if head.kind == DATA => {
                        window -= i64::from(head.len);
                        if window < 0 && head.len > 0 && !has_begun {
                            return whole;
                        }
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        seen
    }

    /// Keeps account of what has gone out.
    pub(super) fn sent(
        &mut self,
        slices: &[IoSlice<'_>],
        mut written: usize,
        windows: &mut Windows,
    ) {
        for slice in slices {
            let mut bytes = &slice[..written.min(slice.len())];
            written -= bytes.len();
            while let Some(piece) = self.frames.next(&mut bytes) {
                if let Piece::Head(head) = piece {
                    match head.kind {
                        DATA => windows.spend(head.stream, head.len),
                        HEADERS | CONTINUATION if head.flags & END_HEADERS != 0 => {
                            self.responding = head.stream;
                        }
                        _ => {}
                    }
                }
                if self.responding != 0 && self.frames.is_payload_over() {
                    windows.respond(std::mem::take(&mut self.responding));
                }
            }
        }
    }
}
