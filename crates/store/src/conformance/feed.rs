//! The change feed: order, prefix, lag, and following a set without a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{put, value};
use crate::{Change, ChangeKind, Error, FEED_CAPACITY, MAX_TRANSACTION_KEYS, Store, Transaction};

fn put_change(key: &str, revision: u64, value: u64) -> Change {
    let kind = ChangeKind::Put(value.to_string().into_bytes());
    Change {
        key: key.into(),
        revision,
        kind,
    }
}

/// Each commit once, what is refused not at all, and the record is there when its change is read.
pub async fn feed_tells_each_change_in_order_of_commits<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let mut changes = store.changes(b"");
    let first = put(&store, "a", 1).await;
    let refused = Transaction::new().require_absent("a").put("a", &9).unwrap();
    assert!(store.commit(refused).await.is_err());
    let both = Transaction::new().put("b", &2).unwrap().delete("a");
    let second = store.commit(both).await.unwrap();
    let third = put(&store, "a", 3).await;

    assert_eq!(changes.next().await.unwrap(), put_change("a", first, 1));
    let deleted = Change {
        key: b"a".to_vec(),
        revision: second,
        kind: ChangeKind::Deleted,
    };
    let mut pair = [changes.next().await.unwrap(), changes.next().await.unwrap()];
    pair.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(pair, [deleted, put_change("b", second, 2)]);
    assert_eq!(changes.next().await.unwrap(), put_change("a", third, 3));
    assert_eq!(value(&store, "a").await, Some(3));
}

/// Neither the past nor the neighbours.
pub async fn feed_begins_now_and_keeps_to_its_prefix<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    put(&store, "a/1", 1).await;
    let mut changes = store.changes(b"a/");
    let mut other = store.changes(b"a\xff");
    for key in ["a", "a0", "b/1"] {
        put(&store, key, 0).await;
    }
    let revision = put(&store, "a/2", 2).await;
    let last = store
        .commit(Transaction::new().put(b"a\xff\xff", &3).unwrap())
        .await
        .unwrap();
    assert_eq!(
        changes.next().await.unwrap(),
        put_change("a/2", revision, 2)
    );
    assert_eq!(other.next().await.unwrap().revision, last);
}

/// Feed first, list then, changes with a higher revision applied: the same set in the end.
pub async fn list_and_feed_together_miss_nothing<S: Store>(open: impl AsyncFn() -> S) {
    const COMMITS: u64 = 100;
    let store = Arc::new(open().await);
    let writers: Vec<_> = (0..4_u64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for at in 0..COMMITS {
                    put(&*store, format!("set/{}", at % 7), writer * COMMITS + at).await;
                    let delete = format!("set/{}", (at + writer) % 5);
                    store
                        .commit(Transaction::new().delete(delete))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();

    put(&*store, "set/0", 0).await;
    let mut changes = store.changes(b"");
    let mut seen = BTreeMap::new();
    let mut newest = BTreeMap::new();
    for (key, record) in store.scan(b"set/", None, 100).await.unwrap() {
        newest.insert(key.clone(), record.revision);
        seen.insert(key, record.value);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let end = put(&*store, "end", 0).await;
    loop {
        let Change {
            key,
            revision,
            kind,
        } = changes.next().await.unwrap();
        if revision == end {
            break;
        }
        if newest.get(&key).is_some_and(|known| revision <= *known) {
            continue;
        }
        match kind {
            ChangeKind::Put(value) => seen.insert(key, value),
            ChangeKind::Deleted => seen.remove(&key),
        };
    }
    let listed = store.scan(b"set/", None, 100).await.unwrap();
    let listed: BTreeMap<_, _> = listed
        .into_iter()
        .map(|(key, record)| (key, record.value))
        .collect();
    assert_eq!(seen, listed);
}

/// It holds up no writer, and after the error it reads what comes then.
pub async fn slow_reader_of_the_feed_is_told_once<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let mut changes = store.changes(b"k/");
    for _ in 0..=FEED_CAPACITY / MAX_TRANSACTION_KEYS {
        let many = (0..MAX_TRANSACTION_KEYS).fold(Transaction::new(), |transaction, at| {
            transaction.put(format!("k/{at}"), &0).unwrap()
        });
        store.commit(many).await.unwrap();
    }
    let error = changes.next().await.unwrap_err();
    assert!(matches!(error, Error::Lagged) && error.retryable());
    let revision = put(&store, "k/0", 1).await;
    assert_eq!(
        changes.next().await.unwrap(),
        put_change("k/0", revision, 1)
    );
}

/// What was committed is told, and then that there is no more.
pub async fn feed_ends_with_the_store<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let mut changes = store.changes(b"");
    let revision = put(&store, "a", 1).await;
    drop(store);
    assert_eq!(changes.next().await.unwrap(), put_change("a", revision, 1));
    assert!(matches!(changes.next().await, Err(Error::Closed)));
}
