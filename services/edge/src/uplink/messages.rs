//! gRPC's messages in the bytes of a call (gRPC over HTTP/2, "Length-Prefixed-Message").

use std::mem;

use bytes::{BufMut as _, Bytes, BytesMut};

/// Flag and length in front of a message.
pub(crate) const PREFIX_BYTES: usize = 5;

/// Bytes that are no message which this side would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadMessage {
    #[error("a message of {0} bytes")]
    TooLong(usize),
    /// This side did not say that it understands any compression.
    #[error("a compressed message")]
    Compressed,
}

/// Where in the bytes of a call the next one is. A message has memory of its own, as long as it is: a
/// part of something larger would keep all of that in the ring.
#[derive(Debug)]
pub(crate) struct Messages {
    bytes_max: usize,
    prefix: [u8; PREFIX_BYTES],
    prefix_len: usize,
    /// The message after the prefix, and how much of it has not come.
    message: BytesMut,
    missing: usize,
}

impl Messages {
    /// None of them longer than this, bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            prefix: [0; PREFIX_BYTES],
            prefix_len: 0,
            message: BytesMut::new(),
            missing: 0,
        }
    }

    /// Takes the next message off the bytes; `None` when they are used up.
    ///
    /// # Errors
    /// [`BadMessage`]; what follows makes no sense then.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Bytes>, BadMessage> {
        if self.prefix_len < PREFIX_BYTES {
            let piece = take(bytes, PREFIX_BYTES - self.prefix_len);
            self.prefix[self.prefix_len..][..piece.len()].copy_from_slice(piece);
            self.prefix_len += piece.len();
            if self.prefix_len < PREFIX_BYTES {
                return Ok(None);
            }
            self.begin()?;
        }
        let piece = take(bytes, self.missing);
        self.message.put_slice(piece);
        self.missing -= piece.len();
        if self.missing > 0 {
            return Ok(None);
        }
        self.prefix_len = 0;
        Ok(Some(mem::take(&mut self.message).freeze()))
    }

    /// Whether the next byte begins a message.
    pub(crate) fn are_whole(&self) -> bool {
        self.prefix_len == 0
    }

    fn begin(&mut self) -> Result<(), BadMessage> {
        let [flag, len @ ..] = self.prefix;
        let len = u32::from_be_bytes(len) as usize;
        if flag != 0 {
            return Err(BadMessage::Compressed);
        }
        if len > self.bytes_max {
            return Err(BadMessage::TooLong(len));
        }
        self.message = BytesMut::with_capacity(len);
        self.missing = len;
        Ok(())
    }
}

fn take<'a>(bytes: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (piece, rest) = bytes.split_at(most.min(bytes.len()));
    *bytes = rest;
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 300;

    fn message(body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len()).unwrap();
        [&[0], &len.to_be_bytes()[..], body].concat()
    }

    #[test]
    fn messages_are_seen_however_their_bytes_come() {
        let bodies = [&b"abc"[..], b"", &[7; BYTES_MAX], b"d"];
        let bytes = bodies.map(message).concat();
        for size in 1..=bytes.len() {
            let mut messages = Messages::new(BYTES_MAX);
            let mut seen = Vec::new();
            for mut part in bytes.chunks(size) {
                while let Some(message) = messages.next(&mut part).unwrap() {
                    seen.push(message);
                }
            }
            assert_eq!(seen, bodies, "{size}");
            assert!(messages.are_whole());
        }
    }

    #[test]
    fn message_that_is_cut_is_not_whole() {
        let bytes = message(b"abc");
        for len in 1..bytes.len() {
            let mut messages = Messages::new(BYTES_MAX);
            assert_eq!(messages.next(&mut &bytes[..len]), Ok(None), "{len}");
            assert!(!messages.are_whole(), "{len}");
        }
    }

    #[test]
    fn message_that_is_too_long_is_refused_by_its_prefix() {
        let bytes = message(&[0; BYTES_MAX + 1]);
        let refused = Messages::new(BYTES_MAX).next(&mut &bytes[..PREFIX_BYTES]);
        assert_eq!(refused, Err(BadMessage::TooLong(BYTES_MAX + 1)));
    }

    #[test]
    fn compressed_message_is_refused() {
        let mut messages = Messages::new(BYTES_MAX);
        let refused = messages.next(&mut &[1, 0, 0, 0, 0][..]);
        assert_eq!(refused, Err(BadMessage::Compressed));
    }
}
