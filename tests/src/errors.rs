//! The log of a test. An ERROR line in it fails the test: the program says itself that something
//! is wrong.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{self, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::PATIENCE;

/// All lines of this process; every test runs in a process of its own.
static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());
/// What is logged when nothing else is asked for: also why a device is refused.
const FILTER: &str = "info,sightline_edge::uplink=debug";

/// Fails the test at its end when an ERROR was logged.
#[derive(Debug)]
pub struct Watch(());

impl Watch {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        let log = tracing_subscriber::fmt::layer().with_test_writer();
        let filter = tracing_subscriber::EnvFilter::try_from_default_env()
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(FILTER));
        // A second sandbox of one test finds it set up.
        let _ = tracing_subscriber::registry()
            .with(filter)
            .with(Collect)
            .with(log)
            .try_init();
        Self(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut lines = std::mem::take(&mut *lines());
        lines.retain(|(level, _)| *level == Level::ERROR);
        if !std::thread::panicking() {
            assert!(lines.is_empty(), "ERROR in the log: {lines:#?}");
        }
    }
}

/// Waits until a line with these words has been logged.
///
/// # Errors
/// When there is none.
pub async fn logged(words: &str) -> anyhow::Result<()> {
    let wait = async {
        while !lines().iter().any(|(_, line)| line.contains(words)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .with_context(|| format!("nobody logged {words:?}"))
}

fn lines() -> MutexGuard<'static, Vec<(Level, String)>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Collect;

impl<S: Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        lines().push((*event.metadata().level(), line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}
