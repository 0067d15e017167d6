//! One call of any method, by its way.

use anyhow::Context as _;
use bytes::{Buf as _, BufMut as _};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use sightline_loadtest::account::authorized;
use sightline_loadtest::connect::Target;
use sightline_loadtest::viewer::{Event, Keep, websocket};
use sightline_tests::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::contracts::{Method, Way};

/// What a call came to: the answer, or the first message of a stream, as JSON; or the refusal.
pub(super) type Outcome = Result<String, Status>;

/// Who calls, by which connection.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) channel: Channel,
    pub(super) target: Target,
    pub(super) token: Option<String>,
    /// In every call.
    pub(super) headers: Vec<(&'static str, String)>,
}

/// Calls a method with a request.
pub(super) async fn call(line: &Line, method: &Method, request: DynamicMessage) -> Outcome {
    let broken = |error: anyhow::Error| Status::unknown(format!("{error:#}"));
    let called = async {
        match method.way {
            Way::Grpc => grpc(line, method, request).await,
            Way::WebSocket => websocket(line, &request)
                .await
                .unwrap_or_else(|e| Err(broken(e))),
            Way::Picture => picture(line, &request)
                .await
                .unwrap_or_else(|e| Err(broken(e))),
        }
    };
    let called = tokio::time::timeout(PATIENCE, called).await;
    called.unwrap_or_else(|_| Err(Status::unknown("no answer")))
}

async fn grpc(line: &Line, method: &Method, request: DynamicMessage) -> Outcome {
    let mut client = tonic::client::Grpc::new(line.channel.clone());
    client
        .ready()
        .await
        .map_err(|e| Status::unknown(e.to_string()))?;
    let path = format!("/{}", method.path).parse().expect("a path");
    let mut request = match &line.token {
        Some(token) => authorized(request, token).expect("a token"),
        None => Request::new(request),
    };
    for (name, value) in &line.headers {
        let value = value.parse().expect("a value of a header");
        request.metadata_mut().insert(*name, value);
    }
    let answer = client.server_streaming(request, path, Untyped(method.answer.clone()));
    let first = answer.await?.into_inner().message().await?;
    let first = first.ok_or_else(|| Status::unknown("an empty stream"))?;
    Ok(serde_json::to_string(&first).expect("JSON"))
}

/// `DEVICE/CHANNEL`, as in a route.
fn place(request: &DynamicMessage) -> String {
    let field = |name| {
        request
            .get_field_by_name(name)
            .expect("a field")
            .into_owned()
    };
    let device = field("device_id")
        .as_str()
        .expect("a text")
        .replace('-', "");
    format!("{device}/{}", field("channel").as_u32().expect("a number"))
}

async fn websocket(line: &Line, request: &DynamicMessage) -> anyhow::Result<Outcome> {
    let token = line.token.as_deref().unwrap_or_default();
    let place = place(request);
    let mut viewer = websocket::Viewer::open(&line.target, &place, token, Keep::Whole).await?;
    Ok(match viewer.next().await?.context("closed")? {
        Event::Ended { reason, message } => Err(Status::new(code_of(&reason), message)),
        event => Ok(format!("{event:?}")),
    })
}

async fn picture(line: &Line, request: &DynamicMessage) -> anyhow::Result<Outcome> {
    let route = format!("/v1/snapshot/{}", place(request));
    let answer = get(line, &route).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    let reason = |body: &str| -> Option<String> {
        let body: serde_json::Value = serde_json::from_str(body).ok()?;
        Some(body["error"]["reason"].as_str()?.to_owned())
    };
    if head.starts_with("HTTP/1.1 200 ") {
        return Ok(Ok(body.to_owned()));
    }
    let code = reason(body).map_or(Code::Unknown, |reason| code_of(&reason));
    let head: Vec<_> = head
        .lines()
        .filter(|line| !line.starts_with("date:"))
        .collect();
    Ok(Err(Status::new(code, format!("{head:?} {body}"))))
}

/// `GET` over HTTP/1.1; all of the answer, with its head.
pub(super) async fn get(line: &Line, route: &str) -> anyhow::Result<String> {
    let mut conn = line.target.connect("http/1.1").await?;
    let authority = line.target.authority();
    let mut request = format!("GET {route} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if let Some(token) = &line.token {
        request.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    for (name, value) in &line.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    conn.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    conn.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn code_of(reason: &str) -> Code {
    match reason {
        "NOT_FOUND" => Code::NotFound,
        "NOT_ALLOWED" | "OUTSIDE_HOURS" => Code::PermissionDenied,
        "SIGN_IN_REQUIRED" => Code::Unauthenticated,
        _ => Code::Unknown,
    }
}

/// Sends any message, and reads what the contract says comes back.
#[derive(Debug)]
struct Untyped(MessageDescriptor);

impl Codec for Untyped {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(self.0.clone())
    }

    fn decoder(&mut self) -> Self {
        Self(self.0.clone())
    }
}

impl Encoder for Untyped {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&message.encode_to_vec());
        Ok(())
    }
}

impl Decoder for Untyped {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let bytes = bytes.copy_to_bytes(bytes.remaining());
        let message = DynamicMessage::decode(self.0.clone(), bytes);
        message
            .map(Some)
            .map_err(|e| Status::unknown(e.to_string()))
    }
}
