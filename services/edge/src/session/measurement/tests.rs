use super::*;
use crate::rig::{self, Device, until};

/// A device whose streams of filler have a message of 16 KiB each in this time.
fn device(probe_interval: Duration) -> Device {
    Device {
        probe_interval: Some(probe_interval),
        ..Device::new()
    }
}

#[test]
fn a_rate_is_told_in_bits_per_second_and_not_from_a_handful_of_bytes() {
    let second = Duration::from_secs(1);
    assert_eq!(bits_per_s(2_000_000, second), Some(16_000_000));
    assert_eq!(bits_per_s(2_000_000, 2 * second), Some(8_000_000));
    assert_eq!(bits_per_s(1_000, second), None);
}

#[test]
fn slow_beginning_of_a_connection_counts_only_when_little_follows() {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut arrivals = Arrivals::since(start);
    arrivals.add(WARM_UP_BYTES, start + second);
    let beginning = arrivals.bits_per_s(start + second);
    assert_eq!(beginning, Some(8 * WARM_UP_BYTES));
    arrivals.add(2 * WARM_UP_BYTES, start + 2 * second);
    let whole = arrivals.bits_per_s(start + 2 * second);
    assert_eq!(whole, Some(16 * WARM_UP_BYTES));
}

#[test]
fn link_whose_single_streams_are_slow_is_measured_by_all_of_them() {
    rig::run(async |rig| {
        // 3.3 Mbit/s each.
        let _connected = rig.connect(device(Duration::from_millis(40))).await;
        until(async || rig.reported_uplink() > 0).await;
        let measured = rig.reported_uplink();
        assert!((12_000_000..14_000_000).contains(&measured), "{measured}");
    });
}

#[test]
fn viewer_who_comes_ends_a_measurement_and_another_follows_when_they_have_gone() {
    rig::run(async |rig| {
        let device = device(Duration::from_millis(40));
        let probes = device.probes.subscribe();
        let connected = rig.connect(device).await;
        until(async || *probes.borrow() == 4).await;
        let began = Instant::now();
        let admission = rig.watch_again(&connected).await;
        until(async || *probes.borrow() == 0).await;
        assert!(began.elapsed() < Duration::from_secs(1));
        assert_eq!(rig.reported_uplink(), 0);
        drop(admission);
        until(async || rig.reported_uplink() > 0).await;
    });
}

#[test]
fn what_a_viewer_gets_raises_a_measurement_that_says_less() {
    rig::run(async |rig| {
        let connected = rig.connect(device(Duration::from_secs(1))).await;
        until(async || rig.reported_uplink() > 0).await;
        let measured = rig.reported_uplink();
        let _admission = rig.watch_again(&connected).await;
        until(async || rig.reported_uplink() > measured).await;
    });
}
