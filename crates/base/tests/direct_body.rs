//! Bodies that are written beside h2, with real sockets, for clients that keep count.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::ready;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::{get, post};
use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{Reason, RecvStream};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use sightline_base::net::{self, BodyWriter, DirectBody, Seats, Serve};
use sightline_base::tls::{self, Authority};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes that comes at all, and shorter than the wait for a ping, which would wake
/// what is stuck.
const PATIENCE: Duration = Duration::from_secs(15);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ANSWER: &[u8] = &[b'a'; 10_000];

/// The body that is written: each piece has its number in every byte.
fn body() -> Vec<Bytes> {
    (0..40_u8)
        .map(|number| vec![number; 200 + 900 * usize::from(number)].into())
        .collect()
}

/// A server whose `/direct` is written beside h2, and whose `/` is not.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    writers: Arc<Mutex<Vec<oneshot::Sender<BodyWriter>>>>,
}

impl Server {
    async fn start() -> Self {
        Self::with(None).await
    }

    async fn with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let writers: Arc<Mutex<Vec<oneshot::Sender<BodyWriter>>>> = Arc::default();
        let wanted = Arc::clone(&writers);
        let direct = move |mut request: Request| async move {
            let direct = request.extensions_mut().remove::<DirectBody>();
            let Some(direct) = direct else {
                return "not direct".into();
            };
            let writer = direct.take().expect("nobody has taken it");
            assert!(direct.take().is_none());
            let to = wanted.lock().unwrap().pop();
            match to {
                Some(to) => drop(to.send(writer)),
                None => drop(tokio::spawn(write_all(writer, body()))),
            }
            Body::from("left out")
        };
        let router = Router::new()
            .route("/", get(|| async { ANSWER }))
            .route("/direct", post(direct));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let options = Serve {
            tls,
            seats: Seats::new(8, None),
        };
        tokio::spawn(net::serve(listener, router, options, shutdown.clone()));
        Self {
            address,
            shutdown,
            writers,
        }
    }

    /// The writer of the next response.
    fn next_writer(&self) -> oneshot::Receiver<BodyWriter> {
        let (sender, receiver) = oneshot::channel();
        self.writers.lock().unwrap().push(sender);
        receiver
    }

    async fn client(&self, builder: &client::Builder) -> SendRequest<Bytes> {
        let conn = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = builder.handshake(conn).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    async fn raw(&self) -> Raw<TcpStream> {
        Raw::new(TcpStream::connect(self.address).await.unwrap()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn write(writer: &mut BodyWriter, pieces: Vec<Bytes>) -> io::Result<()> {
    let mut left = VecDeque::from(pieces);
    poll_fn(|cx| {
        while !left.is_empty() {
            ready!(writer.poll_write(cx, &mut left))?;
        }
        writer.poll_flush(cx)
    })
    .await
}

async fn write_all(mut writer: BodyWriter, pieces: Vec<Bytes>) {
    if write(&mut writer, pieces).await.is_ok() {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        writer.finish(VecDeque::new(), trailers);
    }
}

fn grpc(path: &str) -> http::Request<()> {
    http::Request::post(format!("http://a{path}"))
        .header("content-type", "application/grpc")
        .body(())
        .unwrap()
}

async fn call(
    sender: &SendRequest<Bytes>,
    request: http::Request<()>,
) -> http::Response<RecvStream> {
    let mut sender = sender.clone().ready().await.unwrap();
    let (answer, _) = sender.send_request(request, true).unwrap();
    answer.await.unwrap()
}

/// Reads all of it; the client counts what it has given and what has come.
async fn read(mut body: RecvStream) -> (Vec<u8>, Option<HeaderMap>) {
    let mut read = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        read.extend_from_slice(&data);
    }
    (read, body.trailers().await.unwrap())
}

async fn arrives_whole(builder: &client::Builder) {
    let server = Server::start().await;
    let sender = server.client(builder).await;
    let direct = call(&sender, grpc("/direct")).await;
    assert_eq!(direct.headers().get("content-length"), None);
    assert!(direct.headers().contains_key("date"));
    let direct = tokio::spawn(read(direct.into_body()));
    while !direct.is_finished() {
        let request = http::Request::get("http://a/").body(()).unwrap();
        let (answer, _) = read(call(&sender, request).await.into_body()).await;
        assert_eq!(answer, ANSWER);
    }
    let (read, trailers) = direct.await.unwrap();
    assert!(read == body().concat());
    assert_eq!(trailers.unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn written_body_arrives_whole_among_other_answers() {
    arrives_whole(&client::Builder::new()).await;
}

#[tokio::test]
async fn written_body_arrives_whole_through_wide_windows_and_large_frames() {
    arrives_whole(
        client::Builder::new()
            .initial_window_size(8 << 20)
            .initial_connection_window_size(8 << 20)
            .max_frame_size(1 << 20),
    )
    .await;
}

#[tokio::test]
async fn written_body_arrives_whole_through_a_narrow_window() {
    arrives_whole(client::Builder::new().initial_window_size(100)).await;
}

#[tokio::test]
async fn client_that_has_enough_ends_its_writer_alone() {
    let server = Server::start().await;
    let sender = server.client(&client::Builder::new()).await;
    let writer = server.next_writer();
    let answer = call(&sender, grpc("/direct")).await;
    let mut writer = writer.await.unwrap();
    drop(answer);
    let over = async { while write(&mut writer, body()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
    let whole = call(&sender, grpc("/direct")).await;
    assert!(read(whole.into_body()).await.0 == body().concat());
}

#[tokio::test]
async fn writer_that_is_dropped_resets_its_stream() {
    let server = Server::start().await;
    let sender = server.client(&client::Builder::new()).await;
    let writer = server.next_writer();
    let mut answer = call(&sender, grpc("/direct")).await;
    drop(writer.await.unwrap());
    let error = answer.body_mut().data().await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::CANCEL));
}

#[tokio::test]
async fn last_words_are_sent_when_the_client_takes_them() {
    let server = Server::start().await;
    let sender = server.client(&client::Builder::new()).await;
    let writer = server.next_writer();
    let answer = call(&sender, grpc("/direct")).await;
    // More than the client has room for, and nobody writes any more.
    let mut writer = writer.await.unwrap();
    let with_nothing_between = body().into_iter().flat_map(|piece| [Bytes::new(), piece]);
    writer.finish(
        with_nothing_between.chain([Bytes::new()]).collect(),
        HeaderMap::new(),
    );
    drop(writer);
    assert!(read(answer.into_body()).await.0 == body().concat());
}

#[tokio::test(start_paused = true)]
async fn last_words_that_the_client_does_not_take_are_forgotten() {
    let server = Server::start().await;
    let writer = server.next_writer();
    let mut raw = server.raw().await;
    raw.settings(&[]).await;
    raw.request(1, "/direct").await;
    let mut writer = writer.await.unwrap();
    writer.finish(body().into(), HeaderMap::new());
    let reset = async {
        loop {
            match raw.frame().await.unwrap() {
                (RST_STREAM, _, 1, reason) => return reason,
                (PING, ..) => panic!("the connection was asked first"),
                _ => {}
            }
        }
    };
    let cancel = u32::from(Reason::CANCEL).to_be_bytes();
    assert_eq!(reset.await, cancel);
}

#[tokio::test]
async fn connection_that_is_cut_ends_its_writers() {
    let server = Server::start().await;
    let writer = server.next_writer();
    let mut raw = server.raw().await;
    raw.settings(&[]).await;
    raw.request(1, "/direct").await;
    let mut writer = writer.await.unwrap();
    drop(raw);
    let over = async { while write(&mut writer, body()).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
}

#[tokio::test]
async fn bodies_of_other_requests_are_not_direct() {
    let server = Server::start().await;
    let sender = server.client(&client::Builder::new()).await;
    for kind in [
        "application/grpc-web",
        "application/grpc-web+proto",
        "text/plain",
    ] {
        let mut request = grpc("/direct");
        let kind = HeaderValue::from_static(kind);
        request.headers_mut().insert("content-type", kind);
        let answer = call(&sender, request).await;
        assert_eq!(read(answer.into_body()).await.0, b"not direct");
    }
}

/// TLS keeps what the socket does not take, and the client gives no room before it has it.
#[tokio::test]
async fn written_body_arrives_whole_through_tls_and_a_thin_socket() {
    const RECEIVE_BYTES: u32 = 4096;
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::open(directory.path()).unwrap();
    let identity = authority.issue(&["localhost".to_owned()]).unwrap();
    let server = Server::with(Some(identity.into_server_config().unwrap())).await;
    let mut roots = RootCertStore::empty();
    for certificate in tls::certificates(authority.certificate_file()).unwrap() {
        roots.add(certificate).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
    let socket = socket.connect(server.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    let conn = connector.connect(name, socket).await.unwrap();
    let mut raw = Raw::new(conn).await;
    raw.settings(&[(INITIAL_WINDOW, 1 << 20)]).await;
    raw.request(1, "/direct").await;
    let whole = body().concat();
    let read = tokio::time::timeout(PATIENCE, raw.data(1, 65_535)).await;
    assert!(read.unwrap() == whole[..65_535]);
    raw.update(0, 1 << 20).await;
    let rest = raw.data(1, whole.len() - 65_535);
    let read = tokio::time::timeout(PATIENCE, rest).await;
    assert!(read.unwrap() == whole[65_535..]);
}

/// A client that says what a test wants.
struct Raw<S>(S);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    async fn new(mut conn: S) -> Self {
        conn.write_all(PREFACE).await.unwrap();
        Self(conn)
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload];
        self.0.write_all(&frame.concat()).await?;
        self.0.flush().await
    }

    async fn settings(&mut self, settings: &[(u16, u32)]) {
        let payload: Vec<u8> = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        self.send(SETTINGS, 0, 0, &payload).await.unwrap();
    }

    /// A whole request (RFC 7541: fields of the static table, and literals that are not kept).
    async fn request(&mut self, stream: u32, path: &str) {
        let kind = b"application/grpc";
        let method = if path == "/" { 0x82 } else { 0x83 };
        let block = [
            &[method, 0x86, 0x04, u8::try_from(path.len()).unwrap()],
            path.as_bytes(),
            b"\x01\x01a\x0f\x10",
            &[u8::try_from(kind.len()).unwrap()],
            kind,
        ];
        // END_STREAM and END_HEADERS.
        self.send(HEADERS, 5, stream, &block.concat())
            .await
            .unwrap();
    }

    async fn update(&mut self, stream: u32, increment: u32) {
        let increment = increment.to_be_bytes();
        self.send(WINDOW_UPDATE, 0, stream, &increment)
            .await
            .unwrap();
    }

    /// The next frame: type, flags, stream and payload; an error when there is none any more.
    async fn frame(&mut self) -> io::Result<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let [l0, l1, l2, kind, flags, stream @ ..] = head;
        let len = u32::from_be_bytes([0, l0, l1, l2]);
        let mut payload = vec![0; len as usize];
        self.0.read_exact(&mut payload).await?;
        Ok((kind, flags, u32::from_be_bytes(stream), payload))
    }

    /// DATA of a stream until there were so many bytes.
    async fn data(&mut self, of: u32, bytes: usize) -> Vec<u8> {
        let mut read = Vec::new();
        while read.len() < bytes {
            let (kind, _, stream, payload) = self.frame().await.unwrap();
            if (kind, stream) == (DATA, of) {
                read.extend(payload);
            }
        }
        read
    }

    /// What else is on its way: everything before the answer to a ping.
    async fn until_pong(&mut self) -> Vec<(u8, u32)> {
        self.send(PING, 0, 0, b"12345678").await.unwrap();
        let mut seen = Vec::new();
        loop {
            match self.frame().await.unwrap() {
                (PING, ACK, ..) => return seen,
                (kind, _, stream, _) => seen.push((kind, stream)),
            }
        }
    }
}

const INITIAL_WINDOW: u16 = 4;

#[tokio::test]
async fn nothing_is_written_beyond_what_the_client_has_room_for() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.settings(&[(INITIAL_WINDOW, 0)]).await;
    raw.request(1, "/direct").await;
    // Together with the request, before anybody has taken the body.
    raw.update(1, 150).await;
    let whole = body().concat();
    assert_eq!(raw.data(1, 150).await, whole[..150]);
    let others = raw.until_pong().await;
    assert!(!others.contains(&(DATA, 1)), "{others:?}");
    raw.settings(&[(INITIAL_WINDOW, 100)]).await;
    assert_eq!(raw.data(1, 100).await, whole[150..250]);
    raw.update(1, 1 << 20).await;
    // What the connection has room for in all.
    assert_eq!(raw.data(1, 65_535 - 250).await, whole[250..65_535]);
    let others = raw.until_pong().await;
    assert!(!others.contains(&(DATA, 1)), "{others:?}");
    raw.update(0, 20_000).await;
    assert_eq!(raw.data(1, 20_000).await, whole[65_535..85_535]);
}

#[tokio::test]
async fn answer_of_h2_is_not_starved_by_a_writer() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.settings(&[(INITIAL_WINDOW, 1 << 20)]).await;
    raw.request(1, "/direct").await;
    raw.data(1, 65_535).await;
    raw.request(3, "/").await;
    // Too little for the answer each time, and welcome to the writer.
    let given = async {
        for _ in 0..ANSWER.len() / 1000 {
            raw.update(0, 1000).await;
        }
        raw.data(3, ANSWER.len()).await
    };
    assert_eq!(tokio::time::timeout(PATIENCE, given).await.unwrap(), ANSWER);
}

#[tokio::test]
async fn client_that_speaks_and_does_not_listen_is_let_go() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.settings(&[(INITIAL_WINDOW, 1 << 20)]).await;
    raw.request(1, "/direct").await;
    raw.data(1, 65_535).await;
    raw.request(3, "/").await;
    let flood = async { while raw.send(PING, 0, 0, b"12345678").await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood).await.unwrap();
}

#[tokio::test]
async fn window_beyond_its_limit_ends_the_connection() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.settings(&[]).await;
    raw.request(1, "/direct").await;
    raw.data(1, 1).await;
    for _ in 0..2 {
        raw.update(0, (1 << 31) - 1).await;
    }
    let over = async { while raw.frame().await.is_ok() {} };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
}

