//! Flow control of one connection (RFC 9113, 5.2), for those who send DATA: h2, and the writers beside
//! it.
//!
//! h2 keeps its own account, and knows nothing of what the writers send. As long as there is no
//! writer, both accounts are the same. From the first one on, h2 is given back only what it has
//! spent itself, and each stream of a writer is kept from it; what is really left stands here.

/// Before a client has said anything else (RFC 9113, 6.9.2).
const WINDOW_BYTES: i64 = 65_535;
/// What a window may grow to (RFC 9113, 6.9.1).
const WINDOW_BYTES_MAX: i64 = (1 << 31) - 1;
/// Smallest of the largest frame that a client takes (RFC 9113, 6.5.2).
pub(super) const FRAME_BYTES_MIN: u32 = 16_384;
/// Streams that are known at once. h2 ends a connection long before, for opening more than it may.
const STREAMS_MAX: usize = 4096;

/// Settings of a client that matter here.
const SETTING_INITIAL_WINDOW: u16 = 0x4;
const SETTING_MAX_FRAME: u16 = 0x5;

/// A client broke the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("a window beyond its limit")]
    Window,
    #[error("too many streams")]
    Streams,
}

/// What h2 hears of a WINDOW_UPDATE.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Update {
    /// All of it, as it came.
    Pass,
    /// This much less; nothing when it is 0.
    Lower(u32),
}

#[derive(Debug)]
pub(super) struct Windows {
    frame_bytes_max: u32,
    initial: i64,
    connection: i64,
    /// What h2 has spent of the connection since there is a writer, and has not been given back.
    owed: Option<u32>,
    /// Ascending.
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    id: u32,
    /// What it may send more, or less, than the initial window.
    credit: i64,
    is_accepted: bool,
    /// Its response has begun.
    is_open: bool,
    has_writer: bool,
}

impl Windows {
    pub(super) fn new() -> Self {
        Self {
            frame_bytes_max: FRAME_BYTES_MIN,
            initial: WINDOW_BYTES,
            connection: WINDOW_BYTES,
            owed: None,
            streams: Vec::new(),
        }
    }

    /// A setting of the client; what h2 hears in its place.
    ///
    /// h2 goes on with the smallest frames. A frame of its own that waits for the window waits for
    /// little then, and not for more than a client gives back before it has read all.
    pub(super) fn set(&mut self, setting: u16, value: u32) -> u32 {
        match setting {
            SETTING_INITIAL_WINDOW => self.initial = value.into(),
            // What is out of range goes to h2, which ends the connection.
            SETTING_MAX_FRAME if (FRAME_BYTES_MIN..1 << 24).contains(&value) => {
                self.frame_bytes_max = value;
                return FRAME_BYTES_MIN;
            }
            _ => {}
        }
        value
    }

    /// The client opens streams in ascending order.
    pub(super) fn opens(&mut self, id: u32) -> Result<(), Violation> {
        if self.streams.last().is_some_and(|last| last.id >= id) {
            // The trailers of a request.
            return Ok(());
        }
        if self.streams.len() >= STREAMS_MAX {
            return Err(Violation::Streams);
        }
        self.streams.push(Stream {
            id,
            credit: 0,
            is_accepted: false,
            is_open: false,
            has_writer: false,
        });
        Ok(())
    }

    /// h2 handed out a request; those before it that it did not hand out never come.
    pub(super) fn accept(&mut self, id: u32) {
        if let Some(stream) = self.stream(id) {
            stream.is_accepted = true;
        }
        self.streams
            .retain(|stream| stream.is_accepted || stream.id > id);
    }

    /// A request is over.
    pub(super) fn finish(&mut self, id: u32) {
        self.streams.retain(|stream| stream.id != id);
    }

    /// The head of a response has gone out.
    pub(super) fn respond(&mut self, id: u32) {
        if let Some(stream) = self.stream(id) {
            stream.is_open = true;
        }
    }

    /// From now on a stream's DATA comes from a writer.
    pub(super) fn attach_writer(&mut self, id: u32) {
        if let Some(stream) = self.stream(id) {
            stream.has_writer = true;
            self.owed.get_or_insert(0);
        }
    }

    /// The client takes more; an increment of 0 is h2's to refuse.
    pub(super) fn update(&mut self, id: u32, increment: u32) -> Result<Update, Violation> {
        if increment == 0 {
            return Ok(Update::Pass);
        }
        let initial = self.initial;
        if id == 0 {
            self.connection += i64::from(increment);
            let Some(owed) = &mut self.owed else {
                return Ok(Update::Pass);
            };
            if self.connection > WINDOW_BYTES_MAX {
                return Err(Violation::Window);
            }
            let given = increment.min(*owed);
            *owed -= given;
            return Ok(Update::Lower(given));
        }
        let Some(stream) = self.stream(id) else {
            return Ok(Update::Pass);
        };
        stream.credit += i64::from(increment);
        if !stream.has_writer {
            return Ok(Update::Pass);
        }
        if initial + stream.credit > WINDOW_BYTES_MAX {
            return Err(Violation::Window);
        }
        Ok(Update::Lower(0))
    }

    /// DATA of h2 went out, or will before anything else.
    pub(super) fn spend(&mut self, id: u32, bytes: u32) {
        self.connection -= i64::from(bytes);
        if let Some(owed) = &mut self.owed {
            *owed = owed.saturating_add(bytes);
        }
        if let Some(stream) = self.stream(id) {
            stream.credit -= i64::from(bytes);
        }
    }

    /// What is left of the connection, bytes.
    pub(super) fn connection(&self) -> i64 {
        self.connection
    }

    /// What a writer may send on its stream now, bytes; `None` when the stream is over.
    pub(super) fn room(&self, id: u32) -> Option<usize> {
        let stream = &self.streams[self.position(id)?];
        if !stream.is_open {
            return Some(0);
        }
        let left = self.connection.min(self.initial + stream.credit);
        Some(usize::try_from(left).unwrap_or(0))
    }

    /// A writer has sent, within its room.
    pub(super) fn send(&mut self, id: u32, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.connection -= bytes;
        if let Some(stream) = self.stream(id) {
            stream.credit -= bytes;
        }
    }

    /// Largest frame of a writer, bytes of its payload.
    pub(super) fn frame_bytes_max(&self) -> usize {
        self.frame_bytes_max as usize
    }

    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        let position = self.position(id)?;
        Some(&mut self.streams[position])
    }

    fn position(&self, id: u32) -> Option<usize> {
        self.streams
            .binary_search_by_key(&id, |stream| stream.id)
            .ok()
    }
}

// Named, since the fuzz target has this file without its folder.
#[cfg(test)]
#[path = "windows/tests.rs"]
mod tests;
