//! Live for browsers: fMP4 over WebSocket, played by Media Source Extensions.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper_util::rt::TokioIo;
use sightline_base::net::Conn;
use sightline_rpc::auth::Caller;
use sightline_rpc::live::v1::StreamKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{admit, words};
use crate::edge::Shared;
use crate::error::Error;
use crate::fanout::{Outlet, WebSocket};
use crate::websocket::{self, MESSAGE_BYTES_MAX, Message, Reader};

/// Longest that a viewer may take to send its token.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that are read before there is a token: one message of the longest, and what pings a client
/// may have sent.
const FIRST_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;
/// Longest that a refusal may take to be sent.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// `GET /v1/live/{device}/{channel}?stream=main|sub`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    stream: Quality,
}

#[derive(Debug, Default, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Quality {
    #[default]
    Main,
    Sub,
}

/// Answers the upgrade. Everything that depends on who asks comes after the token, inside the
/// WebSocket, since a token has no place in an address.
pub(super) async fn upgrade(
    State(edge): State<Arc<Shared>>,
    Path((device, channel)): Path<(String, u32)>,
    Query(wish): Query<Wish>,
    mut request: Request<Body>,
) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if websocket::is_foreign_origin(request.headers(), host) {
        return (StatusCode::FORBIDDEN, "this origin may not connect").into_response();
    }
    let Some(accept) = websocket::accept_key(request.headers()) else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            [(header::UPGRADE, "websocket")],
        )
            .into_response();
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let stream = match wish.stream {
        Quality::Main => StreamKind::Main,
        Quality::Sub => StreamKind::Sub,
    };
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<Conn>>() else {
            return tracing::error!("an upgraded connection is not of our listener");
        };
        let mut conn = parts.io.into_inner();
        let mut reader = Reader::default();
        if reader.push(&parts.read_buf).is_err() {
            return;
        }
        let admitted = match first_token(&edge, &mut conn, &mut reader).await {
            Some(Ok(caller)) => admit(&edge, caller, &device, channel, stream).await,
            Some(Err(error)) => Err(error),
            None => return,
        };
        match admitted {
            Ok(admission) => {
                let websocket = WebSocket::new(conn, reader);
                admission.hold.attach(Outlet::WebSocket(websocket));
            }
            Err(error) => refuse(conn, &error).await,
        }
    });
    let headers = [
        (
            header::CONNECTION,
            header::HeaderValue::from_static("upgrade"),
        ),
        (
            header::UPGRADE,
            header::HeaderValue::from_static("websocket"),
        ),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Who the first message says is there; `None` when the connection is over before.
async fn first_token(
    edge: &Shared,
    conn: &mut Conn,
    reader: &mut Reader,
) -> Option<Result<Caller, Error>> {
    let read = async {
        let mut left = FIRST_BYTES_MAX;
        loop {
            match reader.next_message().ok()? {
                Some(Message::Text(token)) => return Some(token),
                Some(Message::Ping(_)) => {}
                Some(Message::Close) => return None,
                None => {
                    let mut bytes = [0; 1024];
                    let len = conn.read(&mut bytes).await.ok().filter(|len| *len > 0)?;
                    left = left.checked_sub(len)?;
                    reader.push(&bytes[..len]).ok()?;
                }
            }
        }
    };
    let Ok(token) = tokio::time::timeout(TOKEN_TIMEOUT, read).await else {
        return Some(Err(Error::BadRequest("no access token came")));
    };
    let caller = edge
        .verifier
        .authenticate(token?.trim(), edge.clock.now_unix_ms());
    Some(caller.map_err(Error::from))
}

async fn refuse(mut conn: Conn, error: &Error) {
    let last_words = [websocket::text(&words::refused(error)), websocket::close()].concat();
    let send = async {
        conn.write_all(&last_words).await?;
        conn.shutdown().await
    };
    // The viewer may have gone; there is nobody left to tell.
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, send).await;
}
