//! Transactions: requirements, atomicity, limits, and what stays.

use std::collections::HashSet;
use std::sync::Arc;

use super::{conflicts_on, keys, put, value};
use crate::{
    Error, MAX_KEY_BYTES, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_KEYS, MAX_VALUE_BYTES, Store,
    Transaction,
};

/// What was written is read, with the revision that the writer was told; what was deleted is not.
pub async fn commit_is_seen_when_it_returns<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    assert_eq!(store.get(b"a").await.unwrap(), None);
    let first = put(&store, "a", 1).await;
    let second = put(&store, "a", 2).await;
    assert!(second > first);
    let record = store.get(b"a").await.unwrap().unwrap();
    assert_eq!(
        (record.revision, record.value.as_slice()),
        (second, &b"2"[..])
    );
    assert!(matches!(record.json::<String>(), Err(Error::Json(_))));

    let third = store
        .commit(Transaction::new().delete("a").delete("never"))
        .await
        .unwrap();
    assert!(third > second);
    assert_eq!(store.get(b"a").await.unwrap(), None);
}

/// Names are unique: of those who create a record together, one does.
pub async fn absent_is_required_of_one_winner<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let tasks: Vec<_> = (0_u64..32)
        .map(|at| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let create = Transaction::new()
                    .require_absent("name")
                    .put("name", &at)
                    .unwrap();
                (at, store.commit(create).await)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (at, Ok(_)) => winners.push(at),
            (_, outcome) => assert!(conflicts_on(&outcome, b"name"), "{outcome:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(value(&*store, "name").await, Some(winners[0]));

    store
        .commit(Transaction::new().delete("name"))
        .await
        .unwrap();
    let again = Transaction::new()
        .require_absent("name")
        .put("name", &99)
        .unwrap();
    store.commit(again).await.unwrap();
}

/// A write on top of what somebody else has changed, deleted or made again is refused.
pub async fn revision_is_required_of_the_record_that_was_read<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let read = put(&store, "a", 1).await;
    let update = |revision| {
        Transaction::new()
            .require_revision("a", revision)
            .put("a", &2)
            .unwrap()
    };
    let newer = store.commit(update(read)).await.unwrap();
    assert!(conflicts_on(&store.commit(update(read)).await, b"a"));

    store.commit(Transaction::new().delete("a")).await.unwrap();
    assert!(conflicts_on(&store.commit(update(newer)).await, b"a"));
    put(&store, "a", 3).await;
    assert!(conflicts_on(&store.commit(update(newer)).await, b"a"));
    assert_eq!(value(&store, "a").await, Some(3));
}

/// One requirement that fails keeps everything as it was; the error names it.
pub async fn refused_transaction_writes_nothing<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let before = put(&store, "kept", 1).await;
    put(&store, "taken", 1).await;
    let transaction = Transaction::new()
        .require_revision("kept", before)
        .require_absent("new")
        .require_absent("taken")
        .put("new", &2)
        .unwrap()
        .delete("kept");
    assert!(conflicts_on(
        &store.commit(transaction.clone()).await,
        b"taken"
    ));
    assert_eq!(keys(&store, b"").await, [&b"kept"[..], b"taken"]);
    assert_eq!(store.get(b"kept").await.unwrap().unwrap().revision, before);

    store
        .commit(Transaction::new().delete("taken"))
        .await
        .unwrap();
    let revision = store.commit(transaction).await.unwrap();
    assert_eq!(keys(&store, b"").await, [b"new"]);
    assert_eq!(store.get(b"new").await.unwrap().unwrap().revision, revision);
}

/// Within a transaction the order of calls decides.
pub async fn later_write_of_one_transaction_stands<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let transaction = Transaction::new()
        .put("a", &1)
        .unwrap()
        .put("a", &2)
        .unwrap()
        .put("b", &1)
        .unwrap()
        .delete("b")
        .delete("c")
        .put("c", &3)
        .unwrap();
    store.commit(transaction).await.unwrap();
    assert_eq!(value(&store, "a").await, Some(2));
    assert_eq!(value(&store, "b").await, None);
    assert_eq!(value(&store, "c").await, Some(3));
}

