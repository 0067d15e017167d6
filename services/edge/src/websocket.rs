//! WebSocket as far as this server needs it (RFC 6455): the handshake's answer, frame headers to
//! clients, and a parser for what clients send.
//!
//! Frames to viewers are made once and shared, with their header; that is why no library that owns
//! the connection is used. What is read from a client is bounded and copied nowhere but into the
//! short text that it is.

mod reader;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use bytes::{BufMut as _, Bytes, BytesMut};

pub(crate) use reader::{MESSAGE_BYTES_MAX, Message, Reader};

/// Appended to the client's key (RFC 6455, 1.3).
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Longest header of a frame to a client, bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 10;

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PONG: u8 = 0xA;

/// The `Sec-WebSocket-Accept` for a request that asks for a WebSocket, or `None` for one that does
/// not, or not of version 13.
pub(crate) fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| {
                value
                    .split(',')
                    .any(|token| token.trim().eq_ignore_ascii_case(wanted))
            })
    };
    if !has(header::CONNECTION, "upgrade")
        || !has(header::UPGRADE, "websocket")
        || !has(header::SEC_WEBSOCKET_VERSION, "13")
    {
        return None;
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(ACCEPT_SUFFIX);
    let accept = base64::engine::general_purpose::STANDARD.encode(context.finish());
    HeaderValue::from_str(&accept).ok()
}

/// Whether a page of another site opened the connection. Programs send no `Origin`.
pub(crate) fn is_foreign_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let origin_host = origin
        .to_str()
        .ok()
        .and_then(|o| o.split_once("://"))
        .map(|(_, host)| host);
    origin_host.is_none() || origin_host != host
}

/// Writes the header of an unfragmented binary message with `len` bytes.
pub(crate) fn put_binary_header(out: &mut BytesMut, len: usize) {
    put_header(out, BINARY, len);
}

/// A text message.
pub(crate) fn text(text: &str) -> Bytes {
    message(TEXT, text.as_bytes())
}

/// A binary message; copies the data.
pub(crate) fn binary(data: &[u8]) -> Bytes {
    message(BINARY, data)
}

/// The answer to a ping.
pub(crate) fn pong(data: &[u8]) -> Bytes {
    message(PONG, data)
}

/// A close with status 1000, normal closure: the reason has been told in a text before.
pub(crate) fn close() -> Bytes {
    message(CLOSE, &1000_u16.to_be_bytes())
}

fn message(opcode: u8, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES_MAX + data.len());
    put_header(&mut out, opcode, data.len());
    out.extend_from_slice(data);
    out.freeze()
}

fn put_header(out: &mut BytesMut, opcode: u8, len: usize) {
    out.put_u8(FIN | opcode);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short @ 0..=125), _) => out.put_u8(short),
        (_, Ok(medium)) => {
            out.put_u8(126);
            out.put_u16(medium);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(len as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn accept_key_is_the_one_of_the_rfc() {
        let headers = request(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        assert_eq!(
            accept_key(&headers).unwrap(),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn plain_request_is_no_websocket() {
        assert_eq!(accept_key(&request(&[("upgrade", "websocket")])), None);
    }

    #[test]
    fn page_of_another_site_is_foreign() {
        let host = Some("cloud.example:8443");
        let from = |origin| is_foreign_origin(&request(&[("origin", origin)]), host);
        assert!(!from("https://cloud.example:8443"));
        assert!(from("https://evil.example"));
        assert!(from("null"));
        assert!(!is_foreign_origin(&HeaderMap::new(), host));
    }

    #[test]
    fn header_has_the_shortest_length_field() {
        let header = |len| {
            let mut out = BytesMut::new();
            put_binary_header(&mut out, len);
            out.to_vec()
        };
        assert_eq!(header(125), [0x82, 125]);
        assert_eq!(header(126), [0x82, 126, 0, 126]);
        assert_eq!(header(65_536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
