//! What is printed: a JSON line for programs, a line of a table for people.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::Change;
use super::crowd::Fate;
use crate::figures::{percentile, rounded};
use crate::helper::say;
use crate::viewer::either::Protocol;

/// One change, and what came of it.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) change: Change,
    pub(super) tls: bool,
    /// The call's own time.
    pub(super) answer: Duration,
    /// Frames that the owner's stream lost meanwhile.
    pub(super) others_lost: u64,
    pub(super) fates: Vec<Fate>,
    /// How late this program was woken at worst: streams may be over that much earlier than seen.
    pub(super) late: Duration,
}

/// The streams of one round over one path.
#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    change: Change,
    path: Protocol,
    tls: bool,
    streams: usize,
    /// Those that ended with the right reason.
    ended: usize,
    answer_ms: f64,
    /// From the moment before the call to the last words; of the streams counted in `ended`.
    end_ms_p50: Option<f64>,
    end_ms_p99: Option<f64>,
    end_ms_max: Option<f64>,
    frames_after_1s: u64,
    others_lost: u64,
}

/// Prints a round, one line for each path.
pub(super) fn print(round: &Round) -> anyhow::Result<()> {
    for path in [Protocol::Ws, Protocol::Grpc] {
        let line = line(round, path);
        say(&line)?;
        tell(&line, round)?;
    }
    Ok(())
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn line(round: &Round, path: Protocol) -> Line {
    let fates = || round.fates.iter().filter(|fate| fate.protocol == path);
    let right = |fate: &Fate| match &fate.end {
        Some((reason, after)) if reason == round.change.reason() => Some(ms(*after)),
        _ => None,
    };
    let ends: Vec<f64> = fates().filter_map(right).collect();
    let end_ms = |percent| percentile(&ends, percent).map(|ms| rounded(ms, 1));
    Line {
        bench: "revoke",
        change: round.change,
        path,
        tls: round.tls,
        streams: fates().count(),
        ended: ends.len(),
        answer_ms: rounded(ms(round.answer), 1),
        end_ms_p50: end_ms(50),
        end_ms_p99: end_ms(99),
        end_ms_max: end_ms(100),
        frames_after_1s: fates().map(|fate| fate.late_frames).sum(),
        others_lost: round.others_lost,
    }
}

/// For people, with what else streams ended by, and how late this program was woken.
fn tell(line: &Line, round: &Round) -> anyhow::Result<()> {
    let ms_of = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0}"));
    let mut others = BTreeSet::new();
    for fate in round.fates.iter().filter(|f| f.protocol == line.path) {
        match &fate.end {
            Some((reason, _)) if reason == round.change.reason() => {}
            Some((reason, _)) => _ = others.insert(reason.as_str()),
            None => _ = others.insert("not at all"),
        }
    }
    let mut out = std::io::stderr().lock();
    write!(
        out,
        "{:>8} {:5} {:>4}: {} of {} ended, p50 / p99 / max {} / {} / {} ms, call {:.0} ms, {} \
         frames after 1 s, others lost {} (woken late by up to {:.0} ms)",
        format!("{:?}", round.change).to_lowercase(),
        if line.tls { "TLS" } else { "plain" },
        format!("{:?}", line.path).to_lowercase(),
        line.ended,
        line.streams,
        ms_of(line.end_ms_p50),
        ms_of(line.end_ms_p99),
        ms_of(line.end_ms_max),
        line.answer_ms,
        line.frames_after_1s,
        line.others_lost,
        ms(round.late),
    )?;
    if !others.is_empty() {
        write!(out, "; others ended: {others:?}")?;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(protocol: Protocol, end: Option<(&str, u64)>, late_frames: u64) -> Fate {
        Fate {
            protocol,
            end: end.map(|(reason, ms)| (reason.to_owned(), Duration::from_millis(ms))),
            late_frames,
        }
    }

    fn round(fates: Vec<Fate>) -> Round {
        Round {
            change: Change::Revoke,
            tls: true,
            answer: Duration::from_micros(12_345),
            others_lost: 0,
            fates,
            late: Duration::ZERO,
        }
    }

    #[test]
    fn line_has_exactly_the_promised_fields() {
        let ended = |ms| fate(Protocol::Ws, Some(("ACCESS_ENDED", ms)), 0);
        let round = round((1..=100).map(ended).collect());
        let wanted = concat!(
            r#"{"bench":"revoke","change":"revoke","path":"ws","tls":true,"streams":100,"#,
            r#""ended":100,"answer_ms":12.3,"end_ms_p50":50.0,"end_ms_p99":99.0,"#,
            r#""end_ms_max":100.0,"frames_after_1s":0,"others_lost":0}"#
        );
        let line = line(&round, Protocol::Ws);
        assert_eq!(serde_json::to_string(&line).unwrap(), wanted);
    }

    #[test]
    fn another_reason_or_another_path_does_not_count_as_ended() {
        let round = round(vec![
            fate(Protocol::Grpc, Some(("ACCESS_ENDED", 40)), 0),
            fate(Protocol::Grpc, Some(("TOO_SLOW", 1)), 0),
            fate(Protocol::Grpc, None, 7),
            fate(Protocol::Ws, Some(("ACCESS_ENDED", 900)), 3),
        ]);
        let line = line(&round, Protocol::Grpc);
        assert_eq!((line.streams, line.ended), (3, 1));
        assert_eq!(line.end_ms_max, Some(40.0));
        assert_eq!(line.frames_after_1s, 7);
    }

    #[test]
    fn no_end_at_all_has_no_percentile() {
        let round = round(vec![fate(Protocol::Ws, None, 15)]);
        assert_eq!(line(&round, Protocol::Ws).end_ms_p99, None);
    }
}
