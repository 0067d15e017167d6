//! The edge hears nothing of grants: nobody is let in, what is open goes on for the grace and no
//! longer, and all is well again when it hears of them again.

use std::time::{Duration, Instant};

use sightline::node::Links;
use sightline_base::clock::SystemClock;
use sightline_domain::CloudId;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::{grpc, websocket};
use sightline_tests::line::Line;
use sightline_tests::{PATIENCE, Person, Sandbox};
use tonic::{Code, Status};

use super::{always, refusal};
use crate::watching::{again, end, frames, next, over_grpc, over_websocket};

/// Without news of grants for this long, nothing opens.
const STALE_AFTER: Duration = Duration::from_secs(3);
/// Grants are heard of at least this often, so this much of the silence may have passed when the
/// line is cut.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// For what happens on a busy machine.
const SLACK: Duration = Duration::from_secs(1);
/// Five seconds of them.
const PICTURES: usize = 125;
/// What is open goes on for this much longer.
const GRACE: Duration = Duration::from_secs(4);

/// A cloud in which owner and guest watch over both protocols.
struct Watched {
    sandbox: Sandbox,
    owner: Person,
    guest: Person,
    device: CloudId,
    share: String,
    browsers: [websocket::Viewer; 2],
    programs: [grpc::Viewer; 2],
    _uplink: sightline_tests::Connected,
}

impl Watched {
    async fn begin(links: Links, grace: Duration) -> Self {
        let grace = |config: &mut sightline::Config| {
            config.edge.authz_grace_ms = grace.as_millis().try_into().unwrap();
        };
        let sandbox = Sandbox::linked(SystemClock::shared(), links, grace)
            .await
            .unwrap();
        let owner = sandbox.person("owner").await.unwrap();
        let guest = sandbox.person("guest").await.unwrap();
        let (device, uplink) = sandbox
            .device(Synthetic::new().unwrap(), &owner)
            .await
            .unwrap();
        let id = device.cloud_id();
        let share = sandbox.share(&owner, id, &guest, always()).await.unwrap();
        let mut browsers = [
            over_websocket(&sandbox, &owner, id).await.unwrap(),
            over_websocket(&sandbox, &guest, id).await.unwrap(),
        ];
        let mut programs = [
            over_grpc(&sandbox, &owner, id).await.unwrap(),
            over_grpc(&sandbox, &guest, id).await.unwrap(),
        ];
        for browser in &mut browsers {
            frames(browser, 1).await.unwrap();
        }
        for program in &mut programs {
            next(program).await.unwrap();
        }
        Self {
            sandbox,
            owner,
            guest,
            device: id,
            share,
            browsers,
            programs,
            _uplink: uplink,
        }
    }

    /// Waits until all streams have ended unconfirmed, while the owner tries to open others. How
    /// long each stream went on, and all tries: when they began, and whether they were let in.
    async fn ends(&mut self, cut: Instant) -> (Vec<Duration>, Vec<(Duration, bool)>) {
        let ends = async {
            let [one, two] = &mut self.browsers;
            let [three, four] = &mut self.programs;
            let ended = |reason: anyhow::Result<String>| {
                assert_eq!(reason.unwrap(), "UNCONFIRMED");
                cut.elapsed()
            };
            let (one, two, three, four) = tokio::join!(
                async { ended(end(one).await) },
                async { ended(end(two).await) },
                async { ended(end(three).await) },
                async { ended(end(four).await) },
            );
            vec![one, two, three, four]
        };
        let mut tries = Vec::new();
        let opens = async {
            loop {
                let began = cut.elapsed();
                let opened = over_grpc(&self.sandbox, &self.owner, self.device).await;
                if let Err(refused) = &opened {
                    let status = refused.downcast_ref::<Status>().unwrap();
                    assert_eq!(status.code(), Code::Unavailable);
                }
                tries.push((began, opened.is_ok()));
                // As a page does that tries again.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let ended = tokio::select! {
            ended = tokio::time::timeout(PATIENCE, ends) => ended,
            never = opens => never,
        };
        (ended.expect("the streams go on"), tries)
    }
}

/// The line is cut while streams are open, then mended.
async fn silence_ends_what_is_open_after(grace: Duration, line: &Line, links: Links) -> Watched {
    let mut watched = Watched::begin(links, grace).await;
    let cut = Instant::now();
    line.cut();
    let (ended, tries) = watched.ends(cut).await;
    for lasted in ended {
        assert!(lasted > STALE_AFTER + grace - HEARTBEAT, "{lasted:?}");
        assert!(lasted < STALE_AFTER + grace + SLACK, "{lasted:?}");
    }
    for (began, let_in) in tries {
        assert!(!let_in || began < STALE_AFTER + SLACK / 5, "{began:?}");
        assert!(let_in || began > STALE_AFTER - HEARTBEAT, "{began:?}");
    }
    let refused = refusal(&watched.sandbox, &watched.owner, watched.device).await;
    assert_eq!(refused.code(), Code::Unavailable);
    let mut browser = over_websocket(&watched.sandbox, &watched.owner, watched.device)
        .await
        .unwrap();
    assert_eq!(end(&mut browser).await.unwrap(), "UNAVAILABLE");
    watched
}

/// After the line is mended. Without grace, a stream that is not confirmed would end before this.
async fn watches_again(watched: &Watched, person: &Person) {
    let mut stream = again(|| over_grpc(&watched.sandbox, person, watched.device))
        .await
        .unwrap();
    super::pictures(&mut stream, PICTURES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_of_sharing_ends_open_streams_after_the_grace_and_opens_none() {
    let line = Line::default();
    let links = Links {
        grants: Some(line.wrap()),
        ..Links::default()
    };
    let watched = silence_ends_what_is_open_after(GRACE, &line, links).await;
    // What has changed in the silence holds when it is over.
    watched.owner.revoke(&watched.share).await.unwrap();
    line.mend();
    watches_again(&watched, &watched.owner).await;
    let refused = refusal(&watched.sandbox, &watched.guest, watched.device).await;
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_of_the_registry_ends_open_streams_after_the_grace_and_opens_none() {
    let line = Line::default();
    let links = Links {
        owners: Some(line.wrap()),
        ..Links::default()
    };
    let watched = silence_ends_what_is_open_after(GRACE, &line, links).await;
    line.mend();
    watches_again(&watched, &watched.owner).await;
    watches_again(&watched, &watched.guest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_grace_streams_end_as_soon_as_grants_are_stale() {
    let line = Line::default();
    let links = Links {
        grants: Some(line.wrap()),
        ..Links::default()
    };
    let watched = silence_ends_what_is_open_after(Duration::ZERO, &line, links).await;
    line.mend();
    watches_again(&watched, &watched.guest).await;
}
