//! What a viewer sends: messages stay bounded, and are the same however the bytes arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The file alone, since the whole edge would bring every dependency of it.
#[path = "../../services/edge/src/websocket/reader.rs"]
mod reader;

use reader::{MESSAGE_BYTES_MAX, Message, ProtocolError, Reader};

fn read(bytes: &[u8], step: usize) -> Result<Vec<Message>, ProtocolError> {
    let mut reader = Reader::default();
    let mut messages = Vec::new();
    for chunk in bytes.chunks(step) {
        reader.push(chunk)?;
        while let Some(message) = reader.next_message()? {
            if let Message::Text(text) = &message {
                assert!(text.len() <= MESSAGE_BYTES_MAX);
            }
            messages.push(message);
        }
    }
    Ok(messages)
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(read(bytes, 1), read(bytes, 7));
});
