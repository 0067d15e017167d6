//! An ERROR line in the log of a test fails the test: the program says itself that something is
//! wrong.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// All of this process; every test runs in a process of its own.
static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Fails the test at its end when an ERROR was logged.
#[derive(Debug)]
pub struct Watch(());

impl Watch {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        let log = tracing_subscriber::fmt::layer().with_test_writer();
        let filter = tracing_subscriber::EnvFilter::try_from_default_env()
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
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
        let errors = std::mem::take(&mut *ERRORS.lock().unwrap_or_else(PoisonError::into_inner));
        if !std::thread::panicking() {
            assert!(errors.is_empty(), "ERROR in the log: {errors:#?}");
        }
    }
}

struct Collect;

impl<S: Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            ERRORS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}
