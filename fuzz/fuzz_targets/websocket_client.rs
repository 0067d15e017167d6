//! What a viewer sends: messages stay bounded, and are the same however the bytes arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The file alone, since the whole edge would bring every dependency of it.
#[path = "../../services/edge/src/websocket/reader.rs"]
mod reader;

use reader::{CONTROL_BYTES_MAX, MESSAGE_BYTES_MAX, Message, ProtocolError, Reader};

/// As many as the edge reads from a connection at once.
const READ_BYTES: usize = 1024;

fn read(bytes: &[u8], step: usize) -> Result<Vec<Message>, ProtocolError> {
    let mut reader = Reader::default();
    let mut messages = Vec::new();
    for chunk in bytes.chunks(step) {
        reader.push(chunk)?;
        while let Some(message) = reader.next_message()? {
            match &message {
                Message::Text(text) => assert!(text.len() <= MESSAGE_BYTES_MAX),
                Message::Ping(data) => assert!(data.len() <= CONTROL_BYTES_MAX),
                Message::Close => {}
            }
            messages.push(message);
        }
    }
    Ok(messages)
}

fuzz_target!(|bytes: &[u8]| {
    let read_at_once = read(bytes, READ_BYTES);
    assert_eq!(read(bytes, 1), read_at_once);
    assert_eq!(read(bytes, 7), read_at_once);
});
