//! Scans: order, pages, prefixes, and what a page shows while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{keys, put};
use crate::{MAX_SCAN, MAX_TRANSACTION_KEYS, Store, Transaction};

async fn fill<S: Store>(store: &S, keys: &[&[u8]]) {
    for chunk in keys.chunks(MAX_TRANSACTION_KEYS) {
        let transaction = chunk.iter().fold(Transaction::new(), |transaction, key| {
            transaction.put(*key, &0).unwrap()
        });
        store.commit(transaction).await.unwrap();
    }
}

/// Unsigned bytes, a prefix before what it begins; not the order of any language.
pub async fn scan_follows_the_order_of_bytes<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let sorted: [&[u8]; 8] = [
        b"\0",
        b"\0\0",
        b"A",
        b"B",
        b"a",
        b"a\0",
        b"a/1",
        "\u{e9}".as_bytes(),
    ];
    let mut mixed = sorted;
    mixed.reverse();
    mixed.swap(1, 5);
    fill(&store, &mixed).await;
    assert_eq!(keys(&store, b"").await, sorted);
}

/// The last key of a page leads to the next, whatever is written or deleted around it.
pub async fn scan_pages_meet_without_gap_or_repetition<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let names: Vec<String> = (0..25).map(|at| format!("p/{at:02}")).collect();
    fill(
        &store,
        &names.iter().map(String::as_bytes).collect::<Vec<_>>(),
    )
    .await;
    fill(&store, &[b"o", b"p", b"q"]).await;

    let mut read = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = store.scan(b"p/", after.as_deref(), 10).await.unwrap();
        let full = page.len() == 10;
        read.extend(
            page.into_iter()
                .map(|(key, _)| String::from_utf8(key).unwrap()),
        );
        if !full {
            break;
        }
        let last = read.last().unwrap().clone();
        store
            .commit(Transaction::new().delete(last.clone()))
            .await
            .unwrap();
        after = Some(last.into_bytes());
    }
    assert_eq!(read, names);

    assert_eq!(store.scan(b"p/", Some(b"p/24"), 10).await.unwrap(), []);
    assert_eq!(store.scan(b"p/", Some(b"z"), 10).await.unwrap(), []);
    assert_eq!(
        store.scan(b"p/", Some(b"a"), 1).await.unwrap()[0].0,
        b"p/00"
    );
}

/// The end of a prefix is not its last byte plus one: there may be none.
pub async fn scan_prefix_ends_where_bytes_do<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let all: [&[u8]; 6] = [b"a", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"];
    fill(&store, &all).await;
    assert_eq!(keys(&store, b"a").await, all[..3]);
    assert_eq!(keys(&store, b"a\xff").await, all[1..3]);
    assert_eq!(keys(&store, b"\xff").await, all[4..]);
    assert_eq!(keys(&store, b"\xff\xff").await, all[5..]);
    assert_eq!(keys(&store, b"\xff\xff\xff").await.len(), 0);
    assert_eq!(
        store.scan(b"\xff", Some(b"\xff"), 9).await.unwrap()[0].0,
        b"\xff\xff"
    );
}

/// However much a caller wants.
pub async fn scan_is_bounded<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let names: Vec<String> = (0..MAX_SCAN + 1).map(|at| format!("{at:05}")).collect();
    fill(
        &store,
        &names.iter().map(String::as_bytes).collect::<Vec<_>>(),
    )
    .await;
    assert_eq!(
        store.scan(b"", None, usize::MAX).await.unwrap().len(),
        MAX_SCAN
    );
    assert_eq!(store.scan(b"", None, 0).await.unwrap(), []);
}

/// What moves between records is always in one of them.
pub async fn page_never_shows_half_a_transaction<S: Store>(open: impl AsyncFn() -> S) {
    const PLACES: u64 = 8;
    let store = Arc::new(open().await);
    put(&*store, "at/0", 0).await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        async move {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(keys(&*store, b"at/").await.len(), 1);
            }
        }
    });
    for step in 1..200 {
        let step = Transaction::new()
            .delete(format!("at/{}", (step - 1) % PLACES))
            .put(format!("at/{}", step % PLACES), &step)
            .unwrap();
        store.commit(step).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    reader.await.unwrap();
}
