//! Messages out of a stream of bytes: each is a head that tells its length, and a body.

use bytes::{Bytes, BytesMut};

/// Longest head of any message, bytes: a WebSocket frame with a length of 64 bits.
const HEAD_BYTES_MAX: usize = 10;

/// What a head tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head itself.
    pub(super) bytes: usize,
    /// What the first byte says besides.
    pub(super) kind: u8,
    /// Bytes after the head.
    pub(super) body_bytes: usize,
}

/// Reads a head; `None` while it is incomplete.
pub(super) type ReadHead = fn(&[u8]) -> anyhow::Result<Option<Head>>;

/// A message, as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    /// Bytes of the whole message with its head.
    pub(super) bytes: usize,
    pub(super) body: Bytes,
}

/// Cuts bytes into messages.
#[derive(Debug)]
pub(super) struct Splitter {
    read_head: ReadHead,
    keep_bytes: usize,
    head: Vec<u8>,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    head: Head,
    left: usize,
    kept: BytesMut,
}

impl Splitter {
    /// Keeps at most `keep_bytes` of each body.
    pub(super) fn new(read_head: ReadHead, keep_bytes: usize) -> Self {
        Self {
            read_head,
            keep_bytes,
            head: Vec::with_capacity(HEAD_BYTES_MAX),
            body: None,
        }
    }

    /// Takes from the front of `bytes` until a message is whole, or nothing is left.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> anyhow::Result<Option<Message>> {
        loop {
            if let Some(body) = &mut self.body {
                let (taken, rest) = bytes.split_at(body.left.min(bytes.len()));
                *bytes = rest;
                body.left -= taken.len();
                let room = self.keep_bytes.saturating_sub(body.kept.len());
                body.kept.extend_from_slice(&taken[..taken.len().min(room)]);
                if body.left > 0 {
                    return Ok(None);
                }
                let body = self.body.take().map(|body| Message {
                    kind: body.head.kind,
                    bytes: body.head.bytes + body.head.body_bytes,
                    body: body.kept.freeze(),
                });
                return Ok(body);
            }
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            *bytes = rest;
            self.head.push(*first);
            if let Some(head) = (self.read_head)(&self.head)? {
                self.head.clear();
                self.body = Some(Body {
                    head,
                    left: head.body_bytes,
                    kept: BytesMut::with_capacity(head.body_bytes.min(self.keep_bytes)),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_byte_length(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
        Ok(Some(Head {
            bytes: 1,
            kind: 0,
            body_bytes: usize::from(bytes[0]),
        }))
    }

    #[test]
    fn messages_are_the_same_however_the_bytes_are_cut() {
        let stream = [
            3, b'a', b'b', b'c', 0, 5, b'd', b'e', b'f', b'g', b'h', 2, b'i',
        ];
        for step in 1..=stream.len() {
            let mut splitter = Splitter::new(one_byte_length, 4);
            let mut bodies = Vec::new();
            for mut piece in stream.chunks(step) {
                while let Some(message) = splitter.next(&mut piece).unwrap() {
                    bodies.push((message.body, message.bytes));
                }
            }
            let wanted: [(&[u8], usize); 3] = [(b"abc", 4), (b"", 1), (b"defg", 6)];
            assert_eq!(
                bodies,
                wanted.map(|(body, n)| (Bytes::from_static(body), n)),
                "{step}"
            );
        }
    }
}
