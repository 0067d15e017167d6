//! An operator takes a device out of a lost account: announced, undone, and at last done.

use std::sync::Arc;

use sightline_base::clock::{Clock as _, SetClock, SystemClock};
use sightline_loadtest::account::authorized;
use sightline_loadtest::device::Synthetic;
use sightline_rpc::internal::v1::operator_client::OperatorClient;
use sightline_rpc::internal::v1::{CancelUnbindRequest, ListAuditRequest, RequestUnbindRequest};
use sightline_rpc::registry::v1::registry_client::RegistryClient;
use sightline_rpc::registry::v1::{GetDeviceRequest, PendingUnbind};
use sightline_tests::{Person, Sandbox};
use tonic::Status;

use crate::watching::{end, frames, over_websocket};

const HOUR_S: u32 = 3600;

async fn pending(person: &Person, device_id: &str) -> Result<Option<PendingUnbind>, Status> {
    let device_id = device_id.to_owned();
    let request = authorized(GetDeviceRequest { device_id }, &person.token).unwrap();
    let mut registry = RegistryClient::new(person.api.channel());
    let device = registry.get_device(request).await?.into_inner().device;
    Ok(device.unwrap().pending_unbind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_device_leaves_its_account_when_it_was_announced_and_the_delay_is_over() {
    let clock = SetClock::at_unix_ms(SystemClock.now_unix_ms());
    let sandbox = Sandbox::with(Arc::clone(&clock) as _, |_| ())
        .await
        .unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let (device, _uplink) = sandbox
        .device(Synthetic::new().unwrap(), &owner)
        .await
        .unwrap();
    let id = device.cloud_id();
    let mut stream = over_websocket(&sandbox, &owner, id).await.unwrap();
    frames(&mut stream, 1).await.unwrap();
    let mut operator = OperatorClient::new(sandbox.operator().await.unwrap());
    let request = RequestUnbindRequest {
        device_id: id.to_string(),
        reason: "the bill was seen".to_owned(),
        operator: "Anna".to_owned(),
        delay_s: HOUR_S,
    };

    operator.request_unbind(request.clone()).await.unwrap();
    let told = pending(&owner, &id.to_string()).await.unwrap().unwrap();
    assert_eq!(told.reason, "the bill was seen");
    let cancel = CancelUnbindRequest {
        device_id: id.to_string(),
        operator: "Anna".to_owned(),
    };
    operator.cancel_unbind(cancel).await.unwrap();
    assert_eq!(pending(&owner, &id.to_string()).await.unwrap(), None);

    operator.request_unbind(request).await.unwrap();
    clock.advance_ms(i64::from(HOUR_S) * 1000 - 1000);
    frames(&mut stream, 25).await.unwrap();
    clock.advance_ms(1000);
    assert_eq!(end(&mut stream).await.unwrap(), "ACCESS_ENDED");
    let audit = operator
        .list_audit(ListAuditRequest { limit: 0 })
        .await
        .unwrap();
    let entries = audit.into_inner().entries;
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    let newest_first = [
        "unbound",
        "unbind requested",
        "unbind cancelled",
        "unbind requested",
    ];
    assert_eq!(actions, newest_first);
    assert!(entries.iter().all(|entry| entry.operator == "Anna"));

    let buyer = sandbox.person("buyer").await.unwrap();
    let code = device.verification_code();
    let claimed = buyer.api.claim(&buyer.token, &id.to_string(), &code).await;
    claimed.unwrap();
}
