//! Listeners and connections, with real sockets.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sightline_base::net::{self, Affinity, Seats, Serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;
const WORK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A listener on a port of its own, until this is dropped.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
}

impl Server {
    async fn start(router: Router, seats: Seats) -> Self {
        let listener = TcpListener::bind((HOME, 0)).await.expect("listen");
        let address = listener.local_addr().expect("address");
        let shutdown = CancellationToken::new();
        let options = Serve { tls: None, seats };
        tokio::spawn(net::serve(listener, router, options, shutdown.clone()));
        Self { address, shutdown }
    }

    async fn connect_from(&self, from: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("socket");
        socket.bind((IpAddr::from(from), 0).into()).expect("bind");
        socket.connect(self.address).await.expect("connect")
    }

    async fn http2(&self) -> SendRequest<Empty<Bytes>> {
        let conn = TokioIo::new(self.connect_from(HOME).await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), conn)
            .await
            .expect("handshake");
        tokio::spawn(connection);
        sender
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn greeting() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

fn request(path: &str) -> hyper::Request<Empty<Bytes>> {
    hyper::Request::get(format!("http://localhost{path}"))
        .body(Empty::new())
        .expect("request")
}

/// What is answered over HTTP/1.1; empty when the connection was closed without a word.
async fn greet(conn: &mut TcpStream) -> String {
    let asked = conn.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // A connection that is closed at once may refuse what is sent.
    if asked.await.is_ok() {
        let _ = conn.read_to_end(&mut answer).await;
    }
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn connections_beyond_those_of_one_address_are_closed_and_others_served() {
    let server = Server::start(greeting(), Seats::new(8, Some(2))).await;
    let mut idle = Vec::new();
    for _ in 0..2 {
        idle.push(server.connect_from(HOME).await);
    }
    assert_eq!(greet(&mut server.connect_from(HOME).await).await, "");
    let answer = greet(&mut server.connect_from(WORK).await).await;
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(greet(&mut idle[0]).await.ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn client_that_says_nothing_is_let_go() {
    let server = Server::start(greeting(), Seats::new(8, None)).await;
    for words in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
        let mut conn = server.connect_from(HOME).await;
        conn.write_all(words).await.unwrap();
        assert_eq!(conn.read(&mut [0; 64]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn upgraded_connection_keeps_its_seat() {
    let upgraded = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&upgraded);
    let upgrade = move |mut request: Request<Body>| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move { *kept.lock().unwrap() = upgrade.await.ok() });
        (
            StatusCode::SWITCHING_PROTOCOLS,
            [("connection", "upgrade"), ("upgrade", "words")],
        )
    };
    let router = greeting().route("/words", get(upgrade));
    let seats = Seats::new(8, Some(1));
    let server = Server::start(router, seats.clone()).await;
    let mut conn = server.connect_from(HOME).await;
    conn.write_all(
        b"GET /words HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: words\r\n\r\n",
    )
    .await
    .unwrap();
    let mut head = [0; 12];
    conn.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    while upgraded.lock().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(greet(&mut server.connect_from(HOME).await).await, "");
    upgraded.lock().unwrap().take();
    let answer = greet(&mut server.connect_from(HOME).await).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

async fn panics() -> StatusCode {
    panic!("a panic of this test")
}

#[tokio::test]
async fn panic_in_one_request_leaves_the_others_of_its_connection_alone() {
    let go_on = Arc::new(Notify::new());
    let waits = Arc::clone(&go_on);
    let router = Router::new()
        .route("/waits", get(|| async move { waits.notified().await }))
        .route("/panics", get(panics));
    let server = Server::start(router, Seats::new(8, None)).await;
    let mut sender = server.http2().await;
    let waiting = tokio::spawn(sender.send_request(request("/waits")));
    let answer = sender.send_request(request("/panics")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    go_on.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn connection_moves_to_the_runtime_that_its_stream_comes_from() {
    const ELSEWHERE: &str = "elsewhere";
    let elsewhere = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(ELSEWHERE)
        .enable_all()
        .build()
        .unwrap();
    let runtime = elsewhere.handle().clone();
    let stream = move |request: Request<Body>| async move {
        let affinity = request.extensions().get::<Affinity>().cloned().unwrap();
        affinity.pin_to(runtime);
        let name = || std::thread::current().name().unwrap_or_default().to_owned();
        let names = futures::stream::repeat_with(move || Ok::<_, Infallible>(name()));
        Body::from_stream(futures::StreamExt::take(names, 3))
    };
    let server = Server::start(
        greeting().route("/stream", get(stream)),
        Seats::new(8, None),
    )
    .await;
    let mut sender = server.http2().await;
    let answer = sender.send_request(request("/stream")).await.unwrap();
    let names = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(names, ELSEWHERE.repeat(3));
    // What else is asked on that connection is served as before.
    let answer = sender.send_request(request("/")).await.unwrap();
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    drop(server);
    elsewhere.shutdown_background();
}

#[tokio::test]
async fn shutdown_lets_an_open_request_finish() {
    let go_on = Arc::new(Notify::new());
    let waits = Arc::clone(&go_on);
    let begun = Arc::new(Notify::new());
    let begins = Arc::clone(&begun);
    let router = Router::new().route(
        "/",
        get(|| async move {
            begins.notify_one();
            waits.notified().await;
        }),
    );
    let server = Server::start(router, Seats::new(8, None)).await;
    let mut sender = server.http2().await;
    let waiting = tokio::spawn(sender.send_request(request("/")));
    begun.notified().await;
    server.shutdown.cancel();
    go_on.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().status(), StatusCode::OK);
}
