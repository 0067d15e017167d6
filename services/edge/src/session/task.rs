//! What runs beside the session's actor, on the same arbiter, and ends with it.

use std::future::Future;

use actix::Addr;
use tokio_util::task::AbortOnDropHandle;

use super::Session;
use super::links::LinkDown;

/// A running task; ends when it is dropped.
///
/// An actor polls all of its own futures whenever one of them wakes. Streams wake for each frame, so
/// they have tasks, and so has what waits beside them.
#[derive(Debug)]
pub(super) struct Task {
    _running: AbortOnDropHandle<()>,
}

impl Task {
    /// Starts it on the arbiter of the caller. A session does not outlive a panic of its task.
    pub(super) fn start(session: Addr<Session>, task: impl Future<Output = ()> + 'static) -> Self {
        let guarded = async move {
            let _guard = EndsOnPanic(session);
            task.await;
        };
        Self {
            _running: AbortOnDropHandle::new(actix::spawn(guarded)),
        }
    }
}

struct EndsOnPanic(Addr<Session>);

impl Drop for EndsOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.do_send(LinkDown("a task of the session panicked"));
        }
    }
}
