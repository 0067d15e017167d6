//! Calls to other services that may fail for a while without harm.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tonic::{Code, Status};

/// Calls that are tried at a time. Beyond, a call is not made at all.
const CALLS_MAX: usize = 1024;
/// Times that a call is tried: some ten minutes.
const TRIES_MAX: u32 = 15;
/// Before the second try; twice as long before each further one.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Makes calls beside the caller's work. Forgotten in a restart.
#[derive(Debug)]
pub(crate) struct Background(Arc<Semaphore>);

impl Default for Background {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CALLS_MAX)))
    }
}

impl Background {
    /// Makes a call until it succeeds, or cannot.
    pub(crate) fn call<F, A>(&self, what: &'static str, call: F)
    where
        F: Fn() -> A + Send + 'static,
        A: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let Ok(turn) = Arc::clone(&self.0).try_acquire_owned() else {
            tracing::warn!(what, "not done: too many calls are waiting");
            return;
        };
        tokio::spawn(async move {
            let _turn = turn;
            let mut wait = WAIT_FIRST;
            for _ in 1..TRIES_MAX {
                match call().await {
                    Ok(()) => return,
                    Err(status) if is_final(&status) => {
                        tracing::warn!(what, code = ?status.code(), "refused");
                        return;
                    }
                    Err(status) => {
                        tracing::info!(what, code = ?status.code(), "failed; tried again later");
                    }
                }
                tokio::time::sleep(wait).await;
                wait = WAIT_MAX.min(wait * 2);
            }
            if let Err(status) = call().await {
                tracing::warn!(what, code = ?status.code(), "given up");
            }
        });
    }
}

/// Whether another try would fail in the same way.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::Unimplemented | Code::PermissionDenied
    )
}
