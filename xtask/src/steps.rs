//! Work in named steps, with a table of results and times at the end.

use std::time::{Duration, Instant};

struct Done {
    name: &'static str,
    result: &'static str,
    took: Duration,
}

/// The steps of one command. Stops at the first that fails.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

impl Steps {
    /// Runs a step; after a failure the table is printed and the reason goes up.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        println!("\n==> {name}");
        let started = Instant::now();
        let outcome = step();
        self.done.push(Done {
            name,
            result: if outcome.is_ok() { "ok" } else { "FAILED" },
            took: started.elapsed(),
        });
        if outcome.is_err() {
            self.print();
        }
        outcome.map_err(|error| error.context(name))
    }

    /// Notes a step that is left out, with the reason.
    pub(crate) fn skip(&mut self, name: &'static str, reason: &str) {
        println!("\n==> {name}: skipped, {reason}");
        self.done.push(Done {
            name,
            result: "skipped",
            took: Duration::ZERO,
        });
    }

    /// Prints the table of all steps so far.
    pub(crate) fn print(&self) {
        println!("\n{:<24} {:>8} {:>9}", "step", "result", "seconds");
        for step in &self.done {
            println!(
                "{:<24} {:>8} {:>9.1}",
                step.name,
                step.result,
                step.took.as_secs_f64()
            );
        }
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        println!("{:<24} {:>8} {:>9.1}", "total", "", total.as_secs_f64());
    }
}
