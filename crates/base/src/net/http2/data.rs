//! DATA frames of a writer: heads of their own, and payloads that are shared.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

use super::frames::{DATA, HEAD_BYTES, Head};

/// Frames that go out in one write; more wait for the next.
pub(super) const FRAMES_MAX: usize = 16;

/// DATA frames of one write.
pub(super) struct DataFrames<'a> {
    heads: [[u8; HEAD_BYTES]; FRAMES_MAX],
    /// Whose the payload is, and which part of it.
    payloads: [Option<(&'a Bytes, &'a [u8])>; FRAMES_MAX],
    /// Of all payloads.
    pub(super) bytes: usize,
}

impl<'a> DataFrames<'a> {
    pub(super) fn cut(
        stream: u32,
        body: impl Iterator<Item = &'a Bytes>,
        mut room: usize,
        frame_bytes_max: usize,
    ) -> Self {
        let mut frames = Self {
            heads: [[0; HEAD_BYTES]; FRAMES_MAX],
            payloads: [None; FRAMES_MAX],
            bytes: 0,
        };
        let parts = body.flat_map(|whole| whole.chunks(frame_bytes_max).map(move |p| (whole, p)));
        for (at, (whole, part)) in parts.take(FRAMES_MAX).enumerate() {
            let part = &part[..part.len().min(room)];
            if part.is_empty() {
                break;
            }
            room -= part.len();
            frames.bytes += part.len();
            frames.heads[at] = Head {
                // A frame is at most 16 MiB long.
                len: u32::try_from(part.len()).unwrap_or(u32::MAX),
                kind: DATA,
                flags: 0,
                stream,
            }
            .bytes();
            frames.payloads[at] = Some((whole, part));
        }
        frames
    }

    pub(super) fn slices<'s>(
        &'s self,
        slices: &'s mut [IoSlice<'s>; 2 * FRAMES_MAX],
    ) -> &'s [IoSlice<'s>] {
        let mut count = 0;
        for (head, payload) in self.heads.iter().zip(&self.payloads) {
            let Some((_, part)) = payload else { break };
            slices[count] = IoSlice::new(head);
            slices[count + 1] = IoSlice::new(part);
            count += 2;
        }
        &slices[..count]
    }

    /// Keeps what follows the bytes that were written.
    pub(super) fn keep_from(&self, mut written: usize, rest: &mut VecDeque<Bytes>) {
        if written == self.bytes + HEAD_BYTES * self.payloads.iter().flatten().count() {
            return;
        }
        let mut keep = |len: usize, bytes: &dyn Fn(usize) -> Bytes| {
            let gone = written.min(len);
            written -= gone;
            if gone < len {
                rest.push_back(bytes(gone));
            }
        };
        for (head, payload) in self.heads.iter().zip(&self.payloads) {
            let Some((whole, part)) = payload else { break };
            keep(HEAD_BYTES, &|gone| Bytes::copy_from_slice(&head[gone..]));
            keep(part.len(), &|gone| whole.slice_ref(&part[gone..]));
        }
    }
}
