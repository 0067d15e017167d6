//! Everything on port 8443.

use anyhow::Context as _;
use axum::Router;
use sightline_rpc::identity::v1::identity_server::IdentityServer;
use sightline_rpc::registry::v1::registry_server::RegistryServer;
use sightline_rpc::sharing::v1::sharing_server::SharingServer;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;

use crate::node::Services;

/// Largest request of a client to a service, bytes.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// The router, and the switch that readiness probes see.
pub(crate) async fn router(
    services: &Services,
    edge: &sightline_edge::Edge,
) -> anyhow::Result<(Router, HealthReporter)> {
    let (health, health_service) = tonic_health::server::health_reporter();
    for service in SERVICES {
        health
            .set_service_status(service, tonic_health::ServingStatus::Serving)
            .await;
    }
    let identity =
        IdentityServer::new(services.identity.clone()).max_decoding_message_size(REQUEST_BYTES_MAX);
    let registry =
        RegistryServer::new(services.registry.clone()).max_decoding_message_size(REQUEST_BYTES_MAX);
    let sharing =
        SharingServer::new(services.sharing.clone()).max_decoding_message_size(REQUEST_BYTES_MAX);
    let mut routes = Routes::builder();
    routes
        .add_service(identity)
        .add_service(registry)
        .add_service(sharing)
        .add_service(health_service)
        .add_service(reflection().build_v1().context("build reflection")?)
        .add_service(
            reflection()
                .build_v1alpha()
                .context("build reflection v1alpha")?,
        );
    let grpc = routes
        .routes()
        .prepare()
        .into_axum_router()
        .layer(GrpcWebLayer::new());
    let router = Router::new()
        .merge(edge.router())
        .merge(grpc.reset_fallback());
    Ok((router.merge(sightline_portal::router()), health))
}

/// Names that a health probe may ask for; "" is the whole server.
pub(crate) const SERVICES: [&str; 5] = [
    "",
    "sightline.identity.v1.Identity",
    "sightline.registry.v1.Registry",
    "sightline.sharing.v1.Sharing",
    "sightline.live.v1.Live",
];

/// Tells the public contracts; what nodes say to each other is left out.
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(sightline_rpc::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health")
        .with_service_name("sightline.identity.v1.Identity")
        .with_service_name("sightline.registry.v1.Registry")
        .with_service_name("sightline.sharing.v1.Sharing")
        .with_service_name("sightline.live.v1.Live")
}
