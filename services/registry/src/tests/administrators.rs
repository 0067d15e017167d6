//! Claiming as an administrator of the device, and questions to devices for other services.

use sightline_rpc::internal::v1::{VerifyClaimRequest, VerifyUserRequest, VerifyUserResponse};

use super::*;

pub(super) fn as_user(device: CloudId, user_name: &str, password: &str) -> ClaimDeviceRequest {
    ClaimDeviceRequest {
        device_id: device.to_string(),
        name: "Home".into(),
        verification_code: String::new(),
        request_id: uuid::Uuid::new_v4().to_string(),
        administrator: Some(DeviceAdministrator {
            user_name: user_name.into(),
            password: password.into(),
        }),
    }
}

impl Cloud {
    async fn verify_user(&self, device: CloudId) -> Result<VerifyUserResponse, Status> {
        let request = VerifyUserRequest {
            device_id: device.to_string(),
            user_name: ORDINARY_USER.into(),
            password: PASSWORD.into(),
        };
        let answer = self.device_calls().verify_user(request).await?;
        Ok(answer.into_inner())
    }
}

#[tokio::test]
async fn an_administrator_of_the_device_becomes_its_owner_without_the_code() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let claim = as_user(cloud_id(1), ADMINISTRATOR, PASSWORD);
    assert_eq!(ann.send_claim(claim).await.unwrap().name, "Home");
    let claim = as_user(cloud_id(1), ADMINISTRATOR, PASSWORD);
    assert_eq!(why(cloud.person(2).send_claim(claim).await), "DEVICE_OWNED");
}

#[tokio::test]
async fn an_ordinary_user_of_the_device_is_told_so_and_it_costs_an_attempt() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    for _ in 0..2 {
        let claim = as_user(cloud_id(1), ORDINARY_USER, PASSWORD);
        assert_eq!(why(ann.send_claim(claim).await), "NOT_ADMINISTRATOR");
        let claim = as_user(cloud_id(1), ADMINISTRATOR, "guess");
        assert_eq!(why(ann.send_claim(claim).await), "WRONG_DEVICE_PASSWORD");
    }
    let claim = as_user(cloud_id(1), ORDINARY_USER, PASSWORD);
    assert_eq!(why(ann.send_claim(claim).await), "NOT_ADMINISTRATOR");
    let claim = as_user(cloud_id(1), ADMINISTRATOR, PASSWORD);
    assert_eq!(why(ann.send_claim(claim).await), "TOO_MANY_ATTEMPTS");
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_claim_has_exactly_one_proof_that_can_be_one() {
    let cloud = Cloud::start().await;
    let ann = cloud.person(1);
    cloud.connect(cloud_id(1)).await;
    let mut both = as_user(cloud_id(1), ADMINISTRATOR, PASSWORD);
    both.verification_code = CODE.into();
    assert_eq!(why(ann.send_claim(both).await), "TWO_PROOFS");
    let mut neither = as_user(cloud_id(1), "", "");
    neither.administrator = None;
    assert_eq!(
        why(ann.send_claim(neither).await),
        "WRONG_VERIFICATION_CODE"
    );
    for (user_name, password) in [("", PASSWORD), (ADMINISTRATOR, ""), (&"u".repeat(65), "p")] {
        let claim = as_user(cloud_id(1), user_name, password);
        assert_eq!(why(ann.send_claim(claim).await), "WRONG_DEVICE_PASSWORD");
    }
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_about_a_user_carries_the_epoch_of_the_ownership() {
    let cloud = Cloud::start().await;
    cloud.connect(cloud_id(1)).await;
    assert_eq!(
        cloud
            .verify_user(cloud_id(1))
            .await
            .unwrap()
            .ownership_epoch,
        0
    );
    cloud.owned(cloud_id(1), &cloud.person(1), "Home").await;
    let answer = cloud.verify_user(cloud_id(1)).await.unwrap();
    let expected = VerifyUserResponse {
        accepted: true,
        ownership_epoch: 1,
        ..VerifyUserResponse::default()
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn questions_reach_the_edge_of_the_device_and_no_other() {
    let cloud = Cloud::start().await;
    let elsewhere = EdgeInfo {
        id: "edge-2".parse().unwrap(),
        address: None,
    };
    let elsewhere = cloud.coordinator.join(elsewhere).await.unwrap();
    cloud.connect(cloud_id(1)).await;
    cloud
        .coordinator
        .claim(cloud_id(2), elsewhere.edge())
        .await
        .unwrap();
    let question = |device: CloudId| VerifyClaimRequest {
        device_id: device.to_string(),
        verification_code: CODE.into(),
    };
    let mut calls = cloud.device_calls();
    let answer = calls.verify_claim(question(cloud_id(1))).await.unwrap();
    assert!(answer.into_inner().accepted);
    for device in [cloud_id(2), cloud_id(3)] {
        let refused = calls.verify_claim(question(device)).await;
        assert_eq!(why(refused), "DEVICE_OFFLINE");
        assert_eq!(why(cloud.verify_user(device).await), "DEVICE_OFFLINE");
    }
    assert_eq!(cloud.edge.asked.load(Ordering::SeqCst), 1);
}
