//! Where a request comes from.

use sightline_base::net::Peer;
use tonic::Request;

use crate::limits::Place;
use crate::sessions::Client;

/// Longest name of a program that is kept, characters.
const USER_AGENT_CHARS_MAX: usize = 200;
/// Where a program tells its name: browsers in the first, gRPC-Web libraries that may not set the
/// first in the second.
const USER_AGENT_HEADERS: [&str; 2] = ["user-agent", "x-user-agent"];

/// The client of a request.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) client: Client,
    /// `None` within this process.
    pub(super) place: Option<Place>,
}

impl Origin {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        let peer = request.extensions().get::<Peer>();
        let address = peer.map(|peer| peer.0.ip().to_canonical());
        let metadata = request.metadata();
        let named = USER_AGENT_HEADERS
            .iter()
            .find_map(|header| metadata.get(*header));
        Self {
            client: Client {
                user_agent: named.map_or_else(String::new, |name| printable(name.as_bytes())),
                address,
            },
            place: address.map(Place::from),
        }
    }
}

/// Shown to people: no control characters, and not endless.
fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .chars()
        .filter(|c| !c.is_control())
        .take(USER_AGENT_CHARS_MAX)
        .collect()
}
