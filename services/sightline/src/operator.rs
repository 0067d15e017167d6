//! What the operator of this machine may ask of a running node, on a socket in its data directory.
//!
//! Whoever can open the socket is the operator: it belongs to the user that runs the node, nobody
//! else may read or write it, and nobody else can enter the directory, so that there is no moment
//! at which another user can connect. It serves nothing that shows a picture.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::Router;
use hyper_util::rt::TokioIo;
use sightline_domain::CloudId;
use sightline_registry::{AuditAction, AuditEntry, PendingUnbind, UnbindError};
use sightline_rpc::internal::v1::operator_server::{Operator, OperatorServer};
use sightline_rpc::internal::v1::{self as internal, operator_client::OperatorClient};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

/// Entries of the audit when the operator does not say.
const AUDIT_DEFAULT: usize = 50;
/// Most entries of the audit in one answer.
const AUDIT_MAX: usize = 500;

/// Where the socket of a data directory is.
pub(crate) fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("operator.sock")
}

/// Serves the socket until the token is cancelled. The directory has to be private already
/// ([`crate::data_dir`]).
///
/// # Errors
/// When the socket cannot be made, with words for the operator.
pub(crate) fn serve(
    data_dir: &Path,
    registry: sightline_registry::Service,
    shutdown: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let path = socket(data_dir);
    // Of an earlier run: the store's lock has shown that no other node uses this directory.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("make the operator's socket {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("keep others from {}", path.display()))?;
    let service = OperatorServer::new(Desk(registry));
    let router = Router::new().route_service("/sightline.internal.v1.Operator/{method}", service);
    Ok(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async move { shutdown.cancelled().await });
        if let Err(error) = served.await {
            tracing::warn!(%error, "the operator's socket is closed");
        }
        let _ = std::fs::remove_file(&path);
    })
}

/// A way to the node of a data directory.
///
/// # Errors
/// When no node runs there, with words for the operator.
pub(crate) async fn connect(data_dir: &Path) -> anyhow::Result<OperatorClient<Channel>> {
    let path = socket(data_dir);
    let missing = format!(
        "no node answers at {}; run this on the machine and as the user of `sightline serve`",
        path.display()
    );
    let connector = tower::service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(connector)
        .await
        .context(missing)?;
    Ok(OperatorClient::new(channel))
}

#[derive(Debug, Clone)]
struct Desk(sightline_registry::Service);

#[tonic::async_trait]
impl Operator for Desk {
    async fn request_unbind(
        &self,
        request: Request<internal::RequestUnbindRequest>,
    ) -> Result<Response<internal::RequestUnbindResponse>, Status> {
        let request = request.into_inner();
        let delay = std::time::Duration::from_secs(request.delay_s.into());
        let unbind = self
            .0
            .request_unbind(
                device(&request.device_id)?,
                &request.reason,
                &request.operator,
                delay,
            )
            .await
            .map_err(|error| status(&error))?;
        Ok(Response::new(internal::RequestUnbindResponse {
            unbind: Some(unbind_to_proto(unbind)),
        }))
    }

    async fn cancel_unbind(
        &self,
        request: Request<internal::CancelUnbindRequest>,
    ) -> Result<Response<internal::CancelUnbindResponse>, Status> {
        let request = request.into_inner();
        let device = device(&request.device_id)?;
        let cancelled = self.0.cancel_unbind(device, &request.operator);
        cancelled.await.map_err(|error| status(&error))?;
        Ok(Response::new(internal::CancelUnbindResponse {}))
    }

    async fn list_unbinds(
        &self,
        _: Request<internal::ListUnbindsRequest>,
    ) -> Result<Response<internal::ListUnbindsResponse>, Status> {
        let pending = self.0.pending_unbinds().await;
        let pending = pending.map_err(|error| status(&error))?;
        Ok(Response::new(internal::ListUnbindsResponse {
            unbinds: pending.into_iter().map(unbind_to_proto).collect(),
        }))
    }

    async fn list_audit(
        &self,
        request: Request<internal::ListAuditRequest>,
    ) -> Result<Response<internal::ListAuditResponse>, Status> {
        let limit = match usize::try_from(request.get_ref().limit) {
            Ok(0) => AUDIT_DEFAULT,
            Ok(limit) => limit.min(AUDIT_MAX),
            Err(_) => AUDIT_MAX,
        };
        let entries = self.0.audit(limit).await.map_err(|error| status(&error))?;
        Ok(Response::new(internal::ListAuditResponse {
            entries: entries.into_iter().map(audit_to_proto).collect(),
        }))
    }
}

fn device(text: &str) -> Result<CloudId, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("{error}")))
}

/// The operator may read everything that went wrong.
fn status(error: &UnbindError) -> Status {
    match error {
        UnbindError::Store(cause) => Status::internal(format!("{error}: {cause}")),
        refused => Status::failed_precondition(refused.to_string()),
    }
}

fn unbind_to_proto(unbind: PendingUnbind) -> internal::Unbind {
    internal::Unbind {
        device_id: unbind.device.to_string(),
        reason: unbind.reason,
        operator: unbind.by,
        requested_at_unix_ms: unbind.requested_at_unix_ms,
        due_at_unix_ms: unbind.due_at_unix_ms,
    }
}

fn words(action: AuditAction) -> &'static str {
    match action {
        AuditAction::UnbindRequested => "unbind requested",
        AuditAction::UnbindCancelled => "unbind cancelled",
        AuditAction::Unbound => "unbound",
        AuditAction::UnboundUntold => "unbound: the owner could not be told before",
        AuditAction::UnbindVoid => "unbind void: the device had left by itself",
    }
}

fn audit_to_proto(entry: AuditEntry) -> internal::AuditEntry {
    internal::AuditEntry {
        at_unix_ms: entry.at_unix_ms,
        operator: entry.by,
        action: words(entry.action).to_owned(),
        device_id: entry.device.to_string(),
        reason: entry.reason,
    }
}
