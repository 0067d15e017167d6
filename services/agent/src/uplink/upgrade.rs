//! The turn from HTTP/1.1 to HTTP/2 with the roles reversed (ONVIF Uplink Specification 26.06,
//! `h2c-reverse`).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest head of the cloud's answer, bytes.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Most header fields in it.
const FIELDS_MAX: usize = 64;
/// Longest wait that a cloud can ask for: a wrong number must not keep a device away for days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

const PROTOCOL: &str = "h2c-reverse";

/// Why the connection did not become an uplink.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection broke, which is also how a cloud refuses a certificate in TLS 1.3.
    #[error("the cloud closed the connection: {0}")]
    Io(#[from] std::io::Error),
    /// The connection ended within the head.
    #[error("the cloud closed the connection before its answer was complete")]
    Closed,
    /// Not HTTP.
    #[error("the cloud's answer is not HTTP: {0}")]
    NotHttp(#[from] httparse::Error),
    /// A head without end.
    #[error("the cloud's answer has a head of more than {HEAD_BYTES_MAX} bytes")]
    TooLong,
    /// `101` to another protocol.
    #[error("the cloud switched to another protocol than {PROTOCOL}")]
    Protocol,
    /// The cloud does not take this device, or not now.
    #[error("the cloud answered with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
}

/// The request that begins an uplink.
pub(super) fn request(host: &str, port: u16) -> String {
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    format!(
        "GET /uplink HTTP/1.1\r\n\
         Host: {host}:{port}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: {PROTOCOL}\r\n\
         User-Agent: sightline-agent/{}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Reads the answer. What came after its head is the beginning of HTTP/2.
///
/// # Errors
/// Unless the answer is `101 Switching Protocols` to the right one.
pub(super) async fn read_answer(io: &mut (impl AsyncRead + Unpin)) -> Result<Bytes, Error> {
    let mut read = BytesMut::with_capacity(HEAD_BYTES_MAX);
    loop {
        if let Some(head_bytes) = parse(&read)? {
            return Ok(read.split_off(head_bytes).freeze());
        }
        if read.len() >= HEAD_BYTES_MAX {
            return Err(Error::TooLong);
        }
        if io.read_buf(&mut read).await? == 0 {
            return Err(Error::Closed);
        }
    }
}

/// Length of the head, or `None` while it is incomplete.
fn parse(read: &[u8]) -> Result<Option<usize>, Error> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head_bytes) = response.parse(read)? else {
        return Ok(None);
    };
    if head_bytes > HEAD_BYTES_MAX {
        return Err(Error::TooLong);
    }
    let field = |name: &str| {
        let found = response
            .headers
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name));
        found
            .and_then(|f| std::str::from_utf8(f.value).ok())
            .map(str::trim)
    };
    match response.code.unwrap_or_default() {
        101 if field("upgrade").is_some_and(|p| p.eq_ignore_ascii_case(PROTOCOL)) => {
            Ok(Some(head_bytes))
        }
        101 => Err(Error::Protocol),
        status => {
            let seconds = field("retry-after").and_then(|s| s.parse().ok());
            let retry_after =
                seconds.map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
            Err(Error::Refused {
                status,
                retry_after,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCHED: &str =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nUpgrade: H2C-reverse\r\n\r\n";

    /// Reads an answer that comes in pieces of `step` bytes.
    async fn read(answer: &[u8], step: usize) -> Result<Bytes, Error> {
        let pieces = answer.chunks(step).map(Ok::<_, std::io::Error>);
        read_answer(&mut tokio_util::io::StreamReader::new(
            futures::stream::iter(pieces),
        ))
        .await
    }

    #[tokio::test]
    async fn bytes_after_the_head_are_kept_however_the_answer_is_cut() {
        let answer = [SWITCHED.as_bytes(), b"PRI * HTTP/2.0"].concat();
        // How many of the 14 bytes come in the same piece as the end of the head.
        let head = SWITCHED.len();
        for (step, with_head) in [(1, 0), (head, 0), (head + 3, 3), (1000, 14)] {
            let rest = read(&answer, step).await.unwrap();
            assert_eq!(rest, &b"PRI * HTTP/2.0"[..with_head], "{step}");
        }
    }

    #[tokio::test]
    async fn refusal_carries_its_status_and_a_bounded_wait() {
        let answer = |fields: &str| format!("HTTP/1.1 503 Busy\r\n{fields}\r\n\r\n").into_bytes();
        let cases = [
            ("Retry-After: 7", Some(7)),
            ("retry-after: 999999999", Some(300)),
            ("Retry-After: Fri, 31 Dec 2027 23:59:59 GMT", None),
            ("Retry-After: -1", None),
        ];
        for (fields, wanted) in cases {
            let refused = read(&answer(fields), 1000).await.unwrap_err();
            let wanted = wanted.map(Duration::from_secs);
            assert!(
                matches!(refused, Error::Refused { status: 503, retry_after } if retry_after == wanted),
                "{fields}: {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn other_answers_are_refused() {
        let other = SWITCHED.replace("H2C-reverse", "websocket");
        assert!(matches!(
            read(other.as_bytes(), 9).await,
            Err(Error::Protocol)
        ));
        assert!(matches!(
            read(b"SSH-2.0-x\r\n", 9).await,
            Err(Error::NotHttp(_))
        ));
        assert!(matches!(
            read(&SWITCHED.as_bytes()[..40], 9).await,
            Err(Error::Closed)
        ));
        let long = format!("HTTP/1.1 101 x\r\na: {}", "b".repeat(HEAD_BYTES_MAX));
        assert!(matches!(
            read(long.as_bytes(), 1000).await,
            Err(Error::TooLong)
        ));
    }
}