/// What is as large as it may be is kept; one more is refused with the limit.
pub async fn limits_are_told_and_met<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    // As JSON it has two quotation marks.
    let text = |bytes: usize| "x".repeat(bytes - 2);
    let put = |key: Vec<u8>, bytes| Transaction::new().put(key, &text(bytes)).unwrap();
    let many = |count: usize, bytes| {
        (0..count).fold(Transaction::new(), |transaction, at| {
            transaction
                .put(format!("many/{at:03}"), &text(bytes))
                .unwrap()
        })
    };
    let longest = vec![b'k'; MAX_KEY_BYTES];
    store
        .commit(put(longest.clone(), MAX_VALUE_BYTES))
        .await
        .unwrap();
    let record = store.get(&longest).await.unwrap().unwrap();
    assert_eq!(record.json::<String>().unwrap(), text(MAX_VALUE_BYTES));
    store.commit(many(MAX_TRANSACTION_KEYS, 10)).await.unwrap();

    let values = MAX_TRANSACTION_BYTES / MAX_VALUE_BYTES;
    for (transaction, expected) in [
        (put(vec![b'k'; MAX_KEY_BYTES + 1], 10), MAX_KEY_BYTES),
        (put(Vec::new(), 10), 1),
        (put(b"a".to_vec(), MAX_VALUE_BYTES + 1), MAX_VALUE_BYTES),
        (
            many(MAX_TRANSACTION_KEYS, 10).require_absent("z"),
            MAX_TRANSACTION_KEYS,
        ),
        (many(values, MAX_VALUE_BYTES), MAX_TRANSACTION_BYTES),
    ] {
        match store.commit(transaction).await {
            Err(Error::TooLarge { limit, .. }) => assert_eq!(limit, expected),
            other => panic!("{other:?}"),
        }
    }
}

/// Read, change, write if unchanged, from many tasks: no increment is lost, and no revision of the
/// record has two successors.
pub async fn of_many_writers_one_wins_each_revision<S: Store>(open: impl AsyncFn() -> S) {
    const WRITERS: u64 = 64;
    let store = Arc::new(open().await);
    put(&*store, "count", 0).await;
    let tasks: Vec<_> = (0..WRITERS)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    let read = store.get(b"count").await.unwrap().unwrap();
                    let next = read.json::<u64>().unwrap() + 1;
                    let update = Transaction::new()
                        .require_revision("count", read.revision)
                        .put("count", &next)
                        .unwrap();
                    match store.commit(update).await {
                        Ok(revision) => return (read.revision, revision),
                        outcome => assert!(conflicts_on(&outcome, b"count"), "{outcome:?}"),
                    }
                }
            })
        })
        .collect();
    let (mut read, mut written) = (HashSet::new(), HashSet::new());
    for task in tasks {
        let (from, to) = task.await.unwrap();
        assert!(to > from);
        assert!(read.insert(from), "two writers won on top of {from}");
        assert!(written.insert(to), "two writers got {to}");
    }
    assert_eq!(value(&*store, "count").await, Some(WRITERS));
}

/// Records, their revisions and the count of revisions survive, even when the newest commit has
/// left no record.
pub async fn reopening_keeps_all_and_revisions_rise<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let first = put(&store, "a", 1).await;
    put(&store, "b", 2).await;
    let mut last = store.commit(Transaction::new().delete("b")).await.unwrap();
    drop(store);
    for round in 0..3 {
        let store = open().await;
        assert_eq!(store.get(b"a").await.unwrap().unwrap().revision, first);
        assert_eq!(value(&store, "b").await, None);
        let revision = put(&store, format!("round/{round}"), round).await;
        assert!(revision > last, "{revision} after {last}");
        last = revision;
    }
    assert_eq!(keys(&open().await, b"round/").await.len(), 3);
}
