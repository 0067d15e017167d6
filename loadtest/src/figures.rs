//! Figures for reports.

/// The nearest-rank percentile of values in any order: the smallest of them that at least
/// `percent` of a hundred do not exceed. None without values.
pub(crate) fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// With this many digits behind the point.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (value * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_values_themselves() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&hundred, 50), Some(50.0));
        assert_eq!(percentile(&hundred, 99), Some(99.0));
        assert_eq!(percentile(&hundred, 100), Some(100.0));
        assert_eq!(percentile(&[3.0, 1.0, 2.0], 50), Some(2.0));
        assert_eq!(percentile(&[7.0], 99), Some(7.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_rare_late_one_is_seen_at_the_ninety_ninth_percentile_only_when_it_is_one_of_a_hundred() {
        let mut ends = vec![1.0; 199];
        ends.push(900.0);
        assert_eq!(percentile(&ends, 99), Some(1.0));
        ends.extend([900.0, 900.0]);
        assert_eq!(percentile(&ends, 99), Some(900.0));
    }

    #[test]
    fn rounding_keeps_the_nearest() {
        assert_eq!(rounded(1.2345, 2), 1.23);
        assert_eq!(rounded(1.236, 2), 1.24);
        assert_eq!(rounded(17.5, 0), 18.0);
    }
}