#[tokio::test]
async fn mistakes_of_a_client_are_told_by_h2() {
    let empty_settings_of_a_stream = (SETTINGS, 1, &[][..]);
    let half_a_setting = (SETTINGS, 0, &[0, 4, 0][..]);
    let update_of_nothing = (WINDOW_UPDATE, 0, &[0; 4][..]);
    let half_an_update = (WINDOW_UPDATE, 0, &[0; 3][..]);
    for (kind, stream, payload) in [
        empty_settings_of_a_stream,
        half_a_setting,
        update_of_nothing,
        half_an_update,
    ] {
        let server = Server::start().await;
        let mut raw = server.raw().await;
        raw.settings(&[]).await;
        raw.request(1, "/direct").await;
        raw.data(1, 1).await;
        raw.send(kind, 0, stream, payload).await.unwrap();
        let told = async {
            loop {
                match raw.frame().await {
                    Ok((GOAWAY, ..)) => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
        };
        let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
        assert!(told, "{kind} {stream} {payload:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn silent_client_is_asked_and_then_let_go() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.settings(&[]).await;
    let ping = loop {
        let (kind, flags, _, payload) = raw.frame().await.unwrap();
        if (kind, flags) == (PING, 0) {
            break payload;
        }
    };
    // Whoever answers stays, and is asked again.
    raw.send(PING, ACK, 0, &ping).await.unwrap();
    let mut pings = 0;
    while let Ok((kind, flags, ..)) = raw.frame().await {
        pings += usize::from((kind, flags) == (PING, 0));
    }
    assert_eq!(pings, 1);
}
