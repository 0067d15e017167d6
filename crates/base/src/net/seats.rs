//! How many connections there may be at once: in all, and from one place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::place::Place;

/// The seats of one listener. The next connection waits for a free one; a place that has as many as it
/// may is refused at once, so that nobody takes them all.
#[derive(Debug, Clone)]
pub struct Seats {
    free: Arc<Semaphore>,
    taken: Arc<Taken>,
}

#[derive(Debug)]
struct Taken {
    /// None counts no places.
    per_place_max: Option<usize>,
    /// Only places with a seat.
    places: Mutex<HashMap<Place, usize>>,
}

/// A free seat, for whoever comes next.
#[derive(Debug)]
pub struct FreeSeat(OwnedSemaphorePermit);

/// A seat that is taken until this is dropped.
#[derive(Debug)]
pub struct Seat {
    place: Place,
    taken: Arc<Taken>,
    _free: OwnedSemaphorePermit,
}

impl Seats {
    /// As many as `max` in all, and `per_place_max` from one place when there is such a limit.
    #[must_use]
    pub fn new(max: usize, per_place_max: Option<usize>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(max)),
            taken: Arc::new(Taken {
                per_place_max,
                places: Mutex::default(),
            }),
        }
    }

    /// Waits until there is one.
    pub async fn free(&self) -> FreeSeat {
        let free = Arc::clone(&self.free).acquire_owned().await;
        FreeSeat(free.expect("the semaphore is never closed"))
    }

    /// Gives it to whoever came, unless that place has as many as it may.
    #[must_use]
    pub fn take(&self, FreeSeat(free): FreeSeat, address: IpAddr) -> Option<Seat> {
        let place = Place::from(address);
        if let Some(max) = self.taken.per_place_max {
            let mut places = self.taken.lock();
            let count = places.entry(place).or_default();
            if *count >= max {
                return None;
            }
            *count += 1;
        }
        Some(Seat {
            place,
            taken: Arc::clone(&self.taken),
            _free: free,
        })
    }
}

impl Taken {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Place, usize>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.taken.lock().entry(self.place) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const WORK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[tokio::test]
    async fn one_place_cannot_take_all_seats() {
        let seats = Seats::new(4, Some(2));
        let first = seats.take(seats.free().await, HOME);
        let second = seats.take(seats.free().await, HOME);
        assert!(first.is_some() && second.is_some());
        assert!(seats.take(seats.free().await, HOME).is_none());
        assert!(seats.take(seats.free().await, WORK).is_some());
        drop(first);
        assert!(seats.take(seats.free().await, HOME).is_some());
    }

    #[tokio::test]
    async fn the_next_one_waits_for_a_free_seat() {
        let seats = Seats::new(1, None);
        let taken = seats.take(seats.free().await, HOME);
        assert!(seats.free().now_or_never().is_none());
        drop(taken);
        assert!(seats.free().now_or_never().is_some());
    }

    #[tokio::test]
    async fn places_without_a_seat_are_forgotten() {
        let seats = Seats::new(4, Some(2));
        drop(seats.take(seats.free().await, HOME));
        assert!(seats.taken.lock().is_empty());
    }
}
