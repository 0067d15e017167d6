//! The ring against a model that keeps everything and searches it from the start.

use proptest::prelude::*;

use super::*;

const FRAMES: usize = 8;
const BYTES: usize = 400;
const KEEP_US: i64 = 300_000;
const LAG_US: i64 = 200_000;

#[derive(Debug, Clone)]
enum Action {
    Picture {
        key: bool,
        step_us: i64,
        bytes: usize,
    },
    Sound {
        bytes: usize,
    },
    Gap(u64),
    Restart,
    NewCursor,
    Read {
        cursor: usize,
        steps: usize,
    },
    StepOver {
        cursor: usize,
    },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (prop::bool::weighted(0.2), 1..150_000_i64, 5..90_usize)
            .prop_map(|(key, step_us, bytes)| Action::Picture { key, step_us, bytes }),
        3 => (1..90_usize).prop_map(|bytes| Action::Sound { bytes }),
        1 => (0..5_u64).prop_map(Action::Gap),
        1 => Just(Action::Restart),
        1 => Just(Action::NewCursor),
        6 => (any::<prop::sample::Index>(), 1..6_usize)
            .prop_map(|(cursor, steps)| Action::Read { cursor: cursor.index(64), steps }),
        6 => any::<prop::sample::Index>()
            .prop_map(|cursor| Action::StepOver { cursor: cursor.index(64) }),
    ]
}

struct Published {
    start: bool,
    picture: bool,
    /// Pictures of the camera before this one, published or not.
    pictures_before: u64,
    clock_us: i64,
    bytes: usize,
}

#[derive(Default)]
struct Model {
    published: Vec<Published>,
    oldest: usize,
    pictures: u64,
    clock_us: i64,
    waits: bool,
}

struct Place {
    next: usize,
    waits: bool,
    /// `pictures_before` that follows without loss.
    expected: Option<u64>,
}

impl Place {
    /// Where nothing is left to say before this entry.
    fn is_before(&self, seq: usize, entry: &Published) -> bool {
        self.next == seq && !self.waits && self.expected == Some(entry.pictures_before)
    }
}

impl Model {
    fn push(&mut self, picture: bool, start: bool, step_us: i64, bytes: usize) {
        self.clock_us += step_us;
        let pictures_before = self.pictures;
        self.pictures += u64::from(picture);
        if self.waits && !start {
            return;
        }
        self.waits = false;
        let clock_us = self.clock_us;
        self.published.push(Published {
            start,
            picture,
            pictures_before,
            clock_us,
            bytes,
        });
        let newest_key = self.newest_key().unwrap_or(0);
        while {
            let held = &self.published[self.oldest..];
            held.len() > FRAMES
                || held.iter().map(|entry| entry.bytes).sum::<usize>() > BYTES
                || (self.oldest < newest_key && held[0].clock_us + KEEP_US < clock_us)
        } {
            self.oldest += 1;
        }
    }

    fn bytes(&self) -> usize {
        self.published[self.oldest..]
            .iter()
            .map(|entry| entry.bytes)
            .sum()
    }

    fn newest_key(&self) -> Option<usize> {
        self.published.iter().rposition(|entry| entry.start)
    }

    fn place(&self) -> Place {
        let mut place = Place {
            next: 0,
            waits: true,
            expected: None,
        };
        self.skip(&mut place);
        place
    }

    fn skip(&self, place: &mut Place) {
        place.waits = true;
        let ahead = self
            .newest_key()
            .filter(|key| *key >= place.next && *key >= self.oldest);
        place.next = ahead.unwrap_or(self.published.len());
    }

    fn read(&self, place: &mut Place) -> Option<(u64, u64)> {
        let head_us = self.published.last()?.clock_us;
        while let Some(entry) = self.published.get(place.next) {
            let newer_key = self.newest_key().is_some_and(|key| key > place.next);
            if place.next < self.oldest || (newer_key && head_us - entry.clock_us > LAG_US) {
                self.skip(place);
                continue;
            }
            place.next += 1;
            if place.waits && !entry.start {
                continue;
            }
            place.waits = false;
            let expected = place.expected.unwrap_or(entry.pictures_before);
            place.expected = Some(entry.pictures_before + u64::from(entry.picture));
            return Some((entry.pictures_before - expected, place.next as u64 - 1));
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn ring_does_what_the_model_does(actions in prop::collection::vec(action(), 1..120)) {
        let limits =
            Limits { frames: FRAMES, bytes: BYTES, keep_us: KEEP_US, lag_us: LAG_US };
        let (mut writer, ring) = started(limits);
        let mut model = Model { waits: true, ..Model::default() };
        let mut cursors = vec![(ring.cursor(), model.place())];
        let (mut now_us, mut sound_us, mut first) = (0, 0, true);
        for action in actions {
            match action {
                Action::Picture { key, step_us, bytes } => {
                    now_us += step_us;
                    writer.push(picture(key, now_us, bytes)).unwrap();
                    // The distance to the first picture of an origin is not known.
                    model.push(true, key, if first { FRAME_US } else { step_us }, bytes);
                    first = false;
                }
                Action::Sound { bytes } => {
                    sound_us += 1000;
                    writer.push(sound(sound_us, bytes)).unwrap();
                    model.push(false, false, 0, bytes);
                }
                Action::Gap(pictures) => {
                    writer.gap(pictures);
                    model.pictures += pictures;
                    model.waits = true;
                }
                Action::Restart => {
                    writer.restart();
                    model.waits = true;
                    (now_us, sound_us, first) = (0, 0, true);
                }
                Action::NewCursor => cursors.push((ring.cursor(), model.place())),
                Action::Read { cursor, steps } => {
                    let at = cursor % cursors.len();
                    let (cursor, place) = &mut cursors[at];
                    for _ in 0..steps {
                        let step = cursor.try_next().map(|step| (step.lost, step.entry.seq()));
                        prop_assert_eq!(step, model.read(place));
                    }
                }
                Action::StepOver { cursor } => {
                    let at = cursor % cursors.len();
                    let (cursor, place) = &mut cursors[at];
                    let seqs = ring.newest().map(|newest| (newest.seq(), cursor.step_over(&newest)));
                    let newest = model.published.iter().enumerate().next_back();
                    let expected = newest.map(|(seq, entry)| (seq as u64, place.is_before(seq, entry)));
                    prop_assert_eq!(seqs, expected);
                    if let Some((seq, true)) = expected {
                        prop_assert_eq!(model.read(place), Some((0, seq)));
                    }
                }
            }
            prop_assert_eq!(ring.bytes(), model.bytes() as u64);
        }
    }
}
