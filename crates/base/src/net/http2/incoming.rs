//! What a client sends, on its way to h2.
//!
//! Everything goes on as it came, but for flow control that is not h2's, as [`super::windows`] tells.

use bytes::BytesMut;

use super::frames::{ACK, Frames, HEADERS, Head, Piece, SETTINGS, WINDOW_UPDATE};
use super::windows::{Update, Violation, Windows};

/// Bytes of a WINDOW_UPDATE's payload, and of one setting (RFC 9113, 6.9 and 6.5.1).
const UPDATE_BYTES: usize = 4;
const SETTING_BYTES: usize = 6;

/// Where in the client's bytes the next one is.
#[derive(Debug)]
pub(super) struct Incoming {
    frames: Frames,
    head: Head,
    /// An increment or a setting that has not come whole.
    part: [u8; SETTING_BYTES],
    part_len: usize,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            frames: Frames::of_client(),
            head: Head::default(),
            part: [0; SETTING_BYTES],
            part_len: 0,
        }
    }

    /// Takes what has come, and puts out what is for h2: at most as many bytes as have come so far.
    pub(super) fn pass(
        &mut self,
        mut bytes: &[u8],
        windows: &mut Windows,
        out: &mut BytesMut,
    ) -> Result<(), Violation> {
        while let Some(piece) = self.frames.next(&mut bytes) {
            match piece {
                Piece::Preface(bytes) => out.extend_from_slice(bytes),
                Piece::Head(head) => {
                    self.head = head;
                    if head.kind == HEADERS {
                        windows.opens(head.stream)?;
                    }
                    if !is_update(head) {
                        out.extend_from_slice(&head.bytes());
                    }
                }
                Piece::Payload(bytes) if is_update(self.head) => {
                    self.parts::<UPDATE_BYTES>(bytes, |head, increment| {
                        update(head, u32::from_be_bytes(increment), windows, out)
                    })?;
                }
                Piece::Payload(bytes) if is_settings(self.head) => {
                    self.parts::<SETTING_BYTES>(bytes, |_, [s0, s1, value @ ..]| {
                        let setting = u16::from_be_bytes([s0, s1]);
                        let value = windows.set(setting, u32::from_be_bytes(value));
                        out.extend_from_slice(&[s0, s1]);
                        out.extend_from_slice(&value.to_be_bytes());
                        Ok(())
                    })?;
                    // A frame that is not made of whole settings is h2's to refuse.
                    if self.frames.is_payload_over() {
                        out.extend_from_slice(&self.part[..self.part_len]);
                        self.part_len = 0;
                    }
                }
                Piece::Payload(bytes) => out.extend_from_slice(bytes),
            }
        }
        Ok(())
    }

    /// Calls `take` for each whole part of a payload.
    fn parts<const LEN: usize>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Head, [u8; LEN]) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        for byte in bytes {
            self.part[self.part_len] = *byte;
            self.part_len += 1;
            if self.part_len == LEN
                && let Some(part) = self.part.first_chunk()
            {
                self.part_len = 0;
                take(self.head, *part)?;
            }
        }
        Ok(())
    }
}

fn update(
    head: Head,
    increment: u32,
    windows: &mut Windows,
    out: &mut BytesMut,
) -> Result<(), Violation> {
    // The first bit means nothing.
    let given = match windows.update(head.stream, increment & 0x7fff_ffff)? {
        Update::Pass => increment,
        Update::Lower(0) => return Ok(()),
        Update::Lower(given) => given,
    };
    out.extend_from_slice(&head.bytes());
    out.extend_from_slice(&given.to_be_bytes());
    Ok(())
}

/// One of another length is h2's to refuse.
fn is_update(head: Head) -> bool {
    head.kind == WINDOW_UPDATE && head.len as usize == UPDATE_BYTES
}

fn is_settings(head: Head) -> bool {
    head.kind == SETTINGS && head.flags & ACK == 0
}
