//! The threads on which device sessions live.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use actix::{Arbiter, ArbiterHandle, System};

/// A fixed number of arbiters, each a thread with its own single-threaded runtime. A session and
/// all its viewers stay on one of them, so that they never wait for a lock of each other.
#[derive(Debug)]
pub(crate) struct Arbiters {
    handles: Vec<ArbiterHandle>,
    next: AtomicUsize,
    system: System,
    thread: Option<JoinHandle<()>>,
}

impl Arbiters {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system refuses another thread.
    pub(crate) fn start(count: usize) -> std::io::Result<Self> {
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("actix-system".into())
            .spawn(move || {
                let runner = System::new();
                let handles: Vec<ArbiterHandle> = (0..count.max(1))
                    .map(|_| runner.block_on(async { Arbiter::new().handle() }))
                    .collect();
                let system = runner.block_on(async { System::current() });
                if ready.send((handles, system)).is_ok()
                    && let Err(error) = runner.run()
                {
                    tracing::error!(%error, "actor system stopped");
                }
            })?;
        let (handles, system) = started
            .recv()
            .map_err(|_| std::io::Error::other("the actor system did not start"))?;
        Ok(Self {
            handles,
            next: AtomicUsize::new(0),
            system,
            thread: Some(thread),
        })
    }

    /// The arbiter for the next session, in turn.
    pub(crate) fn pick(&self) -> &ArbiterHandle {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.handles[turn % self.handles.len()]
    }
}

impl Drop for Arbiters {
    fn drop(&mut self) {
        for handle in &self.handles {
            handle.stop();
        }
        self.system.stop();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}
