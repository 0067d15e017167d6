//! Logs by `tracing`, metrics by OpenTelemetry in Prometheus' text form.

use std::io::IsTerminal as _;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use opentelemetry::metrics::Meter;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::Encoder as _;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error. `RUST_LOG` overrides the filter. Does nothing when logging
/// has been started before, as in tests.
pub fn init_logs(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second subscriber is refused; the first one goes on.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Where instruments are made, and where their values are read.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: prometheus::Registry,
    provider: SdkMeterProvider,
}

impl Metrics {
    /// An empty set of metrics.
    ///
    /// # Errors
    /// When the exporter cannot be registered.
    pub fn new() -> Result<Self, opentelemetry_sdk::error::OTelSdkError> {
        let registry = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        Ok(Self { registry, provider })
    }

    /// For the instruments of one part.
    #[must_use]
    pub fn meter(&self, part: &'static str) -> Meter {
        opentelemetry::metrics::MeterProvider::meter(&self.provider, part)
    }

    /// All values in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        let encoded = prometheus::TextEncoder::new().encode(&self.registry.gather(), &mut text);
        encoded
            .ok()
            .and_then(|()| String::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// `GET /metrics`, and `GET /healthz` that answers as long as the process does.
    pub fn router(&self) -> Router {
        let metrics = self.clone();
        let content_type = [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)];
        Router::new()
            .route(
                "/metrics",
                get(move || async move { (content_type, metrics.render()).into_response() }),
            )
            .route("/healthz", get(|| async { StatusCode::OK }))
    }
}
