//! The contract of [`Store`] as tests that every back end runs.
//!
//! Each function gets a way to open an empty store, and to open the same one again when it was
//! dropped, and panics when the contract is broken. `conformance_tests!` makes a test of each.

#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod commits;
mod feed;
mod scans;

use crate::{Error, Revision, Store, Transaction};

pub use commits::*;
pub use feed::*;
pub use scans::*;

/// Makes the tests of a back end from an expression that gives an `AsyncFn() -> impl Store`.
#[macro_export]
macro_rules! conformance_tests {
    ($open:expr) => {
        $crate::conformance_tests!(@each $open;
            commit_is_seen_when_it_returns
            absent_is_required_of_one_winner
            revision_is_required_of_the_record_that_was_read
            refused_transaction_writes_nothing
            later_write_of_one_transaction_stands
            limits_are_told_and_met
            of_many_writers_one_wins_each_revision
            reopening_keeps_all_and_revisions_rise
            scan_follows_the_order_of_bytes
            scan_pages_meet_without_gap_or_repetition
            scan_prefix_ends_where_bytes_do
            scan_is_bounded
            page_never_shows_half_a_transaction
            feed_tells_each_change_in_order_of_commits
            feed_begins_now_and_keeps_to_its_prefix
            list_and_feed_together_miss_nothing
            slow_reader_of_the_feed_is_told_once
            feed_ends_with_the_store
        );
    };
    (@each $open:expr; $($name:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::conformance::$name($open).await;
            }
        )+
    };
}

async fn put(store: &impl Store, key: impl Into<Vec<u8>>, value: u64) -> Revision {
    store
        .commit(Transaction::new().put(key, &value).unwrap())
        .await
        .unwrap()
}

async fn value(store: &impl Store, key: impl AsRef<[u8]>) -> Option<u64> {
    store
        .get(key.as_ref())
        .await
        .unwrap()
        .map(|record| record.json().unwrap())
}

async fn keys(store: &impl Store, prefix: &[u8]) -> Vec<Vec<u8>> {
    let page = store.scan(prefix, None, crate::MAX_SCAN).await.unwrap();
    page.into_iter().map(|(key, _)| key).collect()
}

fn conflicts_on(outcome: &Result<Revision, Error>, expected: &[u8]) -> bool {
    matches!(outcome, Err(Error::Conflict { key }) if key == expected)
}
