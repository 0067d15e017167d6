//! Processes that are killed while they write. What they had acknowledged must be there.
//!
//! The tests run themselves again as the process to be killed. `SIGHTLINE_KILL_ROUNDS` sets how
//! often (20). Killing shows what left the process, not what left the disk's cache: that is the
//! matter of `disk.rs`, seen with `strace -f -e trace=fdatasync,sync_file_range`.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;
use crate::prefix;

/// Tells the process that it is the one to be killed, and where it writes.
const DIR: &str = "SIGHTLINE_KILL_DIR";
const ROUNDS: &str = "SIGHTLINE_KILL_ROUNDS";
const WRITERS: u64 = 8;
/// Records that each transaction writes.
const PARTS: usize = 3;
/// More transactions than a writer makes before it is killed.
const NUMBERS_PER_ROUND: u64 = 1 << 32;

/// Number of a transaction, and the revision that was acknowledged.
type Acknowledged = HashMap<u64, Revision>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_kill() {
    if let Some(dir) = std::env::var_os(DIR) {
        return write_until_killed(SledStore::open(Path::new(&dir)).unwrap()).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::new();
    for round in 0..rounds() {
        let newly = kill_while_writing("acknowledged_writes_survive_kill", dir.path(), round);
        acknowledged.extend(newly);
        let found = read(dir.path()).await;
        assert_eq!(
            lost(&acknowledged, &found),
            0,
            "of {} in round {round}",
            acknowledged.len()
        );
        for (number, revisions) in found {
            assert_eq!(
                revisions, [revisions[0]; PARTS],
                "half of {number} in round {round}"
            );
        }
    }
}

/// The test above would notice: without the sync, the same finds losses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledging_before_the_sync_loses_writes() {
    if let Some(dir) = std::env::var_os(DIR) {
        let unsynced = SledStore::open_with(Path::new(&dir), |_| Ok(Box::new(|| Ok(()))));
        return write_until_killed(unsynced.unwrap()).await;
    }
    for round in 0..rounds() {
        let dir = tempfile::tempdir().unwrap();
        let test = "acknowledging_before_the_sync_loses_writes";
        let acknowledged = kill_while_writing(test, dir.path(), round);
        if lost(&acknowledged, &read(dir.path()).await) > 0 {
            return;
        }
    }
    panic!("no loss was found");
}

fn rounds() -> u64 {
    std::env::var(ROUNDS).map_or(20, |text| text.parse().unwrap())
}

/// Writes transactions and prints each one's number and revision when it is acknowledged.
async fn write_until_killed(store: SledStore) {
    let store = Arc::new(store);
    let first: u64 = std::env::var("SIGHTLINE_KILL_FIRST")
        .unwrap()
        .parse()
        .unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for at in 0.. {
                    let number = first + at * WRITERS + writer;
                    let revision = store.commit(transaction(number)).await.unwrap();
                    // One write, so that a killed process leaves no half line before a whole one.
                    let line = format!("acknowledged {number} {revision}\n");
                    io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

fn transaction(number: u64) -> Transaction {
    (0..PARTS).fold(Transaction::new(), |transaction, part| {
        transaction.put(key(number, part), &number).unwrap()
    })
}

/// The parts of a transaction lie far apart.
fn key(number: u64, part: usize) -> Vec<u8> {
    crate::key!("part", part, format_args!("{number:020}"))
}

/// Runs this test as another process and kills it after some acknowledgements, a different number
/// in each round.
fn kill_while_writing(test: &str, dir: &Path, round: u64) -> Acknowledged {
    let enough = 1 + usize::try_from(round * 37 % 200).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("sled_store::kill_tests::{test}"),
            "--nocapture",
        ])
        .env(DIR, dir)
        .env(
            "SIGHTLINE_KILL_FIRST",
            (round * NUMBERS_PER_ROUND).to_string(),
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Acknowledged::new();
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        if let ["acknowledged", number, revision] = line.split(' ').collect::<Vec<_>>()[..] {
            acknowledged.insert(number.parse().unwrap(), revision.parse().unwrap());
        }
        if acknowledged.len() == enough {
            // SIGKILL. What is in the pipe still counts.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(acknowledged.len() >= enough, "it ended by itself");
    acknowledged
}

/// The transactions in the store and the revisions of their parts.
async fn read(dir: &Path) -> BTreeMap<u64, Vec<Revision>> {
    let store = SledStore::open(dir).unwrap();
    let prefix = prefix!("part");
    let mut found: BTreeMap<u64, Vec<Revision>> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store
            .scan(&prefix, after.as_deref(), MAX_SCAN)
            .await
            .unwrap();
        let Some((last, _)) = page.last() else {
            return found;
        };
        after = Some(last.clone());
        for (_, record) in &page {
            found
                .entry(record.json().unwrap())
                .or_default()
                .push(record.revision);
        }
    }
}

fn lost(acknowledged: &Acknowledged, found: &BTreeMap<u64, Vec<Revision>>) -> usize {
    let kept = |(number, revision): &(&u64, &Revision)| {
        found
            .get(*number)
            .is_some_and(|parts| *parts == [**revision; PARTS])
    };
    acknowledged.len() - acknowledged.iter().filter(kept).count()
}
