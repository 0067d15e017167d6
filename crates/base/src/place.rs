//! Where requests come from, as limits count it: one person's or one customer's addresses together.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where a request comes from: an IPv4 address, or the /64 network of an IPv6 address, which one
/// person has to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place(IpAddr);

impl From<IpAddr> for Place {
    fn from(address: IpAddr) -> Self {
        Self(masked(address, 64))
    }
}

/// What one customer of a provider can have: an IPv4 address, or the /48 network of an IPv6
/// address (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<Place> for Network {
    fn from(place: Place) -> Self {
        Self(masked(place.0, 48))
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Place::from(address).into()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let host_bits = Ipv6Addr::BITS - bits;
            Ipv6Addr::from_bits(v6.to_bits() >> host_bits << host_bits).into()
        }
    }
}
