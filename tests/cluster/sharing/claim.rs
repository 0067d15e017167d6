//! An administrator of a real agent claims it without the verification code.

use sightline_domain::CloudId;
use sightline_loadtest::account::authorized;
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{ClaimDeviceRequest, DeviceAdministrator, ListDevicesRequest};
use sightline_tests::{Person, Sandbox};
use tonic::Status;

use super::pictures;
use crate::watching::{again, over_grpc};

async fn claim(
    person: &Person,
    device: CloudId,
    (user_name, password): (&str, &str),
) -> Result<(), Status> {
    let request = ClaimDeviceRequest {
        device_id: device.to_string(),
        name: "Mine".to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        administrator: Some(DeviceAdministrator {
            user_name: user_name.to_owned(),
            password: password.to_owned(),
        }),
        ..ClaimDeviceRequest::default()
    };
    let mut registry = RegistryClient::new(person.api.channel());
    let request = authorized(request, &person.token).unwrap();
    registry.claim_device(request).await.map(drop)
}

/// Why somebody is refused.
async fn refusal(person: &Person, device: CloudId, user: (&str, &str)) -> String {
    let refused = claim(person, device, user).await.unwrap_err();
    sightline_rpc::error::reason(&refused)
}

/// Another user of the device with the password of the first one, who may only watch.
fn add_viewer(data_dir: &std::path::Path, name: &str) {
    let file = data_dir.join("users.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut users: serde_json::Value = text.parse().unwrap();
    let mut viewer = users["users"][0].clone();
    viewer["name"] = name.into();
    viewer["role"] = "viewer".into();
    users["users"].as_array_mut().unwrap().push(viewer);
    std::fs::write(&file, users.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrator_of_an_agent_claims_it_and_nobody_else_does() {
    let sandbox = Sandbox::start().await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let other = sandbox.person("other").await.unwrap();
    let agent = sandbox.unclaimed_agent(|config| config.demo = true).await;
    let agent = agent.unwrap();
    let id = agent.cloud_id();
    let (name, password) = agent.demo_administrator().expect("an administrator");
    let password = password.reveal();
    add_viewer(&sandbox.directory().join("agent"), "guard");

    // The agent knows of its connection a little before all of the cloud does.
    let wrong = again(async || {
        let why = refusal(&owner, id, (name, "not-the-password-1")).await;
        anyhow::ensure!(why != "DEVICE_OFFLINE");
        Ok(why)
    });
    assert_eq!(wrong.await.unwrap(), "WRONG_DEVICE_PASSWORD");
    let unknown = refusal(&owner, id, ("nobody", password)).await;
    assert_eq!(unknown, "WRONG_DEVICE_PASSWORD");
    let viewer = refusal(&owner, id, ("guard", password)).await;
    assert_eq!(viewer, "NOT_ADMINISTRATOR");
    // After all that it is still nobody's.
    let request = authorized(ListDevicesRequest::default(), &owner.token).unwrap();
    let mut registry = RegistryClient::new(owner.api.channel());
    let listed = registry.list_devices(request).await.unwrap().into_inner();
    assert_eq!(listed.total, 0);

    claim(&owner, id, (name, password)).await.unwrap();
    let mut stream = again(|| over_grpc(&sandbox, &owner, id)).await.unwrap();
    pictures(&mut stream, 5).await;
    assert_eq!(refusal(&other, id, (name, password)).await, "DEVICE_OWNED");
    let again = refusal(&owner, id, (name, password)).await;
    assert_eq!(again, "DEVICE_ALREADY_YOURS");
}
