//! What is printed: a JSON line for programs, a line of a table for people.

use std::io::Write as _;

use anyhow::Context as _;
use serde::Serialize;

use super::Path;
use super::load::Measured;
use crate::figures::{percentile, rounded};
use crate::helper::say;

/// One measurement.
#[derive(Debug, PartialEq, Serialize)]
struct Line {
    bench: &'static str,
    path: Path,
    tls: bool,
    viewers: usize,
    /// Processor seconds of the server for each 10^9 bytes that viewers got.
    cpu_s_per_gb: f64,
    /// To the floor with as many viewers and the same TLS, measured just before.
    floor_ratio: f64,
    /// KiB.
    rss_kb_per_viewer: f64,
    first_key_ms_p50: Option<f64>,
    first_key_ms_max: Option<f64>,
    slowest_rate_ratio: f64,
    lost: u64,
}

/// Prints measurements, each with its ratio to the newest floor.
#[derive(Debug, Default)]
pub(super) struct Report {
    floor_cpu_s_per_gb: Option<f64>,
}

impl Report {
    pub(super) fn add(
        &mut self,
        path: Path,
        tls: bool,
        viewers: usize,
        of: &Measured,
    ) -> anyhow::Result<()> {
        if path == Path::Floor {
            self.floor_cpu_s_per_gb = Some(of.cpu_s_per_gb());
        }
        let floor = self.floor_cpu_s_per_gb.context("measure the floor first")?;
        let line = line(path, tls, viewers, of, floor);
        say(&line)?;
        tell(&line, of)
    }
}

fn line(path: Path, tls: bool, viewers: usize, of: &Measured, floor: f64) -> Line {
    let first_key_ms = |percent| percentile(&of.first_key_ms, percent).map(|ms| rounded(ms, 2));
    Line {
        bench: "fanout",
        path,
        tls,
        viewers,
        cpu_s_per_gb: rounded(of.cpu_s_per_gb(), 3),
        floor_ratio: rounded(of.cpu_s_per_gb() / floor, 2),
        rss_kb_per_viewer: rounded(of.rss_kib_per_viewer, 1),
        first_key_ms_p50: first_key_ms(50),
        first_key_ms_max: first_key_ms(100),
        slowest_rate_ratio: rounded(of.slowest_rate_ratio, 3),
        lost: of.lost,
    }
}

/// For people, with what tells how far to believe it: what the viewers themselves cost, and how
/// late the machine woke a process that had nothing else to do.
fn tell(line: &Line, of: &Measured) -> anyhow::Result<()> {
    let ms = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
    writeln!(
        std::io::stderr(),
        "{:>5} {:5} {:>4} viewers: {:.3} CPU-s/GB, {:.2}x floor, {:>6.1} KiB/viewer, first key \
         {} / {} ms, slowest {:.3}, lost {} (viewers' own {:.2} CPU-s/GB; machine late by up to \
         {:.0} ms)",
        format!("{:?}", line.path).to_lowercase(),
        if line.tls { "TLS" } else { "plain" },
        line.viewers,
        line.cpu_s_per_gb,
        line.floor_ratio,
        line.rss_kb_per_viewer,
        ms(line.first_key_ms_p50),
        ms(line.first_key_ms_max),
        line.slowest_rate_ratio,
        line.lost,
        of.viewers_cpu_s / (of.bytes as f64 / 1e9),
        of.machine_late_ms,
    )?;
    Ok(())
}

/// For people who wait.
pub(super) fn tell_round(
    round: &str,
    path: Path,
    tls: bool,
    viewers: usize,
    of: &Measured,
) -> anyhow::Result<()> {
    let path = format!("{path:?}").to_lowercase();
    let tls = if tls { "TLS" } else { "plain" };
    let cpu = of.cpu_s_per_gb();
    let line = format!("  {round}: {path} {tls} {viewers} viewers: {cpu:.3} CPU-s/GB");
    writeln!(std::io::stderr(), "{line}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_exactly_the_promised_fields() {
        let measured = Measured {
            server_cpu_s: 1.5,
            viewers_cpu_s: 1.0,
            bytes: 2_000_000_000,
            rss_kib_per_viewer: 23.456,
            first_key_ms: vec![3.0, 1.0, 2.0],
            slowest_rate_ratio: 1.0,
            lost: 0,
            machine_late_ms: 0.0,
        };
        let line = line(Path::Ws, true, 200, &measured, 0.5);
        let wanted = concat!(
            r#"{"bench":"fanout","path":"ws","tls":true,"viewers":200,"cpu_s_per_gb":0.75,"#,
            r#""floor_ratio":1.5,"rss_kb_per_viewer":23.5,"first_key_ms_p50":2.0,"#,
            r#""first_key_ms_max":3.0,"slowest_rate_ratio":1.0,"lost":0}"#
        );
        assert_eq!(serde_json::to_string(&line).unwrap(), wanted);
    }
}
