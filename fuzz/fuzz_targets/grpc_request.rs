//! The request of `Live/Watch`: one whole message within its limit, or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;

// The file alone, since the whole edge would bring every dependency of it.
#[path = "../../services/edge/src/live/grpc/request.rs"]
mod request;

use request::{REQUEST_BYTES_MAX, decode};

fuzz_target!(|bytes: &[u8]| {
    let Some(wish) = decode(bytes) else { return };
    assert!(bytes.len() <= REQUEST_BYTES_MAX);
    let message = wish.encode_to_vec();
    let len = u32::try_from(message.len()).expect("it was short");
    let again = [&[0], &len.to_be_bytes()[..], &message].concat();
    // It may have been told in more bytes than it needs, and in fewer: protobuf reads the last 32 bits
    // of an enumeration's number, and writes one that is negative then in ten bytes.
    if again.len() <= REQUEST_BYTES_MAX {
        assert_eq!(decode(&again), Some(wish));
    }
    // A message ends where its bytes end.
    assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
    assert_eq!(decode(&[bytes, &[0]].concat()), None);
});
