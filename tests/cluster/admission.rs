//! Who gets in, for how long, and what the others learn.

use sightline_base::clock::{Clock as _, SetClock, SystemClock};
use sightline_domain::CloudId;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::viewer::Event;
use sightline_tests::{PASSWORD, PATIENCE, Person, Sandbox};
use tonic::{Code, Status};

use crate::watching::{Bystander, end, frames, next, over_grpc, over_websocket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owner_watches_over_both_protocols_from_a_key_frame_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();

    let mut browser = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    let Event::Started { codecs, init } = next(&mut browser).await.unwrap() else {
        panic!("no beginning");
    };
    assert!(codecs.starts_with("avc1."), "{codecs}");
    assert_eq!(&init[4..8], b"ftyp");
    assert!(frames(&mut browser, 60).await.unwrap()[0].key);

    let mut program = over_grpc(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    assert!(matches!(
        next(&mut program).await.unwrap(),
        Event::Started { .. }
    ));
    let Event::Frame(first) = next(&mut program).await.unwrap() else {
        panic!("no frame")
    };
    assert!(first.key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stranger_cannot_tell_a_foreign_device_from_a_missing_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let stranger = sandbox.person("stranger").await.unwrap();
    let (device, uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let missing = CloudId::of_public_key(b"nobody's");

    let mut answers = Vec::new();
    for id in [device.cloud_id(), missing] {
        let mut browser = over_websocket(&sandbox, &stranger, id).await.unwrap();
        answers.push(format!("{:?}", next(&mut browser).await.unwrap()));
        let refused = over_grpc(&sandbox, &stranger, id).await.unwrap_err();
        let status = refused.downcast::<Status>().unwrap();
        assert_eq!(status.code(), Code::NotFound);
        answers.push(status.message().to_owned());
    }
    // And the same once the foreign device is offline.
    drop(uplink);
    let mut browser = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    while end(&mut browser).await.unwrap() != "DEVICE_OFFLINE" {
        browser = over_websocket(&sandbox, &owner, device.cloud_id())
            .await
            .unwrap();
    }
    let mut browser = over_websocket(&sandbox, &stranger, device.cloud_id())
        .await
        .unwrap();
    answers.push(format!("{:?}", next(&mut browser).await.unwrap()));
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[3]);
    assert_eq!(answers[0], answers[4]);
    assert!(answers[0].contains("NOT_FOUND"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_of_another_cloud_and_no_token_open_nothing_and_disturb_nobody() {
    let sandbox = Sandbox::start().await.unwrap();
    let elsewhere = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let foreign = elsewhere.person("owner").await.unwrap();
    let watching = watch(&sandbox, &owner, device.cloud_id()).await;
    for token in [foreign.token.as_str(), "", "not a token"] {
        let mut person = owner.clone();
        token.clone_into(&mut person.token);
        let mut browser = over_websocket(&sandbox, &person, device.cloud_id())
            .await
            .unwrap();
        assert_eq!(end(&mut browser).await.unwrap(), "SIGN_IN_REQUIRED");
        let refused = over_grpc(&sandbox, &person, device.cloud_id())
            .await
            .unwrap_err();
        assert_eq!(
            refused.downcast::<Status>().unwrap().code(),
            Code::Unauthenticated
        );
    }
    for bystander in watching {
        bystander.lost_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_token_opens_nothing_and_disturbs_nobody() {
    let clock = SetClock::at_unix_ms(SystemClock.now_unix_ms());
    let shared = std::sync::Arc::clone(&clock);
    let sandbox = Sandbox::with(shared, |_| ()).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let device = Synthetic::new().unwrap();
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let id = device.cloud_id();
    // Opened with the same token while it was good.
    let watching = watch(&sandbox, &owner, id).await;

    clock.advance_ms(16 * 60_000);
    let mut browser = over_websocket(&sandbox, &owner, id).await.unwrap();
    assert_eq!(end(&mut browser).await.unwrap(), "TOKEN_EXPIRED");
    let refused = over_grpc(&sandbox, &owner, id).await.unwrap_err();
    let status = refused.downcast::<Status>().unwrap();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(sightline_rpc::error::reason(&status), "TOKEN_EXPIRED");
    for bystander in watching {
        bystander.lost_nothing().await;
    }
}

/// Somebody who watches over each protocol.
async fn watch(sandbox: &Sandbox, person: &Person, device: CloudId) -> [Bystander; 2] {
    let browser = over_websocket(sandbox, person, device).await.unwrap();
    let program = over_grpc(sandbox, person, device).await.unwrap();
    [
        Bystander::new(browser).await.unwrap(),
        Bystander::new(program).await.unwrap(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_token_opens_nothing_and_an_open_stream_ends_with_its_sign_in() {
    let clock = SetClock::at_unix_ms(SystemClock.now_unix_ms());
    let shared = std::sync::Arc::clone(&clock);
    let sandbox = Sandbox::with(shared, |_| ()).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    let mut ending = over_websocket(&sandbox, &owner, id).await.unwrap();
    let mut renewed = over_websocket(&sandbox, &owner, id).await.unwrap();
    let mut program = over_grpc(&sandbox, &owner, id).await.unwrap();
    frames(&mut ending, 1).await.unwrap();
    frames(&mut renewed, 1).await.unwrap();

    // A token is good for 15 minutes, a sign-in that is not remembered for 12 hours.
    clock.advance_ms(12 * 3_600_000 - 1_000);
    let mut late = over_websocket(&sandbox, &owner, id).await.unwrap();
    assert_eq!(end(&mut late).await.unwrap(), "TOKEN_EXPIRED");
    frames(&mut ending, 25).await.unwrap();
    let newer = owner.api.sign_in(&owner.email, PASSWORD).await.unwrap();
    renewed.say(&newer.access_token).await.unwrap();
    frames(&mut renewed, 25).await.unwrap();

    clock.advance_ms(2_000);
    assert_eq!(end(&mut ending).await.unwrap(), "TOKEN_EXPIRED");
    assert_eq!(end(&mut program).await.unwrap(), "TOKEN_EXPIRED");
    frames(&mut renewed, 25).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_that_nobody_watches_is_no_longer_asked_of_the_device() {
    let quick = |config: &mut sightline::Config| config.edge.linger_ms = 200;
    let sandbox = Sandbox::with(SystemClock::shared(), quick).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut calls = device.live_calls();
    assert_eq!(*calls.borrow(), 0, "nobody has asked yet");

    let mut one = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    let mut two = over_grpc(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    frames(&mut one, 1).await.unwrap();
    next(&mut two).await.unwrap();
    assert_eq!(*calls.borrow(), 1, "one call for all viewers");
    drop((one, two));
    tokio::time::timeout(PATIENCE, calls.wait_for(|calls| *calls == 0))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_over_the_limit_is_refused_and_the_others_go_on() {
    let few = |config: &mut sightline::Config| config.edge.viewers_per_device_max = 2;
    let sandbox = Sandbox::with(SystemClock::shared(), few).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let mut one = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    let mut two = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    frames(&mut one, 2).await.unwrap();
    frames(&mut two, 2).await.unwrap();
    let mut three = over_websocket(&sandbox, &owner, device.cloud_id())
        .await
        .unwrap();
    assert_eq!(end(&mut three).await.unwrap(), "LIMIT");
    frames(&mut one, 25).await.unwrap();
}
