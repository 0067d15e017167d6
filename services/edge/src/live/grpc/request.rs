//! The request of `Watch`, as it comes in the body of an HTTP/2 request.

use prost::Message as _;
use sightline_rpc::live::v1::WatchRequest;

/// Largest request, bytes; of `Watch` with its prefix.
pub(crate) const REQUEST_BYTES_MAX: usize = 1024;

/// The one message of a request: a byte that says "not compressed", the length, the message.
pub(crate) fn decode(bytes: &[u8]) -> Option<WatchRequest> {
    let (prefix, message) = bytes.split_at_checked(5)?;
    let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    let whole = prefix[0] == 0
        && usize::try_from(len) == Ok(message.len())
        && bytes.len() <= REQUEST_BYTES_MAX;
    whole.then(|| WatchRequest::decode(message).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(device_id: &str) -> Vec<u8> {
        let wish = WatchRequest {
            device_id: device_id.into(),
            channel: 4,
            stream: 2,
        };
        let len = u32::try_from(wish.encoded_len()).unwrap();
        [&[0], &len.to_be_bytes()[..], &wish.encode_to_vec()].concat()
    }

    #[test]
    fn request_is_one_whole_message_that_is_not_compressed() {
        let whole = request("AAAA");
        assert_eq!(decode(&whole).unwrap().device_id, "AAAA");
        assert_eq!(decode(&whole[..whole.len() - 1]), None, "cut");
        assert_eq!(decode(&[&whole[..], &[0]].concat()), None, "more behind");
        let compressed = [&[1], &whole[1..]].concat();
        assert_eq!(decode(&compressed), None, "compressed");
        assert_eq!(decode(&[0, 0, 0, 0, 1, 0xff]), None, "no message");
    }

    #[test]
    fn request_beyond_its_limit_is_refused() {
        let around = request(&"A".repeat(500)).len() - 500;
        let most = request(&"A".repeat(REQUEST_BYTES_MAX - around));
        assert_eq!(most.len(), REQUEST_BYTES_MAX);
        assert!(decode(&most).is_some());
        assert_eq!(
            decode(&request(&"A".repeat(REQUEST_BYTES_MAX - around + 1))),
            None
        );
    }
}
