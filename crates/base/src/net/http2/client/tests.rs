use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderMap;
use futures::FutureExt as _;
use h2::SendStream;
use h2::server::{self, SendResponse};
use tokio::io::{
    AsyncBufRead, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    DuplexStream, ReadBuf,
};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::time::{pause, timeout};

use super::*;

/// Far smaller than what is sent.
const WINDOWS: Windows = Windows {
    stream_bytes: 1000,
    connection_bytes: 100_000,
    frame_bytes_max: 16_384,
};
const PATIENCE: Duration = Duration::from_secs(20);
const BODY_BYTES: usize = 300_000;

/// A body whose pieces differ.
fn body() -> Bytes {
    (0..BODY_BYTES).map(|at| (at / 7) as u8).collect()
}

/// Sends the body as there is room for it, then trailers.
async fn answer(mut respond: SendResponse<Bytes>) {
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    let mut left = body();
    while !left.is_empty() {
        let room = room(&mut stream, left.len()).await;
        stream.send_data(left.split_to(room), false).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("last", "word".parse().unwrap());
    stream.send_trailers(trailers).unwrap();
}

async fn room(stream: &mut SendStream<Bytes>, wanted: usize) -> usize {
    stream.reserve_capacity(wanted);
    loop {
        match stream.capacity() {
            0 => poll_fn(|cx| stream.poll_capacity(cx))
                .await
                .unwrap()
                .unwrap(),
            room => return room.min(wanted),
        };
    }
}

/// A client of a server that answers each request with the body, over a pipe of this size.
async fn client_over(pipe_bytes: usize) -> Client {
    let (near, far) = tokio::io::duplex(pipe_bytes);
    tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        while let Some(request) = server.accept().await {
            let (_, respond) = request.unwrap();
            tokio::spawn(answer(respond));
        }
    });
    let (client, connection) = open(BufReader::new(near), &[], WINDOWS).await.unwrap();
    tokio::spawn(connection);
    client
}

fn request() -> Request<()> {
    Request::post("http://server.invalid/").body(()).unwrap()
}

/// The body of an answer that goes beside h2, and its trailers.
async fn beside(client: &Client) -> (Vec<u8>, HeaderMap) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let takes = Arc::clone(&taken);
    let take = move |bytes: &[u8]| takes.lock().unwrap().extend_from_slice(bytes);
    let asked = client.ask_beside(request(), Bytes::from_static(b"?"), Box::new(take));
    let (answer, _taking) = asked.await.unwrap();
    let mut rest = answer.into_body();
    assert!(rest.data().await.is_none(), "all of it goes beside h2");
    let trailers = rest.trailers().await.unwrap().unwrap();
    let taken = std::mem::take(&mut *taken.lock().unwrap());
    (taken, trailers)
}

/// The body of an answer of h2.
async fn by_h2(client: &Client) -> Vec<u8> {
    // It takes a while to go out.
    let message = Bytes::from_static(&[7; 5000]);
    let answer = client.ask(request(), message).await.unwrap();
    let mut body = answer.into_body();
    let mut read = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        read.extend_from_slice(&data);
    }
    read
}

#[tokio::test]
async fn body_beside_h2_is_whole_and_ends_with_its_trailers() {
    let client = client_over(64 << 10).await;
    let (taken, trailers) = timeout(PATIENCE, beside(&client)).await.unwrap();
    assert!(taken == body());
    assert_eq!(trailers["last"], "word");
}

#[tokio::test]
async fn bodies_beside_h2_and_in_it_do_not_disturb_each_other() {
    // Small pipes cut frames and updates of windows anywhere.
    for pipe_bytes in [41, 4096] {
        let client = client_over(pipe_bytes).await;
        let by_h2 = async {
            for _ in 0..3 {
                assert!(by_h2(&client).await == body());
            }
        };
        let all = async { tokio::join!(beside(&client), beside(&client), by_h2) };
        let (first, second, ()) = timeout(PATIENCE, all).await.unwrap();
        assert!([first.0, second.0].iter().all(|of| *of == body()));
    }
}

#[tokio::test]
async fn nothing_is_taken_of_a_body_that_is_not_wanted_any_more_and_others_go_on() {
    let client = client_over(4096).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let takes = Arc::clone(&taken);
    let take = move |bytes: &[u8]| {
        takes.fetch_add(bytes.len(), Ordering::SeqCst);
    };
    let unwanted = client.ask_beside(request(), Bytes::new(), Box::new(take));
    drop(unwanted.await.unwrap());
    let taken_until_then = taken.load(Ordering::SeqCst);
    let (of_other, _) = timeout(PATIENCE, beside(&client)).await.unwrap();
    assert!(of_other == body());
    assert_eq!(taken.load(Ordering::SeqCst), taken_until_then);
    assert_eq!(Arc::strong_count(&taken), 1, "nobody takes it");
}

