//! Reads what a client sends: short texts (tokens) and control frames.

/// Longest message of a client, bytes; an access token is half of that.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;
/// Longest control frame (RFC 6455, 5.5), bytes.
pub(crate) const CONTROL_BYTES_MAX: usize = 125;
/// Most bytes of one frame that are kept until it is whole: header, mask and message.
const HELD_BYTES_MAX: usize = 14 + MESSAGE_BYTES_MAX;

/// What a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// A whole text.
    Text(String),
    /// Wants a pong with the same data.
    Ping(Vec<u8>),
    /// Is leaving.
    Close,
}

/// The client does not keep to the protocol, or sends more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("WebSocket protocol error: {0}")]
pub(crate) struct ProtocolError(pub &'static str);

/// Puts messages together from bytes as they arrive. Holds no memory between messages.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    held: Vec<u8>,
    /// Text of the fragments so far, if a fragmented message is under way.
    fragments: Option<Vec<u8>>,
}

struct Frame {
    fin: bool,
    opcode: u8,
    payload: Vec<u8>,
    len: usize,
}

impl Reader {
    /// Adds bytes from the connection.
    ///
    /// # Errors
    /// [`ProtocolError`] when more is waiting than one message may have.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        if self.held.len() + bytes.len() > 2 * HELD_BYTES_MAX {
            return Err(ProtocolError("too much data"));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole message, if there is one. Pongs and binary messages are dropped.
    ///
    /// # Errors
    /// [`ProtocolError`]; the connection is over then.
    pub(crate) fn next_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        while let Some(frame) = parse(&self.held)? {
            self.held.drain(..frame.len);
            if self.held.is_empty() {
                self.held = Vec::new();
            }
            if let Some(message) = self.take(frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn take(&mut self, frame: Frame) -> Result<Option<Message>, ProtocolError> {
        match (frame.opcode, frame.fin) {
            (0x9, _) => Ok(Some(Message::Ping(frame.payload))),
            (0xA, _) => Ok(None),
            (0x8, _) => Ok(Some(Message::Close)),
            (0x1, true) if self.fragments.is_none() => text(frame.payload).map(Some),
            (0x1, false) if self.fragments.is_none() => {
                self.fragments = Some(frame.payload);
                Ok(None)
            }
            (0x0, fin) => {
                let mut whole = self
                    .fragments
                    .take()
                    .ok_or(ProtocolError("nothing to continue"))?;
                if whole.len() + frame.payload.len() > MESSAGE_BYTES_MAX {
                    return Err(ProtocolError("message too long"));
                }
                whole.extend_from_slice(&frame.payload);
                if fin {
                    return text(whole).map(Some);
                }
                self.fragments = Some(whole);
                Ok(None)
            }
            _ => Err(ProtocolError("unexpected kind of message")),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<Message, ProtocolError> {
    String::from_utf8(bytes)
        .map(Message::Text)
        .map_err(|_| ProtocolError("text is not UTF-8"))
}

/// The first frame in the bytes, unmasked, if it is whole.
fn parse(bytes: &[u8]) -> Result<Option<Frame>, ProtocolError> {
    let [first, second, ..] = *bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return Err(ProtocolError("reserved bits"));
    }
    if second & 0x80 == 0 {
        return Err(ProtocolError("frame of a client without a mask"));
    }
    let (opcode, fin) = (first & 0x0F, first & 0x80 != 0);
    let is_control = opcode & 0x8 != 0;
    let (len, mask_at) = match second & 0x7F {
        126 => match bytes.get(2..4) {
            Some(len) => (usize::from(u16::from_be_bytes([len[0], len[1]])), 4),
            None => return Ok(None),
        },
        127 => return Err(ProtocolError("message too long")),
        len => (usize::from(len), 2),
    };
    if is_control && (!fin || len > CONTROL_BYTES_MAX) {
        return Err(ProtocolError("control frame too long or fragmented"));
    }
    if len > MESSAGE_BYTES_MAX {
        return Err(ProtocolError("message too long"));
    }
    let end = mask_at + 4 + len;
    let (Some(mask), Some(payload)) =
        (bytes.get(mask_at..mask_at + 4), bytes.get(mask_at + 4..end))
    else {
        return Ok(None);
    };
    let payload = payload
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, key)| byte ^ key)
        .collect();
    Ok(Some(Frame {
        fin,
        opcode,
        payload,
        len: end,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut out = vec![first];
        match u8::try_from(payload.len()) {
            Ok(len @ 0..=125) => out.push(0x80 | len),
            _ => {
                out.push(0x80 | 126);
                out.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        out.extend(mask);
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
        out
    }

    #[test]
    fn message_is_whole_after_its_last_byte_however_it_arrives() {
        let mut reader = Reader::default();
        let bytes = [frame(0x81, &[b'x'; 300]), frame(0x89, b"p")].concat();
        let mut seen = Vec::new();
        for byte in bytes {
            reader.push(&[byte]).unwrap();
            while let Some(message) = reader.next_message().unwrap() {
                seen.push(message);
            }
        }
        assert_eq!(
            seen,
            [Message::Text("x".repeat(300)), Message::Ping(b"p".to_vec())]
        );
    }

    #[test]
    fn fragments_become_one_text_with_a_ping_in_between() {
        let mut reader = Reader::default();
        let bytes = [frame(0x01, b"to"), frame(0x89, b""), frame(0x80, b"ken")].concat();
        reader.push(&bytes).unwrap();
        assert_eq!(reader.next_message(), Ok(Some(Message::Ping(Vec::new()))));
        assert_eq!(
            reader.next_message(),
            Ok(Some(Message::Text("token".into())))
        );
        assert_eq!(reader.next_message(), Ok(None));
    }

    #[test]
    fn unmasked_oversized_and_malformed_frames_are_refused() {
        let refused = |bytes: &[u8]| {
            let mut reader = Reader::default();
            reader.push(bytes).is_err() || reader.next_message().is_err()
        };
        assert!(refused(&[0x81, 0x01, b'x']), "no mask");
        assert!(
            refused(&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1]),
            "64-bit length"
        );
        assert!(refused(&[0x81, 0xFE, 0xFF, 0xFF]), "64 KiB");
        assert!(refused(&[0xC1, 0x80, 0, 0, 0, 0]), "reserved bit");
        assert!(refused(&[0x09, 0x80, 0, 0, 0, 0]), "fragmented ping");
        assert!(refused(&frame(0x80, b"x")), "continuation of nothing");
        assert!(refused(&frame(0x81, &[0xFF])), "not UTF-8");
        assert!(refused(&[0x81; 20_000]), "flood");
    }
}
