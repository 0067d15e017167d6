//! Several measurements of the same thing as one.

use super::load::Measured;

/// The one in the middle by processor time, with the delays of all of them and the worst of what
/// must not happen in any. None without a measurement.
pub(super) fn middle(mut rounds: Vec<Measured>) -> Option<Measured> {
    let worst =
        |of: fn(&Measured) -> f64, worse: fn(f64, f64) -> f64| rounds.iter().map(of).reduce(worse);
    let slowest_rate_ratio = worst(|round| round.slowest_rate_ratio, f64::min)?;
    let machine_late_ms = worst(|round| round.machine_late_ms, f64::max)?;
    let lost = rounds.iter().map(|round| round.lost).sum();
    let first_key_ms = rounds.iter().flat_map(|round| &round.first_key_ms);
    let first_key_ms = first_key_ms.copied().collect();
    rounds.sort_by(|a, b| a.cpu_s_per_gb().total_cmp(&b.cpu_s_per_gb()));
    let middle = rounds.swap_remove(rounds.len() / 2);
    Some(Measured {
        first_key_ms,
        slowest_rate_ratio,
        lost,
        machine_late_ms,
        ..middle
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(server_cpu_s: f64, first_key_ms: f64, rate: f64, lost: u64) -> Measured {
        Measured {
            server_cpu_s,
            viewers_cpu_s: 1.0,
            bytes: 1_000_000_000,
            rss_kib_per_viewer: server_cpu_s,
            first_key_ms: vec![first_key_ms],
            slowest_rate_ratio: rate,
            lost,
            machine_late_ms: first_key_ms,
        }
    }

    #[test]
    fn middle_has_the_middle_time_and_the_worst_of_all_rounds() {
        let rounds = vec![
            round(0.9, 4.0, 1.0, 0),
            round(0.2, 30.0, 0.5, 7),
            round(0.5, 2.0, 1.0, 1),
        ];
        let middle = middle(rounds).unwrap();
        assert_eq!(middle.cpu_s_per_gb(), 0.5);
        assert_eq!(middle.rss_kib_per_viewer, 0.5);
        assert_eq!(middle.first_key_ms, [4.0, 30.0, 2.0]);
        assert_eq!(middle.machine_late_ms, 30.0);
        assert_eq!(middle.slowest_rate_ratio, 0.5);
        assert_eq!(middle.lost, 8);
    }
}
