//! Devices as the registry answers for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sightline_domain::CloudId;
use sightline_rpc::Channel;
use sightline_rpc::channel::local;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::device_calls_server::{DeviceCalls, DeviceCallsServer};
use sightline_rpc::internal::v1::{
    VerifyClaimRequest, VerifyClaimResponse, VerifyUserRequest, VerifyUserResponse,
};
use tonic::{Request, Response, Status};

/// What each device says of each name and password; any other is refused. A device that is not
/// in the list is not connected.
#[derive(Debug, Clone, Default)]
pub(super) struct Devices(Arc<Mutex<HashMap<String, Answers>>>);

type Answers = HashMap<(String, String), VerifyUserResponse>;

impl Devices {
    pub(super) fn client(&self) -> DeviceCallsClient<Channel> {
        DeviceCallsClient::new(local(DeviceCallsServer::new(self.clone())))
    }

    pub(super) fn connect(&self, device: CloudId) {
        self.0
            .lock()
            .unwrap()
            .entry(device.to_string())
            .or_default();
    }

    pub(super) fn answers(
        &self,
        device: CloudId,
        (name, password): (&str, &str),
        answer: VerifyUserResponse,
    ) {
        self.connect(device);
        let mut devices = self.0.lock().unwrap();
        let answers = devices.get_mut(&device.to_string()).unwrap();
        answers.insert((name.to_owned(), password.to_owned()), answer);
    }
}

#[tonic::async_trait]
impl DeviceCalls for Devices {
    async fn verify_claim(
        &self,
        _: Request<VerifyClaimRequest>,
    ) -> Result<Response<VerifyClaimResponse>, Status> {
        Err(Status::unimplemented("identity does not ask this"))
    }

    async fn verify_user(
        &self,
        request: Request<VerifyUserRequest>,
    ) -> Result<Response<VerifyUserResponse>, Status> {
        let request = request.into_inner();
        let devices = self.0.lock().unwrap();
        let answers = devices
            .get(&request.device_id)
            .ok_or_else(|| Status::unavailable("not connected"))?;
        let answer = answers.get(&(request.user_name, request.password));
        Ok(Response::new(answer.copied().unwrap_or_default()))
    }
}
