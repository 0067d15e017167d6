//! Addresses of cameras as they may stand in logs.
//!
//! Besides `user:password@`, vendors put credentials into the query and into the path:
//! `/user=admin_password=x_channel=1_stream=0.sdp`, `/0/admin:x/main`, or a path that is a token.

use url::Url;

/// Stands for what is left out.
const HIDDEN: &str = "***";
/// Words that tell of a secret in a segment of a path, or in the segment after it.
const WORDS: [&str; 10] = [
    "pass", "pwd", "psw", "user", "usr", "login", "auth", "token", "key", "secret",
];
/// A segment of letters and digits together that is at least this long may be a token, characters.
const TOKEN_CHARS_MIN: usize = 12;

/// Scheme, host, port and path, without the parts of the path that may be credentials.
pub(crate) fn address(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default(),
        path(url.path())
    )
}

/// What a library says of a camera at this address: its first line, up to where it repeats an
/// address.
pub(crate) fn cause(text: &str, url: &Url) -> String {
    let line = text.lines().next().unwrap_or_default();
    let hidden_path = Some(url.path()).filter(|raw| path(raw) != *raw);
    let addresses = ["rtsp:", "RTSP:", "Url {"].into_iter();
    let ends = addresses.chain(hidden_path).chain(url.query());
    let end = ends.filter_map(|words| line.find(words)).min();
    end.map_or_else(|| line.to_owned(), |end| format!("{}…", &line[..end]))
}

fn path(path: &str) -> String {
    let mut after_word = false;
    let segments = path.split('/').map(|segment| {
        let has_word = WORDS
            .iter()
            .any(|word| segment.to_ascii_lowercase().contains(word));
        let after = std::mem::replace(&mut after_word, has_word);
        let hidden = has_word || after || may_be_secret(segment);
        if hidden && !segment.is_empty() {
            HIDDEN
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Fields with values, a user with a password, what is percent-encoded, or a token.
fn may_be_secret(segment: &str) -> bool {
    let has = |test: fn(&char) -> bool| segment.chars().any(|c| test(&c));
    segment.contains(['=', ':', '@', '&', '%'])
        || segment.chars().count() >= TOKEN_CHARS_MIN
            && segment.chars().all(|c| c.is_ascii_alphanumeric())
            && has(char::is_ascii_digit)
            && has(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        address(&Url::parse(text).unwrap())
    }

    #[test]
    fn address_keeps_what_tells_the_stream() {
        for address in [
            "rtsp://10.0.0.2/Streaming/Channels/101",
            "rtsp://10.0.0.2:8554/cam/realmonitor",
            "rtsp://[::1]:554/h264Preview_01_main",
            "rtsp://camera.lan/live/ch00_0",
        ] {
            assert_eq!(shown(address), address);
        }
    }

    #[test]
    fn address_hides_whatever_may_be_a_credential() {
        for (address, wanted) in [
            ("rtsp://a/live?user=u&password=canary", "rtsp://a/live"),
            (
                "rtsp://a/user=admin_password=canary_channel=1_stream=0.sdp?real_stream",
                "rtsp://a/***",
            ),
            (
                "rtsp://a/user=admin&password=canary/ch1",
                "rtsp://a/***/***",
            ),
            ("rtsp://a/0/admin:canary/main", "rtsp://a/0/***/main"),
            ("rtsp://a/0/admin%3Acanary/main", "rtsp://a/0/***/main"),
            ("rtsp://a/password/canary/main", "rtsp://a/***/***/main"),
            ("rtsp://a:7447/Ab3dEf6hIj9lMn0p", "rtsp://a:7447/***"),
            ("rtsp://a/live#canary", "rtsp://a/live"),
        ] {
            assert_eq!(shown(address), wanted);
        }
    }

    #[test]
    fn cause_ends_where_it_repeats_the_address() {
        let url = Url::parse("rtsp://a/user=u_password=canary/1?p=canary").unwrap();
        for (text, wanted) in [
            ("Timeout", "Timeout"),
            ("bad packet\n\nconn: x canary", "bad packet"),
            ("bad url rtsp://a/canary: why", "bad url …"),
            ("no path /user=u_password=canary/1", "no path …"),
            (
                "no rtptime on Some(Url { path: \"x\" })",
                "no rtptime on Some(…",
            ),
            ("bad p=canary", "bad …"),
        ] {
            assert_eq!(cause(text, &url), wanted);
        }
    }
}
