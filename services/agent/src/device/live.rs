//! One stream on its way to the edge.
//!
//! There is no queue: a message is made when HTTP/2 asks for one. While the link is too slow it
//! does not ask, and the cursor, once it is too far behind, goes on at the newest key frame.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures::Stream;
use sightline_media::Tracks;
use sightline_media::ring::{Cursor, Listener, Step};
use sightline_rpc::device::v1::LiveResponse;
use sightline_rpc::device::v1::live_response::Event;
use sightline_rpc::live::v1::Gap;
use sightline_rpc::media::{frame_to_proto, tracks_to_proto};

use crate::camera::stream::Viewer;

/// The messages of one `Live` call: tracks, frames, gaps. When the camera goes away the call stays
/// open and is silent; when it comes back, the call goes on with a gap, with the tracks if they are
/// others, and with a key frame.
pub(super) fn frames(viewer: Viewer) -> impl Stream<Item = LiveResponse> {
    let reader = Reader {
        viewer,
        place: None,
        expected: None,
        announced: None,
        next: VecDeque::new(),
    };
    futures::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((LiveResponse { event: Some(event) }, reader))
    })
}

struct Reader {
    viewer: Viewer,
    /// Where it reads, while a pull runs or its last frames are unread.
    place: Option<(Cursor, Listener)>,
    /// Number of the picture that is expected next, from pull to pull.
    expected: Option<u64>,
    /// Tracks of the last `Started`.
    announced: Option<Arc<Tracks>>,
    /// What belongs to one frame: at most a gap, a start and the frame.
    next: VecDeque<Event>,
}

impl Reader {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next.pop_front() {
                return Some(event);
            }
            let Some((cursor, listener)) = &mut self.place else {
                self.await_ring().await?;
                continue;
            };
            let step = poll_fn(|cx| {
                listener.register(cx.waker());
                match cursor.try_next() {
                    Some(step) => Poll::Ready(Some(step)),
                    None if cursor.is_closed() => Poll::Ready(None),
                    None => Poll::Pending,
                }
            });
            match step.await {
                Some(step) => self.enqueue(step),
                None => {
                    self.expected = cursor.expected();
                    self.place = None;
                }
            }
        }
    }

    /// Waits for a pull to begin; `None` when the stream's task is gone.
    async fn await_ring(&mut self) -> Option<()> {
        let open = |ring: &Option<sightline_media::ring::Ring>| {
            ring.as_ref().is_some_and(|r| !r.is_closed())
        };
        let ring = self.viewer.ring.wait_for(open).await.ok()?.clone()?;
        self.place = Some((ring.cursor_expecting(self.expected), ring.listen()));
        Some(())
    }

    fn enqueue(&mut self, step: Step) {
        if step.lost > 0 {
            self.next.push_back(Event::Gap(Gap { lost: step.lost }));
        }
        let tracks = step.entry.tracks();
        if self.announced.as_ref() != Some(tracks) {
            self.next.push_back(Event::Started(tracks_to_proto(tracks)));
            self.announced = Some(Arc::clone(tracks));
        }
        self.next
            .push_back(Event::Frame(frame_to_proto(step.entry.frame())));
    }
}
