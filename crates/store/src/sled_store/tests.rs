//! What is particular to this back end: the contract of all, the sync, its failure, the files.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tempfile::TempDir;

use super::*;
use crate::ChangeKind;

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn opener() -> impl AsyncFn() -> SledStore {
    let dir = directory();
    async move || SledStore::open(dir.path()).unwrap()
}

crate::conformance_tests!(opener());

fn put(key: &str, value: u64) -> Transaction {
    Transaction::new().put(key, &value).unwrap()
}

/// A disk that syncs when the test says how.
struct HeldDisk {
    begun: mpsc::Receiver<()>,
    outcomes: mpsc::Sender<io::Result<()>>,
    syncs: Arc<AtomicUsize>,
}

impl HeldDisk {
    fn open(dir: &Path) -> (Arc<SledStore>, Self) {
        let (begin, begun) = mpsc::channel();
        let (outcomes, outcome) = mpsc::channel();
        let syncs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&syncs);
        let store = SledStore::open_with(dir, |_| {
            Ok(Box::new(move || {
                counter.fetch_add(1, Ordering::Relaxed);
                begin.send(()).unwrap();
                outcome.recv().unwrap()
            }))
        });
        (
            Arc::new(store.unwrap()),
            Self {
                begun,
                outcomes,
                syncs,
            },
        )
    }
}

fn commit(
    store: &Arc<SledStore>,
    transaction: Transaction,
) -> tokio::task::JoinHandle<Result<Revision, Error>> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.commit(transaction).await })
}

