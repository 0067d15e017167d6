//! Sessions that have ended before their access tokens did.
//!
//! An access token proves by itself who calls, so the end of its session has to be told to all
//! who check tokens. What is remembered of a session is dropped when its last token has expired.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use tokio::sync::broadcast;

/// Endings that a listener may be behind before it has to look at everything.
const BEHIND_MAX: usize = 1024;
/// Endings between two searches for those that can be forgotten.
const SWEEP_EVERY: usize = 1024;

/// The sessions that have ended. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct EndedSessions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By session, when its last access token expires.
    ended: RwLock<HashMap<String, i64>>,
    told: broadcast::Sender<String>,
}

impl Default for EndedSessions {
    fn default() -> Self {
        Self(Arc::new(Inner {
            ended: RwLock::default(),
            told: broadcast::Sender::new(BEHIND_MAX),
        }))
    }
}

impl EndedSessions {
    /// Ends a session: from now on its tokens are refused, and listeners are told.
    pub fn end(&self, session: &str, last_token_expires_at_unix_ms: i64, now_unix_ms: i64) {
        let mut ended = self.0.ended.write().unwrap_or_else(|e| e.into_inner());
        ended.insert(session.to_owned(), last_token_expires_at_unix_ms);
        if ended.len().is_multiple_of(SWEEP_EVERY) {
            ended.retain(|_, expires| *expires > now_unix_ms);
        }
        drop(ended);
        // Nobody listens where no streams are open.
        let _ = self.0.told.send(session.to_owned());
    }

    /// Whether a session has ended.
    #[must_use]
    pub fn contains(&self, session: &str) -> bool {
        let ended = self.0.ended.read().unwrap_or_else(|e| e.into_inner());
        ended.contains_key(session)
    }

    /// The sessions that end from now on. A listener that is too far behind is told so once
    /// (`Lagged`), and then has to ask [`EndedSessions::contains`] for all that it holds.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<String> {
        self.0.told.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_ended_is_known_to_all_clones_and_told_to_listeners() {
        let sessions = EndedSessions::default();
        let (mut listener, clone) = (sessions.listen(), sessions.clone());
        clone.end("one", 1_000, 0);
        assert!(sessions.contains("one"));
        assert!(!sessions.contains("two"));
        assert_eq!(listener.try_recv().as_deref(), Ok("one"));
    }

    #[test]
    fn sessions_whose_tokens_have_expired_are_forgotten() {
        let sessions = EndedSessions::default();
        for n in 0..SWEEP_EVERY - 1 {
            sessions.end(&n.to_string(), 1_000, 0);
        }
        sessions.end("new", 3_000, 2_000);
        assert!(!sessions.contains("0"));
        assert!(sessions.contains("new"));
    }
}
