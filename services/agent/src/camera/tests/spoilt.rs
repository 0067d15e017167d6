//! Packets that are lost on the way from a camera, picture by picture.

use sightline_media::nal;

use super::relay::{Faults, Relay};
use super::*;

/// The same stream twice: as the camera sends it, by TCP, and by UDP over a relay.
struct Compared {
    sent: Vec<Step>,
    got: Vec<Step>,
}

impl Compared {
    /// Reads both until this holds for what came over the relay, and the source has sent all of it.
    async fn read(mount: &str, faults: Faults, enough: impl Fn(&[Step]) -> bool) -> Self {
        let simulator = Rtspd::start(&[]).await;
        let relay = Relay::start(simulator.port, faults).await;
        let over_relay = Camera {
            transport: Transport::Udp,
            ..relayed(&relay, mount)
        };
        let rig = Rig::start(vec![camera(&simulator, mount), over_relay]);
        let (mut source, mut relayed) = (rig.watch(0), None);
        let (mut sent, mut got) = (vec![source.next().await], Vec::new());
        while !enough(&got) {
            // The source is read first, so that nothing comes before the source has begun.
            let relayed = relayed.get_or_insert_with(|| rig.watch(1));
            tokio::select! {
                step = source.next() => sent.push(step),
                step = relayed.next() => got.push(step),
            }
        }
        let last = got.iter().rfind(|s| is_picture(s)).unwrap();
        while !sent.iter().any(|s| is_picture(s) && is_same(s, last)) {
            sent.push(source.next().await);
        }
        rig.stop().await;
        Self { sent, got }
    }

    /// Every picture is one that the camera sent, in its order; what is missing is told with its
    /// exact number, and a key frame follows. The number of all that is missing.
    fn assert_gaps_are_told(&self) -> u64 {
        let sent: Vec<_> = self.sent.iter().filter(|s| is_picture(s)).collect();
        let got = self.got.iter().filter(|s| is_picture(s)).enumerate();
        // The camera encodes its first group of pictures anew for a client that comes in the middle.
        let is_key = |step: &Step| step.entry.frame().key;
        let got = got.skip_while(|(n, step)| *n == 0 || !is_key(step));
        let got: Vec<_> = got.map(|(_, step)| step).collect();
        let place = |from: usize, step: &Step| {
            let found = sent[from..].iter().position(|s| is_same(s, step));
            from + found.expect("the camera sent this picture")
        };
        let mut at = place(0, got[0]);
        let mut lost = 0;
        for step in &got[1..] {
            let next = place(at + 1, step);
            let missing = (next - at - 1) as u64;
            assert_eq!(step.lost, missing, "picture {next} of {}", sent.len());
            assert!(step.lost == 0 || step.entry.frame().key, "picture {next}");
            lost += step.lost;
            at = next;
        }
        lost
    }
}

fn is_same(one: &Step, other: &Step) -> bool {
    slices(one).eq(slices(other))
}

/// What is decoded of a picture. A key frame whose delimiter or message was lost is whole without it.
fn slices(step: &Step) -> impl Iterator<Item = &[u8]> {
    let h265 = step.entry.tracks().video().unwrap().codec == Codec::H265;
    nal::units(&step.entry.frame().data)
        .map(Result::unwrap)
        .filter(move |unit| match unit[0] {
            header if h265 => header >> 1 & 0x3f < 32,
            header => (1..6).contains(&(header & 0x1f)),
        })
}

fn gaps(steps: &[Step]) -> usize {
    steps.iter().filter(|s| s.lost > 0).count()
}

fn pictures(steps: &[Step]) -> usize {
    steps.iter().filter(|s| is_picture(s)).count()
}

#[tokio::test]
async fn udp_delivers_every_picture_as_tcp_does() {
    let compared = Compared::read("h264aac", Faults::NONE, |got| pictures(got) >= 60).await;
    assert_eq!(compared.assert_gaps_are_told(), 0);
    let tracks = compared.got[0].entry.tracks();
    assert_eq!(codecs(tracks), [Codec::H264, Codec::Aac]);
    assert_times_rise(&compared.got);
    assert!(assert_no_sound_missing(&compared.got) > 20);
}

#[tokio::test]
async fn lost_packets_of_a_picture_cost_the_group_of_pictures_and_are_told_exactly() {
    // Behind the first groups of pictures, so that the camera's rate is known. The prime makes the
    // loss wander over the beginnings, the middles and the ends of pictures.
    let faults = Faults {
        lose: |_, number| number > 100 && number % 31 == 0,
        ..Faults::NONE
    };
    for mount in ["h264aac", "h265"] {
        let compared = Compared::read(mount, faults, |got| gaps(got) >= 5).await;
        let lost = compared.assert_gaps_are_told();
        assert!(lost >= 5, "{mount}: {lost}");
        assert_times_rise(&compared.got);
    }
}

#[tokio::test]
async fn lost_packets_of_sound_cost_no_picture() {
    let faults = Faults {
        lose: |stream, number| stream == 1 && number % 5 == 4,
        ..Faults::NONE
    };
    let compared = Compared::read("h264pcmu", faults, |got| pictures(got) >= 60).await;
    assert_eq!(compared.assert_gaps_are_told(), 0);
    let sounds: Vec<_> = compared.got.iter().filter(|s| !is_picture(s)).collect();
    let holes = sounds.windows(2).filter(|pair| {
        let end_us = pair[0].entry.frame().pts_us + i64::from(pair[0].entry.duration_us());
        pair[1].entry.frame().pts_us - end_us > 1000
    });
    assert!(holes.count() > 3, "sound goes on behind what was lost");
}
