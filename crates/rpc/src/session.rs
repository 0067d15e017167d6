//! How long a stream may go on: until its sign-in ends.

use std::sync::Arc;
use std::time::Duration;

use sightline_base::clock::Clock;
use tokio::sync::broadcast::Receiver;

use crate::auth::{Caller, Unauthenticated};
use crate::token::{Invalid, Verifier};

/// The sign-in behind an open stream.
#[derive(Debug)]
pub struct Session {
    caller: Caller,
    verifier: Verifier,
    clock: Arc<dyn Clock>,
    ended: Receiver<String>,
}

impl Session {
    /// Listens to the ends of sessions from now on.
    #[must_use]
    pub fn new(caller: Caller, verifier: Verifier, clock: Arc<dyn Clock>) -> Self {
        // Whoever opens a stream checks before each message, so an end that came before this
        // listener is not missed.
        let ended = verifier.ended_sessions().listen();
        Self {
            caller,
            verifier,
            clock,
            ended,
        }
    }

    /// Who opened the stream.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// How long the token still holds.
    ///
    /// # Errors
    /// [`Unauthenticated`] when it has expired, or the session has ended.
    pub fn check(&self) -> Result<Duration, Unauthenticated> {
        if self
            .verifier
            .ended_sessions()
            .contains(self.caller.session())
        {
            return Err(Invalid::SessionEnded.into());
        }
        let left_ms = self.caller.expires_at_unix_ms() - self.clock.now_unix_ms();
        match u64::try_from(left_ms) {
            Ok(left_ms) if left_ms > 0 => Ok(Duration::from_millis(left_ms)),
            _ => Err(Invalid::Expired.into()),
        }
    }

    /// Waits until the session may have ended: [`Session::check`] tells whether it has. Nothing is
    /// lost when the future is dropped.
    pub async fn next_end(&mut self, left: Duration) {
        let due = tokio::time::sleep(left);
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = &mut due => return,
                ended = self.ended.recv() => match ended {
                    Ok(session) if session != self.caller.session() => {}
                    _ => return,
                },
            }
        }
    }
}
