//! Whether somebody is a user of the device itself.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sightline_rpc::device::v1::VerifyUserResponse;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::Status;
use zeroize::Zeroizing;

use super::attempts::{Attempts, PASSWORDS, Verdict};
use crate::data_dir;
use crate::users::{Role, Users};

/// Passwords that are compared at once, 19 MiB and a core each: a small device must go on serving
/// pictures.
const AT_ONCE_MAX: usize = 2;
/// Attempts that may wait for that, a quarter of a second for the last one on a slow core; further
/// ones are refused.
const WAITING_MAX: usize = 8;

/// The users of the device, and the wrong attempts at being one of them. These are counted for the
/// device as a whole, so that more names are not more guesses.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    data_dir: PathBuf,
    attempts: Arc<Mutex<Attempts>>,
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

impl SignIn {
    pub(super) fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            attempts: Arc::new(Mutex::new(Attempts::new(PASSWORDS))),
            places: Arc::new(Semaphore::new(AT_ONCE_MAX + WAITING_MAX)),
            cores: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        }
    }

    /// Compares name and password with those of the device's users as they are now, unless there
    /// were too many wrong ones. The answer does not tell which of the two was wrong.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when too many ask at once, INTERNAL when the users cannot be read.
    pub(super) async fn verify(
        &self,
        name: String,
        password: Zeroizing<String>,
    ) -> Result<VerifyUserResponse, Status> {
        let full =
            |_| Status::resource_exhausted("the device compares as many passwords as it can");
        let _place = self.places.try_acquire().map_err(full)?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| Status::unavailable("the device stops"))?;
        let sign_in = self.clone();
        // All of it belongs to the thread, which goes on when the caller no longer waits.
        let compared = tokio::task::spawn_blocking(move || {
            let _core = core;
            sign_in.compare(&name, &password)
        });
        let compared = compared
            .await
            .map_err(|_| Status::internal("the password could not be compared"))?;
        compared.map_err(|error| {
            tracing::error!(%error, "users of the device");
            Status::internal("the device cannot read its users")
        })
    }

    fn compare(&self, name: &str, password: &str) -> Result<VerifyUserResponse, data_dir::Error> {
        let users = Users::read(&self.data_dir)?;
        let attempts = || self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        if attempts().begin(began).is_err() {
            return Ok(response(attempts().refusal(began), None));
        }
        let role = users.verify(name, password);
        let mut attempts = attempts();
        let verdict = attempts.end(began, role.is_some());
        if role.is_none() {
            // Without the name: people type passwords into the wrong field.
            tracing::warn!("wrong user or password");
        }
        Ok(response(verdict, role))
    }
}

fn response(verdict: Verdict, role: Option<Role>) -> VerifyUserResponse {
    VerifyUserResponse {
        accepted: verdict.accepted,
        administrator: role == Some(Role::Administrator),
        retry_after_s: verdict.retry_after_s,
    }
}
