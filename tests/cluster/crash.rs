//! The cloud is killed at random moments while shares and claims change: what was acknowledged is
//! there afterwards, what was not is there whole or not at all.

mod life;
mod model;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use sightline_loadtest::device::Synthetic;
use sightline_rpc::sharing::v1::{Permission, Terms};
use sightline_tests::PATIENCE;

use life::Life;
use model::{Claimed, Expected, Shared, State, Step};

/// Times that the cloud is killed.
const ROUNDS: usize = 200;
/// Every so many rounds the devices come too, and all people try to watch them.
const WATCHED_EVERY: usize = 10;
/// It is killed at most this long after the changes began; each change takes some milliseconds.
const KILLED_WITHIN: Duration = Duration::from_millis(40);

/// No test: the cloud that the test below kills. It does nothing when it is not asked to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cloud_process() {
    let Some((_node, (https, devices))) = life::serve_when_asked().await else {
        return;
    };
    println!("cloud {https} {devices}");
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_of_the_cloud_loses_no_acknowledged_change_and_leaves_no_half_state() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("cloud");
    let shared = Arc::new(Synthetic::new().unwrap());
    let traded = Arc::new(Synthetic::new().unwrap());
    let mut life = Life::begin(&data_dir, None).await.unwrap();
    let uplink = life.connect(&shared).await.unwrap();
    life.claim(&life.owner, &shared).await.unwrap();
    drop(uplink);
    let mut share = Expected::certain(Shared::None);
    let mut claim = Expected::certain(Claimed::Nobody);
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let _uplink = life.connect(&traded).await.unwrap();
        life.await_online(&traded).await.unwrap();
        let after = Duration::from_micros(rand::rng().random_range(0..micros(KILLED_WITHIN)));
        let (changes, claims) = tokio::join!(
            change_share(&life, &shared, share, after),
            change_owner(&life, &traded, claim, after),
        );
        acknowledged += changes.1 + claims.1;
        let ports = life.kill().await.unwrap();
        life = Life::begin(&data_dir, Some(ports)).await.unwrap();

        let found = model::share(&life, &shared).await.unwrap();
        share = changes
            .0
            .settle(found)
            .unwrap_or_else(|e| panic!("round {round}: share: {e}"));
        let found = model::claim(&life, &traded).await.unwrap();
        claim = claims
            .0
            .settle(found)
            .unwrap_or_else(|e| panic!("round {round}: claim: {e}"));
        if round % WATCHED_EVERY == 0 {
            let watched = model::watch(&life, (&shared, share.now()), (&traded, claim.now()));
            let watched = watched.await;
            watched.unwrap_or_else(|e| panic!("round {round}: watch: {e:#}"));
        }
    }
    // Else nothing was tested.
    assert!(
        acknowledged > ROUNDS,
        "only {acknowledged} changes were acknowledged"
    );
    life.kill().await.unwrap();
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}

/// Offers, accepts, edits and revokes in turn until the cloud is killed; returns what may be true
/// then, and how many changes were acknowledged.
async fn change_share(
    life: &Life,
    device: &Synthetic,
    mut expected: Expected<Shared>,
    killed_after: Duration,
) -> (Expected<Shared>, usize) {
    let id = device.cloud_id();
    let steps = steps(
        &mut expected,
        async |now: &Shared, step: &mut Step<'_, Shared>| {
            match now {
                Shared::None => {
                    step.towards(Shared::Offered { edit: 0 });
                    life.owner.offer(id, &life.guest.email, terms(0)).await?;
                }
                Shared::Offered { edit } => {
                    step.towards(Shared::Accepted { edit: *edit });
                    let share = model::live_share(life, device).await?;
                    life.guest.accept(&share.id).await?;
                }
                Shared::Accepted { edit } if edit % 3 < 2 => {
                    let edit = edit + 1;
                    step.towards(Shared::Accepted { edit });
                    let share = model::live_share(life, device).await?;
                    life.owner.edit(&share.id, terms(edit)).await?;
                }
                Shared::Accepted { .. } => {
                    step.towards(Shared::None);
                    let share = model::live_share(life, device).await?;
                    life.owner.revoke(&share.id).await?;
                }
            }
            Ok(())
        },
    );
    let acknowledged = until_killed(life, killed_after, Box::pin(steps)).await;
    (expected, acknowledged)
}

/// Owner and buyer claim and delete a device in turn.
async fn change_owner(
    life: &Life,
    device: &Synthetic,
    mut expected: Expected<Claimed>,
    killed_after: Duration,
) -> (Expected<Claimed>, usize) {
    let mut turn = 0;
    let steps = steps(
        &mut expected,
        async |now: &Claimed, step: &mut Step<'_, Claimed>| match now {
            Claimed::Nobody => {
                turn += 1;
                let (who, next) = match turn % 2 {
                    0 => (&life.owner, Claimed::Owner),
                    _ => (&life.buyer, Claimed::Buyer),
                };
                step.towards(next);
                life.claim(who, device).await
            }
            Claimed::Owner | Claimed::Buyer => {
                let who = match now {
                    Claimed::Owner => &life.owner,
                    _ => &life.buyer,
                };
                step.towards(Claimed::Nobody);
                life.delete(who, device).await
            }
        },
    );
    let acknowledged = until_killed(life, killed_after, Box::pin(steps)).await;
    (expected, acknowledged)
}

/// One step after the other until one fails; counts those that were acknowledged, and says why
/// there are no more.
async fn steps<S: State>(
    expected: &mut Expected<S>,
    mut step: impl AsyncFnMut(&S, &mut Step<'_, S>) -> anyhow::Result<()>,
) -> (usize, anyhow::Error) {
    let mut acknowledged = 0;
    loop {
        let now = expected.now().clone();
        let mut taken = expected.step();
        match step(&now, &mut taken).await {
            Ok(()) => taken.acknowledged(),
            Err(error) => return (acknowledged, error),
        }
        acknowledged += 1;
    }
}

async fn until_killed(
    life: &Life,
    killed_after: Duration,
    steps: Pin<Box<impl Future<Output = (usize, anyhow::Error)>>>,
) -> usize {
    let kill = async {
        tokio::time::sleep(killed_after).await;
        life.cut();
    };
    let steps = async {
        let (acknowledged, error) = steps.await;
        assert!(life.is_cut(), "refused before the kill: {error:#}");
        acknowledged
    };
    let ended = async { tokio::join!(kill, steps).1 };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("a killed cloud answers nothing")
}

/// Terms that tell which edit they are of.
fn terms(edit: u32) -> Terms {
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        ends_at_unix_ms: model::MARK_UNIX_MS + i64::from(edit),
        ..Terms::default()
    }
}
