//! Frames of HTTP/2 as they pass by (RFC 9113, 4.1), seen without holding them back.

/// Bytes in front of a frame's payload.
pub(super) const HEAD_BYTES: usize = 9;
/// What a client says before its first frame (RFC 9113, 3.4).
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113, 6).
pub(super) const DATA: u8 = 0x0;
pub(super) const HEADERS: u8 = 0x1;
pub(super) const RST_STREAM: u8 = 0x3;
pub(super) const SETTINGS: u8 = 0x4;
pub(super) const WINDOW_UPDATE: u8 = 0x8;
pub(super) const CONTINUATION: u8 = 0x9;

/// Of DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// Of DATA.
pub(super) const PADDED: u8 = 0x8;
/// Of SETTINGS.
pub(super) const ACK: u8 = 0x1;
/// Of HEADERS and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;

/// What stands in front of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Of the payload, bytes.
    pub(super) len: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// 0 is the connection.
    pub(super) stream: u32,
}

impl Head {
    fn parse(bytes: [u8; HEAD_BYTES]) -> Self {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = bytes;
        Self {
            len: u32::from_be_bytes([0, l0, l1, l2]),
            kind,
            flags,
            // The first bit means nothing.
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff,
        }
    }

    pub(super) fn bytes(self) -> [u8; HEAD_BYTES] {
        let [_, l0, l1, l2] = self.len.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        [l0, l1, l2, self.kind, self.flags, s0, s1, s2, s3]
    }
}

/// One direction of a connection, and where in it the next byte is.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    preface_left: usize,
    head: [u8; HEAD_BYTES],
    head_len: usize,
    payload_left: usize,
}

/// What comes next; a frame's payload may come in several pieces, or in none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Preface(&'a [u8]),
    Head(Head),
    Payload(&'a [u8]),
}

impl Frames {
    /// What a client sends: the preface, then frames.
    pub(super) fn of_client() -> Self {
        Self {
            preface_left: PREFACE.len(),
            ..Self::of_server()
        }
    }

    /// What a server sends: frames.
    pub(super) fn of_server() -> Self {
        Self {
            preface_left: 0,
            head: [0; HEAD_BYTES],
            head_len: 0,
            payload_left: 0,
        }
    }

    /// Takes the next piece off the bytes; `None` when they are used up.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Piece<'a>> {
        if bytes.is_empty() {
            return None;
        }
        if self.preface_left > 0 {
            let piece = take(bytes, self.preface_left);
            self.preface_left -= piece.len();
            return Some(Piece::Preface(piece));
        }
        if self.payload_left > 0 {
            let piece = take(bytes, self.payload_left);
            self.payload_left -= piece.len();
            return Some(Piece::Payload(piece));
        }
        let piece = take(bytes, HEAD_BYTES - self.head_len);
        self.head[self.head_len..][..piece.len()].copy_from_slice(piece);
        self.head_len += piece.len();
        if self.head_len < HEAD_BYTES {
            return None;
        }
        self.head_len = 0;
        let head = Head::parse(self.head);
        self.payload_left = head.len as usize;
        Some(Piece::Head(head))
    }

    /// Whether the next byte begins a frame.
    pub(super) fn are_whole(&self) -> bool {
        self.preface_left == 0 && self.payload_left == 0 && self.head_len == 0
    }

    /// Whether the frame whose head came last is over.
    pub(super) fn is_payload_over(&self) -> bool {
        self.payload_left == 0
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

    /// What is seen of bytes that come in pieces of a size, put together again.
    fn seen(bytes: &[u8], size: usize) -> (Vec<Head>, Vec<u8>, bool) {
        let mut frames = Frames::of_client();
        let (mut heads, mut payloads) = (Vec::new(), Vec::new());
        for mut part in bytes.chunks(size) {
            while let Some(piece) = frames.next(&mut part) {
                match piece {
                    Piece::Preface(bytes) | Piece::Payload(bytes) => {
                        payloads.extend_from_slice(bytes);
                    }
                    Piece::Head(head) => {
                        assert_eq!(Head::parse(head.bytes()), head);
                        heads.push(head);
                    }
                }
            }
        }
        (heads, payloads, frames.are_whole())
    }

    #[test]
    fn frames_are_seen_however_their_bytes_come() {
        let head = |len, kind, stream| Head {
            len,
            kind,
            flags: 5,
            stream,
        };
        let heads = [head(0, SETTINGS, 0), head(3, DATA, 1), head(0, DATA, 7)];
        let bytes = [
            &PREFACE[..],
            &heads[0].bytes(),
            &heads[1].bytes(),
            b"abc",
            &heads[2].bytes(),
        ]
        .concat();
        let payloads = [&PREFACE[..], b"abc"].concat();
        for size in 1..=bytes.len() {
            assert_eq!(
                seen(&bytes, size),
                (heads.to_vec(), payloads.clone(), true),
                "{size}"
            );
        }
        assert!(!seen(&bytes[..bytes.len() - 1], 64).2, "a head is cut");
        let cut = PREFACE.len() + 2 * HEAD_BYTES + 2;
        assert!(!seen(&bytes[..cut], 64).2, "a payload is cut");
    }
}
