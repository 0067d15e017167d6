//! How often something may be tried from one place.

use sightline_base::place::{Network, Place};
use sightline_domain::attempts::{Allowance, Attempts, Exhausted};

/// What one network may do, in allowances of one place: an organisation has many people, and a
/// stranger who is given a /48 has 65,536 places for the price of one.
const PLACES_PER_NETWORK: u32 = 8;

/// Attempts counted by place, and by network with a larger allowance.
#[derive(Debug)]
pub(super) struct PlaceAttempts {
    places: Attempts<Place>,
    networks: Attempts<Network>,
}

impl PlaceAttempts {
    pub(super) fn new(of_place: Allowance, keys_max: usize) -> Self {
        let of_network = Allowance {
            burst: of_place.burst * PLACES_PER_NETWORK,
            refill: of_place.refill / PLACES_PER_NETWORK,
        };
        Self {
            places: Attempts::new(of_place, keys_max),
            networks: Attempts::new(of_network, keys_max),
        }
    }

    /// Takes one attempt; requests within this process are not counted.
    pub(super) fn take(&mut self, place: Option<Place>, now_unix_ms: i64) -> Result<(), Exhausted> {
        let Some(place) = place else { return Ok(()) };
        // First, so that a network without allowance adds no places to the other table.
        self.networks.take(place.into(), now_unix_ms)?;
        let taken = self.places.take(place, now_unix_ms);
        taken.inspect_err(|_| self.networks.give_back(&place.into()))
    }

    /// Returns an attempt that was taken.
    pub(super) fn give_back(&mut self, place: Option<Place>) {
        if let Some(place) = place {
            self.places.give_back(&place);
            self.networks.give_back(&place.into());
        }
    }
}
