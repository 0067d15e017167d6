//! What stands between a camera and the agent: a relay that passes RTSP on, and RTP over UDP, and can
//! spoil both.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// What the relay does to the camera.
#[derive(Clone, Copy)]
pub(super) struct Faults {
    /// Whether a packet of RTP over UDP is lost, by its stream in the order of SETUP (from 0) and its
    /// number in that stream.
    pub(super) lose: fn(usize, u64) -> bool,
    /// Spoils the header of the answer to a request with this method; for SETUP the stream is told.
    pub(super) answer: fn(&str, usize, String) -> String,
}

impl Faults {
    pub(super) const NONE: Self = Self {
        lose: |_, _| false,
        answer: |_, _, header| header,
    };
}

/// A running relay; it ends with this.
pub(super) struct Relay {
    port: u16,
    _accepting: JoinSet<()>,
}

impl Relay {
    /// Relays to a camera on this port of the loopback interface.
    pub(super) async fn start(camera: u16, faults: Faults) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((agent, _)) = listener.accept().await {
                let camera = TcpStream::connect((Ipv4Addr::LOCALHOST, camera))
                    .await
                    .unwrap();
                connections.spawn(relay(agent, camera, faults));
            }
        });
        Self {
            port,
            _accepting: accepting,
        }
    }

    /// Address of one of the camera's mounts.
    pub(super) fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{mount}", self.port)
    }
}

/// The request that waits for its answer; RTSP clients send one at a time.
#[derive(Default)]
struct Asked {
    method: String,
    /// Streams that were set up, with this one.
    streams: usize,
    /// Of a SETUP over UDP: the agent's RTP port, and the relay's two.
    udp: Option<Udp>,
}

struct Udp {
    agent: u16,
    from_camera: UdpSocket,
    to_agent: UdpSocket,
}

async fn relay(agent: TcpStream, camera: TcpStream, faults: Faults) {
    let asked = Arc::new(Mutex::new(Asked::default()));
    let (from_agent, to_agent) = agent.into_split();
    let (from_camera, to_camera) = camera.into_split();
    tokio::select! {
        () = requests(from_agent, to_camera, &asked) => {}
        () = answers(from_camera, to_agent, &asked, faults) => {}
    }
}

async fn requests(agent: OwnedReadHalf, mut camera: OwnedWriteHalf, asked: &Mutex<Asked>) {
    let mut agent = BufReader::new(agent);
    while let Some(Message::Header(mut header)) = read(&mut agent).await {
        let method = header.split(' ').next().unwrap().to_owned();
        let mut udp = None;
        if let Some(port) = number_after(&header, "client_port=") {
            let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
            let sockets = (bind().await.unwrap(), bind().await.unwrap());
            let relay = sockets.0.local_addr().unwrap().port();
            header = with_ports(&header, "client_port=", relay);
            udp = Some(Udp {
                agent: port,
                from_camera: sockets.0,
                to_agent: sockets.1,
            });
        }
        {
            let mut asked = asked.lock().unwrap();
            asked.streams += usize::from(method == "SETUP");
            (asked.method, asked.udp) = (method, udp);
        }
        if camera.write_all(header.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answers(
    camera: OwnedReadHalf,
    mut agent: OwnedWriteHalf,
    asked: &Mutex<Asked>,
    faults: Faults,
) {
    let mut camera = BufReader::new(camera);
    let mut streams = JoinSet::new();
    while let Some(message) = read(&mut camera).await {
        let bytes = match message {
            Message::Data(data) => data,
            Message::Header(mut header) => {
                let mut body = vec![
                    0;
                    number_after(&header, "Content-Length: ")
                        .unwrap_or(0)
                        .into()
                ];
                camera.read_exact(&mut body).await.unwrap();
                let mut asked = asked.lock().unwrap();
                let stream = asked.streams.saturating_sub(1);
                if let Some(udp) = asked.udp.take() {
                    let relay = udp.to_agent.local_addr().unwrap().port();
                    header = with_ports(&header, "client_port=", udp.agent);
                    header = with_ports(&header, "server_port=", relay);
                    streams.spawn(packets(udp, stream, faults));
                }
                header = (faults.answer)(&asked.method, stream, header);
                [header.into_bytes(), body].concat()
            }
        };
        if agent.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn packets(udp: Udp, stream: usize, faults: Faults) {
    let mut packet = [0; 65_536];
    for number in 0.. {
        let bytes = udp.from_camera.recv(&mut packet).await.unwrap();
        if !(faults.lose)(stream, number) {
            let agent = (Ipv4Addr::LOCALHOST, udp.agent);
            // Refused once the agent is gone.
            let _ = udp.to_agent.send_to(&packet[..bytes], agent).await;
        }
    }
}

enum Message {
    /// Start line and header fields, with the empty line.
    Header(String),
    /// Interleaved data (RFC 2326, 10.12).
    Data(Vec<u8>),
}

async fn read(from: &mut BufReader<OwnedReadHalf>) -> Option<Message> {
    if *from.fill_buf().await.ok()?.first()? == b'$' {
        let mut data = vec![0; 4];
        from.read_exact(&mut data).await.ok()?;
        let bytes = u16::from_be_bytes([data[2], data[3]]);
        data.resize(4 + usize::from(bytes), 0);
        from.read_exact(&mut data[4..]).await.ok()?;
        return Some(Message::Data(data));
    }
    let mut header = String::new();
    while !header.ends_with("\r\n\r\n") {
        if from.read_line(&mut header).await.ok()? == 0 {
            return None;
        }
    }
    Some(Message::Header(header))
}

/// The number after these words.
fn number_after(header: &str, words: &str) -> Option<u16> {
    let (_, rest) = header.split_once(words)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Puts this port and the next one behind the words.
fn with_ports(header: &str, words: &str, port: u16) -> String {
    let Some((before, rest)) = header.split_once(words) else {
        return header.to_owned();
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    format!("{before}{words}{port}-{}{rest}", port.wrapping_add(1))
}
