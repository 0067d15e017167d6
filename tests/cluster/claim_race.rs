//! A thousand people who all know the code, through the API over the network: one becomes the owner.

use std::sync::Arc;
use std::time::Duration;

use sightline_base::clock::SystemClock;
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::Synthetic;
use sightline_rpc::error::reason;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{ClaimDeviceRequest, ListDevicesRequest, LookupDeviceRequest};
use sightline_tests::{PATIENCE, Person, Sandbox};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tonic::Status;

/// One address may ask for twenty codes in a row.
const PEOPLE: usize = 10;
const CLAIMS_OF_EACH: usize = 100;
/// Pause between two looks at a device that is connecting.
const POLL: Duration = Duration::from_millis(50);

async fn claim(person: &Person, device_id: String, code: String) -> Result<(), Status> {
    let request = ClaimDeviceRequest {
        device_id,
        name: "Mine".to_owned(),
        verification_code: code,
        request_id: uuid::Uuid::new_v4().to_string(),
        administrator: None,
    };
    let request = authorized(request, &person.token).unwrap();
    let mut registry = RegistryClient::new(person.api.channel());
    registry.claim_device(request).await.map(|_| ())
}

/// Until the device can be claimed.
async fn connected(person: &Person, device_id: &str) {
    let looked_up = async {
        loop {
            let device_id = device_id.to_owned();
            let request = authorized(LookupDeviceRequest { device_id }, &person.token).unwrap();
            let mut registry = RegistryClient::new(person.api.channel());
            if registry.lookup_device(request).await.is_ok() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(PATIENCE, looked_up).await.unwrap();
}

async fn devices(person: &Person) -> usize {
    let request = authorized(ListDevicesRequest::default(), &person.token).unwrap();
    let mut registry = RegistryClient::new(person.api.channel());
    let listed = registry.list_devices(request).await.unwrap();
    listed.into_inner().devices.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_claims_over_the_network_exactly_one_stands() {
    let sandbox = Sandbox::with(SystemClock::shared(), |config| {
        config.registry.claims_per_device_h = 1_000_000;
        config.registry.claims_by_all_per_device_h = 1_000_000;
        config.registry.claims_per_account_h = 1_000_000;
    });
    let sandbox = sandbox.await.unwrap();
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(sandbox.person(&format!("racer-{n}")).await.unwrap());
    }
    let device = Arc::new(Synthetic::new().unwrap());
    let _uplink = sandbox.connect(&device).await.unwrap();
    let (id, code) = (device.cloud_id().to_string(), device.verification_code());
    connected(&people[0], &id).await;

    let start = Arc::new(Barrier::new(PEOPLE * CLAIMS_OF_EACH));
    let mut claims = JoinSet::new();
    for person in people.iter().cycle().take(PEOPLE * CLAIMS_OF_EACH) {
        let (person, start) = (person.clone(), Arc::clone(&start));
        let (id, code) = (id.clone(), code.clone());
        claims.spawn(async move {
            start.wait().await;
            claim(&person, id, code).await
        });
    }
    let answers = claims.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        let reason = reason(&refused);
        let lost = ["DEVICE_OWNED", "DEVICE_ALREADY_YOURS"].contains(&reason.as_str());
        assert!(lost, "{refused:?}");
    }
    let mut owned = 0;
    for person in &people {
        owned += devices(person).await;
    }
    assert_eq!(owned, 1);
}