/// Waits until so many transactions are in the queue.
async fn queued(store: &SledStore, count: usize) {
    while store.queue.max_capacity() - store.queue.capacity() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_what_is_not_on_the_disk() {
    let dir = directory();
    let (store, disk) = HeldDisk::open(dir.path());
    disk.outcomes.send(Ok(())).unwrap();
    let seed = put("base", 1)
        .put("changed", &1)
        .unwrap()
        .put("deleted", &1)
        .unwrap();
    let before = store.commit(seed).await.unwrap();
    disk.begun.recv().unwrap();

    let mut changes = store.changes(b"");
    let change = put("changed", 2)
        .put("added", &2)
        .unwrap()
        .delete("deleted");
    let pending = commit(&store, change);
    disk.begun.recv().unwrap();
    assert_eq!(
        store.get(b"changed").await.unwrap().unwrap().revision,
        before
    );
    assert_eq!(store.get(b"added").await.unwrap(), None);
    for limit in 1..=4 {
        let page = store.scan(b"", None, limit).await.unwrap();
        let keys: Vec<_> = page.iter().map(|(key, _)| key.as_slice()).collect();
        assert_eq!(keys, [&b"base"[..], b"changed", b"deleted"][..limit.min(3)]);
        assert!(page.iter().all(|(_, record)| record.value == b"1"));
    }
    assert!(!pending.is_finished());

    disk.outcomes.send(Ok(())).unwrap();
    let after = pending.await.unwrap().unwrap();
    assert_eq!(changes.next().await.unwrap().revision, after);
    let page = store.scan(b"", None, 3).await.unwrap();
    assert_eq!(
        page.iter()
            .map(|(key, _)| key.as_slice())
            .collect::<Vec<_>>(),
        [&b"added"[..], b"base", b"changed"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_wait_share_one_sync() {
    let dir = directory();
    let (store, disk) = HeldDisk::open(dir.path());
    let first = commit(&store, put("first", 0));
    disk.begun.recv().unwrap();
    let others: Vec<_> = (0..64)
        .map(|at| commit(&store, put(&format!("k/{at}"), at)))
        .collect();
    queued(&store, 64).await;
    disk.outcomes.send(Ok(())).unwrap();
    disk.outcomes.send(Ok(())).unwrap();
    let mut revisions = vec![first.await.unwrap().unwrap()];
    for other in others {
        revisions.push(other.await.unwrap().unwrap());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=65).collect::<Vec<_>>());
    assert_eq!(disk.syncs.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_a_batch_the_later_meets_the_earlier() {
    let dir = directory();
    let (store, disk) = HeldDisk::open(dir.path());
    let first = commit(&store, put("first", 0));
    disk.begun.recv().unwrap();
    let create = || {
        Transaction::new()
            .require_absent("name")
            .put("name", &1)
            .unwrap()
    };
    let created = commit(&store, create());
    queued(&store, 1).await;
    let refused = commit(&store, create());
    queued(&store, 2).await;
    let replaced = commit(
        &store,
        Transaction::new()
            .require_revision("name", 2)
            .delete("name"),
    );
    queued(&store, 3).await;
    let again = commit(&store, create());
    queued(&store, 4).await;
    disk.outcomes.send(Ok(())).unwrap();
    disk.outcomes.send(Ok(())).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(created.await.unwrap().unwrap(), 2);
    assert!(matches!(
        refused.await.unwrap(),
        Err(Error::Conflict { .. })
    ));
    assert_eq!(replaced.await.unwrap().unwrap(), 3);
    assert_eq!(again.await.unwrap().unwrap(), 4);
    assert_eq!(store.get(b"name").await.unwrap().unwrap().revision, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_nothing_is_written_and_all_can_be_read() {
    let dir = directory();
    let (store, disk) = HeldDisk::open(dir.path());
    disk.outcomes.send(Ok(())).unwrap();
    store.commit(put("a", 1)).await.unwrap();
    disk.begun.recv().unwrap();

    let mut changes = store.changes(b"");
    let failing = commit(&store, put("a", 2));
    disk.begun.recv().unwrap();
    let waiting = [commit(&store, put("b", 2)), commit(&store, put("c", 2))];
    queued(&store, 2).await;
    disk.outcomes
        .send(Err(io::Error::other("no space left")))
        .unwrap();
    for outcome in [failing.await.unwrap(), store.commit(put("d", 2)).await] {
        assert!(
            matches!(&outcome, Err(Error::Failed(why)) if why.contains("no space")),
            "{outcome:?}"
        );
    }
    for outcome in waiting {
        assert!(matches!(outcome.await.unwrap(), Err(Error::Failed(_))));
    }
    assert_eq!(disk.syncs.load(Ordering::Relaxed), 2);
    let page = store.scan(b"", None, 9).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].1.value, b"1");
    assert_eq!(store.get(b"a").await.unwrap().unwrap().value, b"1");

    drop(store);
    assert!(matches!(changes.next().await, Err(Error::Closed)));
    SledStore::open(dir.path())
        .unwrap()
        .commit(put("a", 3))
        .await
        .unwrap();
}

#[tokio::test]
async fn values_too_large_for_the_log_are_kept() {
    let dir = directory();
    let large = "x".repeat(crate::MAX_VALUE_BYTES - 2);
    let store = SledStore::open(dir.path()).unwrap();
    for at in 0..24 {
        let transaction = Transaction::new().put(format!("k/{at}"), &large).unwrap();
        store.commit(transaction).await.unwrap();
    }
    drop(store);
    assert_ne!(
        fs::read_dir(dir.path().join("blobs")).unwrap().count(),
        0,
        "not what is tested"
    );
    let store = SledStore::open(dir.path()).unwrap();
    for (_, record) in store.scan(b"k/", None, 24).await.unwrap() {
        assert_eq!(record.json::<String>().unwrap(), large);
    }
}

#[test]
fn a_directory_is_open_once() {
    let dir = directory();
    let store = SledStore::open(dir.path()).unwrap();
    match SledStore::open(dir.path()) {
        Err(Error::InUse(named)) => assert_eq!(named, dir.path()),
        other => panic!("{other:?}"),
    }
    drop(store);
    SledStore::open(dir.path()).unwrap();
}

#[test]
fn values_do_not_show_in_debug_output() {
    let transaction = Transaction::new().put("key", "secret").unwrap();
    let record = Record {
        revision: 7,
        value: b"secret".to_vec(),
    };
    let kind = ChangeKind::Put(b"secret".to_vec());
    let shown = format!("{transaction:?} {record:?} {kind:?}");
    assert_eq!(
        shown,
        r#"["key"] Record { revision: 7, 6 bytes } Put(6 bytes)"#
    );
}
