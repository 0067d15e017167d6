//! The floor: the least work that can deliver frames to viewers.
//!
//! One thread. For each frame and viewer it makes one system call that sends bytes which all
//! viewers share; with TLS it encrypts them first. No protocol, no timers, no rules.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use rustls::ServerConnection;
use sightline_base::tls::Authority;
use sightline_media::{fmp4, ring};
use sightline_rpc::media::{frame_from_proto, tracks_from_proto};

use crate::stream::{Frames, Shape};

/// Frames that wait for a viewer that is behind; more are left out.
const WAITING_MAX: usize = 50;
/// Between two tries to send what did not fit in a socket.
const RETRY: Duration = Duration::from_millis(2);

/// Serves from now on; returns the port.
pub(super) fn serve(authority: Option<&Path>) -> anyhow::Result<u16> {
    let tls = match authority {
        None => None,
        Some(directory) => {
            let identity = Authority::open(directory)?.issue(&["localhost".to_owned()])?;
            Some(identity.into_server_config()?)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").context("listen")?;
    let port = listener.local_addr()?.port();
    let (welcome, newcomers) = channel();
    thread::spawn(move || accept(&listener, tls.as_ref(), &welcome));
    thread::spawn(move || send(&newcomers));
    Ok(port)
}

/// Viewers come from another thread, so that handshakes delay no frame.
fn accept(
    listener: &TcpListener,
    tls: Option<&Arc<rustls::ServerConfig>>,
    welcome: &Sender<Viewer>,
) {
    for socket in listener.incoming().flatten() {
        match Viewer::open(socket, tls) {
            Ok(viewer) => {
                if welcome.send(viewer).is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "a viewer of the floor"),
        }
    }
}

fn send(newcomers: &Receiver<Viewer>) {
    let mut viewers: Vec<Viewer> = Vec::new();
    let began = Instant::now();
    let interval = Shape::FOUR_MBIT.interval();
    for (n, message) in (0_u32..).zip(Messages::new()) {
        let due = began + interval * n;
        loop {
            viewers.retain_mut(|viewer| viewer.flush().is_ok());
            let now = Instant::now();
            if now >= due {
                break;
            }
            let behind = viewers.iter().any(Viewer::is_behind);
            thread::sleep((due - now).min(if behind { RETRY } else { interval }));
        }
        viewers.extend(newcomers.try_iter());
        viewers.retain_mut(|viewer| viewer.send(&message).is_ok());
    }
}

/// The same bytes as over WebSocket: a fragment with its header, made once per frame.
struct Messages {
    frames: Frames,
    writer: ring::Writer,
    cursor: ring::Cursor,
    next: u64,
}

impl Messages {
    fn new() -> Self {
        let (mut writer, ring) = ring::ring(ring::Limits::default());
        let tracks = tracks_from_proto(Frames::started()).expect("our tracks are valid");
        writer.set_tracks(tracks);
        Self {
            frames: Frames::new(Shape::FOUR_MBIT),
            cursor: ring.cursor(),
            writer,
            next: 0,
        }
    }
}

impl Iterator for Messages {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let frame = frame_from_proto(self.frames.frame(self.next)).ok()?;
        self.next += 1;
        self.writer.push(frame).ok()?;
        let entry = self.cursor.try_next()?.entry;
        let len = fmp4::fragment_len(&entry);
        let mut message = BytesMut::with_capacity(10 + len);
        // An unfragmented binary message (RFC 6455, 5.2).
        message.put_u8(0x82);
        match u16::try_from(len) {
            Ok(len) => {
                message.put_u8(126);
                message.put_u16(len);
            }
            Err(_) => {
                message.put_u8(127);
                message.put_u64(len as u64);
            }
        }
        fmp4::put_fragment(&mut message, &entry);
        Some(message.freeze())
    }
}

struct Viewer {
    socket: TcpStream,
    tls: Option<ServerConnection>,
    /// What did not fit in the socket; with TLS, `rustls` keeps it.
    waiting: VecDeque<Bytes>,
}

impl Viewer {
    fn open(
        mut socket: TcpStream,
        tls: Option<&Arc<rustls::ServerConfig>>,
    ) -> anyhow::Result<Self> {
        socket.set_nodelay(true)?;
        let mut session = None;
        if let Some(config) = tls {
            let mut connection = ServerConnection::new(Arc::clone(config))?;
            // A frame is encrypted at once and in one go.
            connection.set_buffer_limit(None);
            while connection.is_handshaking() {
                connection.complete_io(&mut socket)?;
            }
            session = Some(connection);
        }
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            tls: session,
            waiting: VecDeque::new(),
        })
    }

    fn is_behind(&self) -> bool {
        !self.waiting.is_empty() || self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    fn send(&mut self, message: &Bytes) -> io::Result<()> {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(message.clone());
        }
        self.flush()
    }

    /// Sends what the socket takes.
    fn flush(&mut self) -> io::Result<()> {
        match self.try_flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }

    fn try_flush(&mut self) -> io::Result<()> {
        loop {
            if let Some(tls) = &mut self.tls {
                while tls.wants_write() {
                    tls.write_tls(&mut self.socket)?;
                }
            }
            let Some(first) = self.waiting.front_mut() else {
                return Ok(());
            };
            let written = match &mut self.tls {
                Some(tls) => tls.writer().write(first)?,
                None => self.socket.write(first)?,
            };
            first.advance(written);
            if first.is_empty() {
                self.waiting.pop_front();
            }
        }
    }
}
