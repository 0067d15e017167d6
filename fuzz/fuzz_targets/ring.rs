//! A device that sends anything in any order, and viewers that read at any pace.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use sightline_media::ring::{Cursor, Entry, Limits, Ring, Writer, ring};
use sightline_media::{Codec, Frame, Track, Tracks, fmp4};

const LIMITS: Limits = Limits {
    frames: 16,
    bytes: 1024,
    keep_us: 300_000,
    lag_us: 200_000,
};
const VIEWERS_MAX: usize = 8;
/// H.264, Baseline, 640x360.
const AVCC: &[u8] = &[
    1, 66, 192, 30, 255, 225, 0, 25, 103, 66, 192, 30, 217, 0, 160, 47, 249, 112, 17, 0, 0, 3, 0,
    1, 0, 0, 3, 0, 50, 15, 22, 46, 72, 1, 0, 5, 104, 203, 131, 203, 32,
];

#[derive(Debug, Arbitrary)]
enum Action<'a> {
    SetTracks {
        video: bool,
        sound: Sound,
    },
    /// Bytes as they come.
    Frame {
        track: u8,
        key: bool,
        pts_us: i64,
        dts_us: i64,
        data: &'a [u8],
    },
    /// A frame that is mostly in order.
    Picture {
        key: bool,
        step_us: u16,
        reorder_us: i16,
        bytes: u8,
    },
    Packet {
        step_us: u16,
        bytes: u8,
    },
    Gap {
        pictures: u64,
    },
    Restart,
    Join,
    Read {
        viewer: u8,
        steps: u8,
    },
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Sound {
    Silent,
    Aac,
    Pcmu,
    Pcma,
}

struct Viewer {
    cursor: Cursor,
    next: u64,
}

impl Viewer {
    fn new(ring: &Ring) -> Self {
        Self {
            cursor: ring.cursor(),
            next: 0,
        }
    }

    /// Forward only, and never into the middle of a group of pictures.
    fn read(&mut self) -> bool {
        let Some(step) = self.cursor.try_next() else {
            return false;
        };
        let seq = step.entry.seq();
        assert!(seq >= self.next);
        if self.next == 0 || seq != self.next {
            assert!(step.entry.is_start());
        }
        assert!(step.lost == 0 || step.entry.is_start());
        self.next = seq + 1;
        check_fragment(&step.entry);
        true
    }
}

/// Two boxes that fill the announced length.
fn check_fragment(entry: &Entry) {
    let mut fragment = BytesMut::new();
    fmp4::put_fragment(&mut fragment, entry);
    assert_eq!(fragment.len(), fmp4::fragment_len(entry));
    let size = |at: usize| {
        u32::from_be_bytes([
            fragment[at],
            fragment[at + 1],
            fragment[at + 2],
            fragment[at + 3],
        ])
    };
    let moof = size(0) as usize;
    assert_eq!(&fragment[4..8], b"moof");
    assert_eq!(&fragment[moof + 4..moof + 8], b"mdat");
    assert_eq!(moof + size(moof) as usize, fragment.len());
}

fn set_tracks(writer: &mut Writer, video: bool, sound: Sound) {
    let mut tracks = Vec::new();
    if video {
        let record = Bytes::from_static(AVCC);
        tracks.push(Track::video(0, Codec::H264, record).expect("a valid record"));
    }
    let track = match sound {
        Sound::Silent => None,
        Sound::Aac => Some(Track::aac(1, Bytes::from_static(&[0x12, 0x10]))),
        Sound::Pcmu => Some(Track::g711(1, Codec::Pcmu)),
        Sound::Pcma => Some(Track::g711(1, Codec::Pcma)),
    };
    tracks.extend(track.map(|track| track.expect("a valid configuration")));
    if let Ok(tracks) = Tracks::new(tracks) {
        let init = fmp4::init_segment(&tracks).expect("short records");
        assert_eq!(&init[4..8], b"ftyp");
        writer.set_tracks(tracks);
    }
}

fn picture(key: bool, pts_us: i64, dts_us: i64, bytes: u8) -> Frame {
    let mut data = vec![0, 0, 0, bytes.max(1), if key { 0x65 } else { 0x41 }];
    data.resize(4 + usize::from(bytes.max(1)), 0);
    Frame {
        track: 0,
        key,
        pts_us,
        dts_us,
        data: data.into(),
    }
}

fuzz_target!(|actions: Vec<Action<'_>>| {
    let (mut writer, ring) = ring(LIMITS);
    let mut viewers = vec![Viewer::new(&ring)];
    let mut now_us = [0_i64; 2];
    for action in actions {
        // Refusals are expected; what matters is what gets through.
        match action {
            Action::SetTracks { video, sound } => set_tracks(&mut writer, video, sound),
            Action::Frame {
                track,
                key,
                pts_us,
                dts_us,
                data,
            } => {
                let data = Bytes::copy_from_slice(data);
                let too_large = data.len() > LIMITS.bytes;
                let pushed = writer.push(Frame {
                    track,
                    key,
                    pts_us,
                    dts_us,
                    data,
                });
                assert!(!too_large || pushed.is_err());
            }
            Action::Picture {
                key,
                step_us,
                reorder_us,
                bytes,
            } => {
                now_us[0] += i64::from(step_us);
                let pts_us = now_us[0] + i64::from(reorder_us);
                let _ = writer.push(picture(key, pts_us, now_us[0], bytes));
            }
            Action::Packet { step_us, bytes } => {
                now_us[1] += i64::from(step_us);
                let data = Bytes::from(vec![0x55; usize::from(bytes)]);
                let (pts_us, dts_us) = (now_us[1], now_us[1]);
                let _ = writer.push(Frame {
                    track: 1,
                    key: true,
                    pts_us,
                    dts_us,
                    data,
                });
            }
            Action::Gap { pictures } => writer.gap(pictures),
            Action::Restart => writer.restart(),
            Action::Join if viewers.len() < VIEWERS_MAX => viewers.push(Viewer::new(&ring)),
            Action::Join => {}
            Action::Read { viewer, steps } => {
                let at = usize::from(viewer) % viewers.len();
                for _ in 0..steps {
                    if !viewers[at].read() {
                        break;
                    }
                }
            }
        }
        assert!(ring.bytes() <= LIMITS.bytes as u64);
    }
    drop(writer);
    for viewer in &mut viewers {
        while viewer.read() {}
        assert!(viewer.cursor.is_closed());
    }
});
