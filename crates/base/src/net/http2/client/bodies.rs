//! What a server sends, on its way to h2: the bodies that somebody takes go beside it.

use std::fmt;

use super::frames::{
    DATA, END_STREAM, Frames, HEADERS, Head, PADDED, Piece, RST_STREAM, WINDOW_UPDATE,
};
use super::{Take, Windows};
use bytes::{BufMut as _, BytesMut};

/// A server broke the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    /// RFC 9113, 6.1.
    #[error("a frame that is shorter than its padding")]
    Padding,
    /// RFC 9113, 6.9.1.
    #[error("more data than there is room for")]
    Window,
}

/// Where in the server's bytes the next one is, and whose bodies go beside h2.
///
/// h2 hears nothing of their DATA, so flow control of it is kept here.
pub(super) struct Bodies {
    windows: Windows,
    frames: Frames,
    head: Head,
    /// Of the DATA frame that is passing beside h2.
    data: Option<Data>,
    bodies: Vec<Body>,
    /// Bytes that the server has sent on the connection and was not given back.
    owed: u32,
    /// WINDOW_UPDATE frames on their way to the server. Others are made when these have gone out.
    pub(super) updates: BytesMut,
}

struct Body {
    stream: u32,
    /// The head of the response has gone to h2.
    has_begun: bool,
    owed: u32,
    take: Take,
}

/// How much of a frame's payload is data, as far as that is known.
#[derive(Debug, Clone, Copy)]
enum Data {
    /// The first byte tells how much of it is padding.
    Padded,
    Left(usize),
}

impl Bodies {
    pub(super) fn new(windows: Windows) -> Self {
        Self {
            windows,
            frames: Frames::of_server(),
            head: Head::default(),
            data: None,
            bodies: Vec::new(),
            owed: 0,
            updates: BytesMut::new(),
        }
    }

    /// From now on a stream's DATA goes to `take`. Its response has not begun.
    pub(super) fn attach(&mut self, stream: u32, take: Take) {
        self.bodies.push(Body {
            stream,
            has_begun: false,
            owed: 0,
            take,
        });
    }

    /// What still comes of a stream is h2's.
    pub(super) fn detach(&mut self, stream: u32) {
        self.bodies.retain(|body| body.stream != stream);
    }

    /// Takes what has come, and puts out what is for h2: at most as many bytes as have come so far.
    pub(super) fn pass(
        &mut self,
        mut bytes: &[u8],
        for_h2: &mut BytesMut,
    ) -> Result<(), Violation> {
        while let Some(piece) = self.frames.next(&mut bytes) {
            match piece {
                Piece::Head(head) => self.begin(head, for_h2)?,
                Piece::Payload(payload) => match self.data {
                    Some(data) => self.data = Some(self.take(data, payload)?),
                    None => for_h2.put_slice(payload),
                },
                // Servers send none.
                Piece::Preface(_) => {}
            }
            if self.frames.is_payload_over()
                && let Some(data) = self.data.take()
            {
                self.end(data, for_h2)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, head: Head, for_h2: &mut BytesMut) -> Result<(), Violation> {
        self.head = head;
        let body = self.bodies.iter_mut().find(|b| b.stream == head.stream);
        let is_last = head.flags & END_STREAM != 0;
        match (head.kind, body) {
            // Whatever breaks the rules is h2's to judge.
            (DATA, Some(body)) if body.has_begun && head.len <= self.windows.frame_bytes_max => {
                body.owed += head.len;
                self.owed += head.len;
                let is_within = body.owed <= self.windows.stream_bytes
                    && self.owed <= self.windows.connection_bytes;
                if !is_within {
                    return Err(Violation::Window);
                }
                self.data = Some(match head.flags & PADDED {
                    0 => Data::Left(head.len as usize),
                    _ => Data::Padded,
                });
                return Ok(());
            }
            (HEADERS, Some(body)) if !is_last => body.has_begun = true,
            (HEADERS | RST_STREAM, Some(_)) => self.detach(head.stream),
            _ => {}
        }
        for_h2.put_slice(&head.bytes());
        Ok(())
    }

    fn take(&mut self, data: Data, mut payload: &[u8]) -> Result<Data, Violation> {
        let left = match (data, payload) {
            (Data::Left(left), _) => left,
            (Data::Padded, [padding, rest @ ..]) => {
                payload = rest;
                let left = (self.head.len - 1).checked_sub(u32::from(*padding));
                left.ok_or(Violation::Padding)? as usize
            }
            (Data::Padded, []) => return Ok(data),
        };
        let part = &payload[..payload.len().min(left)];
        // It may have been detached within a frame.
        let body = self
            .bodies
            .iter_mut()
            .find(|b| b.stream == self.head.stream);
        if let Some(body) = body.filter(|_| !part.is_empty()) {
            (body.take)(part);
        }
        Ok(Data::Left(left - part.len()))
    }

    /// A DATA frame has come whole.
    fn end(&mut self, data: Data, for_h2: &mut BytesMut) -> Result<(), Violation> {
        let stream = self.head.stream;
        if let Data::Padded = data {
            return Err(Violation::Padding);
        }
        if self.head.flags & END_STREAM != 0 {
            self.detach(stream);
            let last = Head {
                len: 0,
                flags: END_STREAM,
                ..self.head
            };
            for_h2.put_slice(&last.bytes());
        }
        Ok(())
    }

    /// Gives the server room for what was taken, once half of a window is used.
    pub(super) fn update(&mut self) {
        if !self.updates.is_empty() {
            return;
        }
        if self.owed >= self.windows.connection_bytes / 2 {
            put_update(&mut self.updates, 0, &mut self.owed);
        }
        for body in &mut self.bodies {
            if body.owed >= self.windows.stream_bytes / 2 {
                put_update(&mut self.updates, body.stream, &mut body.owed);
            }
        }
    }
}

/// Gives back all that is owed (RFC 9113, 6.9).
fn put_update(out: &mut BytesMut, stream: u32, owed: &mut u32) {
    let head = Head {
        len: 4,
        kind: WINDOW_UPDATE,
        flags: 0,
        stream,
    };
    out.put_slice(&head.bytes());
    out.put_u32(std::mem::take(owed));
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams = self.bodies.iter().map(|body| body.stream);
        f.debug_list().entries(streams).finish()
    }
}

// Named, since the fuzz target has this file without its folder.
#[cfg(test)]
#[path = "bodies/tests.rs"]
mod tests;