/// A pipe that counts how often it was flushed, which h2 does whenever it is polled.
struct Counting {
    pipe: BufReader<DuplexStream>,
    flushes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncBufRead for Counting {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().pipe).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.pipe).consume(amount);
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn body_that_is_taken_costs_no_look_at_h2() {
    const PIECES: usize = 20;
    let (near, far) = tokio::io::duplex(4096);
    let flushes = Arc::new(AtomicUsize::new(0));
    let stream = Counting {
        pipe: BufReader::new(near),
        flushes: Arc::clone(&flushes),
    };
    let (client, connection) = open(stream, &[], WINDOWS).await.unwrap();
    tokio::spawn(connection);
    let (send, mut taken) = unbounded_channel();
    let (next, mut nexts) = unbounded_channel();
    tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        let (_, mut respond) = server.accept().await.unwrap().unwrap();
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        let send = async {
            while let Some(()) = nexts.recv().await {
                stream
                    .send_data(Bytes::from_static(b"piece"), false)
                    .unwrap();
            }
        };
        tokio::join!(send, server.accept());
    });
    let take = move |bytes: &[u8]| send.send(bytes.to_vec()).unwrap();
    let asked = client.ask_beside(request(), Bytes::new(), Box::new(take));
    let _answer = timeout(PATIENCE, asked).await.unwrap().unwrap();
    let mut flushes_before = 0;
    for n in 0..PIECES {
        next.send(()).unwrap();
        let piece = timeout(PATIENCE, taken.recv()).await.unwrap().unwrap();
        assert_eq!(piece, b"piece");
        match n {
            // Whatever was on its way has come with the first.
            0 => flushes_before = flushes.load(Ordering::SeqCst),
            _ => assert_eq!(flushes.load(Ordering::SeqCst), flushes_before, "{n}"),
        }
    }
}

#[tokio::test]
async fn nothing_more_is_read_while_h2_has_not_read_what_there_is() {
    let ping = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[7; 8]].concat();
    let (near, mut far) = tokio::io::duplex(4096);
    let link = Link::new(Box::new(BufReader::new(near)), &[], WINDOWS);
    let (mut cx, mut for_h2) = (
        Context::from_waker(Waker::noop()),
        Context::from_waker(Waker::noop()),
    );
    for _ in 0..3 {
        far.write_all(&ping).await.unwrap();
        assert!(link.poll_receive(&mut cx, &mut for_h2).is_ready());
    }
    let mut read = Vec::new();
    let mut io = Io(link.clone());
    let mut is_first = true;
    while let Some(n) = io.read_buf(&mut read).now_or_never() {
        assert!(n.unwrap() > 0);
        assert!(std::mem::take(&mut is_first));
    }
    assert_eq!(read, ping);
    assert!(link.poll_receive(&mut cx, &mut for_h2).is_ready());
}

#[tokio::test]
async fn closed_client_asks_nothing_and_ends_the_connection_after_the_last_answer() {
    let (near, far) = tokio::io::duplex(4096);
    let (client, connection) = open(BufReader::new(near), &[], WINDOWS).await.unwrap();
    let connection = tokio::spawn(connection);
    let server = tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        let (_, respond) = server.accept().await.unwrap().unwrap();
        tokio::spawn(answer(respond));
        assert!(server.accept().await.is_none());
    });
    let ask = async {
        let asked = client.ask(request(), Bytes::new()).await.unwrap();
        client.close();
        let refused = client.ask(request(), Bytes::new()).await;
        assert!(matches!(refused, Err(AskError::Closed)));
        let mut body = asked.into_body();
        let mut bytes = 0;
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            body.flow_control().release_capacity(data.len()).unwrap();
            bytes += data.len();
        }
        assert_eq!(bytes, BODY_BYTES);
    };
    timeout(PATIENCE, ask).await.unwrap();
    timeout(PATIENCE, connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    timeout(PATIENCE, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn server_that_goes_away_ends_the_connection_and_its_answers() {
    let (near, far) = tokio::io::duplex(4096);
    let (client, connection) = open(BufReader::new(near), &[], WINDOWS).await.unwrap();
    let connection = tokio::spawn(connection);
    let server = tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        let (_, mut respond) = server.accept().await.unwrap().unwrap();
        let _stream = respond.send_response(Response::new(()), false).unwrap();
        poll_fn(|cx| server.poll_closed(cx)).await
    });
    let asked = client.ask_beside(request(), Bytes::new(), Box::new(|_| {}));
    let (answer, _taking) = timeout(PATIENCE, asked).await.unwrap().unwrap();
    server.abort();
    let ended = timeout(PATIENCE, answer.into_body().data()).await.unwrap();
    assert!(ended.unwrap().is_err());
    let _ = timeout(PATIENCE, connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_was_read_before_is_heard() {
    let (mut near, far) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        let (_, respond) = server.accept().await.unwrap().unwrap();
        tokio::spawn(answer(respond));
        server.accept().await
    });
    // A server says its settings first; this is a part of them.
    let mut first = [0; 5];
    near.read_exact(&mut first).await.unwrap();
    let (client, connection) = open(BufReader::new(near), &first, WINDOWS).await.unwrap();
    tokio::spawn(connection);
    assert!(timeout(PATIENCE, by_h2(&client)).await.unwrap() == body());
}

#[tokio::test]
async fn server_is_silent_when_it_does_not_even_answer_when_asked() {
    const INTERVAL: Duration = Duration::from_secs(10);
    const LIMIT: Duration = Duration::from_secs(5);
    pause();
    let (near, far) = tokio::io::duplex(4096);
    let (_client, mut connection) = open(BufReader::new(near), &[], WINDOWS).await.unwrap();
    let mut silence = pin!(connection.silence(INTERVAL, LIMIT));
    tokio::spawn(connection);
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let mut server = server::handshake(far).await.unwrap();
        tokio::select! {
            _ = server.accept() => {}
            _ = stopped => {}
        }
        // It stays connected.
        std::future::pending::<()>().await;
    });
    let while_it_answers = timeout(100 * INTERVAL, silence.as_mut()).await;
    assert!(while_it_answers.is_err());
    stop.send(()).unwrap();
    let after = timeout(INTERVAL + LIMIT, silence).await;
    assert!(after.is_ok());
}
