//! The request with which a device asks for the reversal.

/// Longest request head of a device, bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 8192;
/// Most header fields in it.
const FIELDS_MAX: usize = 32;

/// A request that was read to the end of its head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes that came after the head: the beginning of HTTP/2.
    pub(crate) rest: Vec<u8>,
}

/// A request that is no Uplink request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    /// Not HTTP/1.1.
    #[error("not an HTTP/1.1 request")]
    Malformed,
    /// The head does not end within [`HEAD_BYTES_MAX`].
    #[error("request head too long")]
    TooLong,
    /// Something else than `GET` with `Upgrade: h2c-reverse`.
    #[error("not a request for h2c-reverse")]
    OtherRequest,
}

/// Reads a request head, once it is whole. The path is free (ONVIF leaves it to the cloud).
///
/// # Errors
/// [`BadHead`].
pub(crate) fn read_head(bytes: &[u8]) -> Result<Option<Head>, BadHead> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len <= HEAD_BYTES_MAX => len,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLong),
        Err(_) => return Err(BadHead::Malformed),
    };
    let has = |name: &str, wanted: &str| {
        request
            .headers
            .iter()
            .filter(|f| f.name.eq_ignore_ascii_case(name))
            .any(|field| {
                String::from_utf8_lossy(field.value)
                    .split(',')
                    .any(|token| token.trim().eq_ignore_ascii_case(wanted))
            })
    };
    if request.method != Some("GET")
        || request.version != Some(1)
        || !has("connection", "upgrade")
        || !has("upgrade", "h2c-reverse")
    {
        return Err(BadHead::OtherRequest);
    }
    Ok(Some(Head {
        rest: bytes[len..].to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET /uplink HTTP/1.1\r\nHost: cloud\r\nConnection: Upgrade\r\n\
        Upgrade: h2c-reverse\r\n\r\n";

    #[test]
    fn request_is_read_once_it_is_whole_and_the_rest_is_kept() {
        for len in 0..REQUEST.len() {
            assert_eq!(read_head(&REQUEST[..len]), Ok(None), "{len}");
        }
        let more = [REQUEST, b"PRI"].concat();
        assert_eq!(
            read_head(&more),
            Ok(Some(Head {
                rest: b"PRI".to_vec()
            }))
        );
    }

    #[test]
    fn other_requests_are_refused() {
        let refused = |request: &str| read_head(request.as_bytes()).unwrap_err();
        assert_eq!(
            refused("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            BadHead::OtherRequest
        );
        let post = String::from_utf8_lossy(REQUEST).replace("GET", "POST");
        assert_eq!(refused(&post), BadHead::OtherRequest);
        assert_eq!(refused("\u{16}\u{3}\u{1}"), BadHead::Malformed);
        let endless = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(HEAD_BYTES_MAX));
        assert_eq!(refused(&endless), BadHead::TooLong);
    }
}
