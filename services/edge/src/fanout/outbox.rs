//! What one viewer is sent next: from its cursor, behind its gate.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use sightline_media::ring::{Cursor, Entry, Ring, Step};
use tokio::time::Instant;

use super::form::Form;
use crate::error::End;
use crate::gate::Gate;
use crate::metrics::Metrics;

/// What has been done, for the metrics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) skipped: u64,
}

impl Tally {
    pub(super) fn add_to(&self, metrics: &Metrics) {
        metrics.frames_out.add(self.frames);
        metrics.bytes_out.add(self.bytes);
        metrics.pictures_skipped.add(self.skipped);
    }
}

/// The messages of one viewer that are on their way.
#[derive(Debug)]
pub(super) struct Outbox {
    form: Form,
    gate: Arc<Gate>,
    /// What the gate has said; it is asked again from then on.
    open_until: Instant,
    cursor: Cursor,
    /// The first may be half sent.
    pub(super) messages: VecDeque<Bytes>,
    /// Generation of the tracks that the viewer has been told.
    generation: Option<u32>,
    is_leaving: bool,
}

impl Outbox {
    /// The gate proves that the viewer may watch.
    pub(super) fn new(form: Form, gate: Arc<Gate>, ring: &Ring) -> Self {
        Self {
            form,
            gate,
            open_until: Instant::now(),
            cursor: ring.cursor(),
            messages: VecDeque::new(),
            generation: None,
            is_leaving: false,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The gate has something to say, or may have: it is asked before anything else passes.
    pub(super) fn hear_gate(&mut self, now: Instant) {
        self.open_until = now;
    }

    /// Whether a frame may pass now; otherwise why not.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), End> {
        if now >= self.open_until {
            self.open_until = self.gate.open_until(now)?;
        }
        Ok(())
    }

    /// Whether the last words have been put there: nothing follows them.
    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    /// The message of this frame, when it is next, nothing has to be said before it, and the gate is
    /// open; it counts as sent then. Otherwise [`Self::fill`] does what there is to do.
    pub(super) fn pass<'a>(&mut self, newest: &'a Entry, now: Instant) -> Option<&'a Bytes> {
        let passes = self.messages.is_empty()
            && !self.is_leaving
            && self.generation == Some(newest.generation())
            && self.check(now).is_ok()
            && self.cursor.step_over(newest);
        passes.then(|| self.form.frame(newest))
    }

    /// Puts the next frames there, at most so many, with what has to be said before them; or the last
    /// words, when the gate is shut. False when there is nothing more at the moment.
    pub(super) fn fill(&mut self, now: Instant, frames_max: usize, tally: &mut Tally) -> bool {
        if self.is_leaving {
            return false;
        }
        if let Err(end) = self.check(now) {
            self.leave(&end);
            return false;
        }
        for _ in 0..frames_max {
            // None also when the writer is gone: the viewer's actor knows why, and shuts the gate.
            let Some(Step { lost, entry }) = self.cursor.try_next() else {
                return false;
            };
            if lost > 0 {
                tally.skipped += lost;
                self.messages.push_back(self.form.gap(lost));
            }
            if self.generation != Some(entry.generation()) {
                match self.form.started(entry.tracks()) {
                    Ok(words) => self.messages.extend(words),
                    Err(end) => {
                        self.leave(&end);
                        return false;
                    }
                }
                self.generation = Some(entry.generation());
            }
            tally.frames += 1;
            self.messages.push_back(self.form.frame(&entry).clone());
        }
        true
    }

    /// Ends it, with words for the viewer.
    pub(super) fn leave(&mut self, end: &End) {
        self.gate.shut(end.clone());
        self.is_leaving = true;
        self.messages.extend(self.form.ended(end));
    }
}
