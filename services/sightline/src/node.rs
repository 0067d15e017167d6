//! One node: its parts in the order in which they start, and stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use sightline_base::clock::{Clock, SystemClock};
use sightline_base::net::{self, Seats, Serve};
use sightline_base::telemetry::Metrics;
use sightline_base::tls::{Authority, Identity};
use sightline_coord::{Coordinator, Local};
use sightline_edge::Edge;
use sightline_identity::mail::{self, MailSender};
use sightline_rpc::Channel;
use sightline_rpc::channel::{Later, Wrap, later, local};
use sightline_rpc::identity::v1::identity_server::IdentityServer;
use sightline_rpc::internal::v1::accounts_client::AccountsClient;
use sightline_rpc::internal::v1::accounts_server::AccountsServer;
use sightline_rpc::internal::v1::device_calls_client::DeviceCallsClient;
use sightline_rpc::internal::v1::device_calls_server::DeviceCallsServer;
use sightline_rpc::internal::v1::devices_client::DevicesClient;
use sightline_rpc::internal::v1::devices_server::DevicesServer;
use sightline_rpc::internal::v1::grants_client::GrantsClient;
use sightline_rpc::internal::v1::grants_server::GrantsServer;
use sightline_rpc::registry::v1::registry_server::RegistryServer;
use sightline_store::{SledStore, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic_health::server::HealthReporter;
use tower::Layer as _;
use tower::util::BoxCloneSyncService;

use crate::config::{Config, Listen};
use crate::data_dir;
use crate::edges::LocalEdge;
use crate::{operator, routes};

/// A running node. Dropping it without [`Node::shutdown`] cuts everything.
#[derive(Debug)]
pub struct Node {
    addresses: Addresses,
    authority: Option<Authority>,
    services: Services,
    edge: Edge,
    health: HealthReporter,
    shutdown: CancellationToken,
    servers: JoinSet<()>,
}

/// Where the node listens, with the ports that were really taken.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Portal and API.
    pub https: SocketAddr,
    /// Devices.
    pub devices: SocketAddr,
    /// Metrics and health.
    pub metrics: SocketAddr,
}

/// What a caller may exchange, for tests and for the demo.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Takes the mails instead of the configured server.
    pub mail: Option<Arc<dyn MailSender>>,
    /// What stands between services.
    pub links: Links,
}

/// What is put around the ways by which an edge learns who may do what.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// From the edge to sharing: grants.
    pub grants: Option<Wrap>,
    /// From sharing to the registry: owners.
    pub owners: Option<Wrap>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: SystemClock::shared(),
            mail: None,
            links: Links::default(),
        }
    }
}

impl Node {
    /// Starts everything; when it returns, all addresses accept connections.
    ///
    /// # Errors
    /// With words for the operator: which file, which address, which setting.
    pub async fn start(config: Config, surroundings: Surroundings) -> anyhow::Result<Self> {
        config.validate().map_err(anyhow::Error::msg)?;
        let data_dir = &config.data_dir;
        // Before anything is in it: keys, records, the operator's socket.
        data_dir::make_private(data_dir)?;

        // Listeners first: a port that is taken should not cost the store a start.
        let Listeners {
            https,
            devices,
            metrics: metrics_listener,
        } = Listeners::bind(&config.listen).await?;
        let certificates = Certificates::open(&config, data_dir)?;

        // Below the services: records, and who owns which device.
        let (store, coordinator) = open_state(data_dir)?;
        let metrics = Metrics::new().context("start metrics")?;

        let local_edge = Arc::new(LocalEdge::default());
        let services = Services::start(
            &config,
            &surroundings,
            State {
                store,
                coordinator: Arc::clone(&coordinator),
                edges: Arc::clone(&local_edge) as Arc<dyn sightline_registry::EdgeCalls>,
            },
        )
        .await?;
        let edge_id = config.edge.name.parse().context("edge.name")?;
        let edge = Edge::start(sightline_edge::Parts {
            config: config.edge.clone(),
            coordinator,
            devices: local(DevicesServer::new(services.registry.clone())),
            grants: wrapped(
                local(GrantsServer::new(services.sharing.clone())),
                surroundings.links.grants.as_ref(),
            ),
            verifier: services.identity.verifier(),
            clock: surroundings.clock,
            meter: metrics.meter("edge"),
        })
        .await?;
        local_edge.set(edge_id, edge.device_calls());

        // At last the doors.
        let addresses = Addresses {
            https: https.local_addr()?,
            devices: edge.accept_devices(devices, certificates.identity()?)?,
            metrics: metrics_listener.local_addr()?,
        };
        let (router, health) = routes::router(&services, &edge).await?;
        let shutdown = CancellationToken::new();
        let mut servers = JoinSet::new();
        let registry = services.registry.clone();
        servers.spawn(operator::serve(data_dir, registry, shutdown.clone())?);
        let public = Serve {
            tls: certificates.https()?,
            seats: public_seats(&config),
        };
        servers.spawn(net::serve(https, router, public, shutdown.clone()));
        let plain = Serve {
            tls: None,
            seats: Seats::new(METRICS_CONNECTIONS_MAX, None),
        };
        servers.spawn(net::serve(
            metrics_listener,
            metrics.router(),
            plain,
            shutdown.clone(),
        ));
        let authority = certificates.authority;
        Ok(Self {
            addresses,
            authority,
            services,
            edge,
            health,
            shutdown,
            servers,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The file that clients and devices need to trust this node; `None` with an own certificate.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.authority.as_ref().map(Authority::certificate_file)
    }

    /// The identity service, for accounts that the operator of this machine makes.
    #[must_use]
    pub fn identity(&self) -> &sightline_identity::Service {
        &self.services.identity
    }

    /// A channel to `sightline.identity.v1.Identity`.
    #[must_use]
    pub fn identity_channel(&self) -> Channel {
        local(IdentityServer::new(self.services.identity.clone()))
    }

    /// A channel to `sightline.registry.v1.Registry`.
    #[must_use]
    pub fn registry_channel(&self) -> Channel {
        local(RegistryServer::new(self.services.registry.clone()))
    }

    /// Tells probes that it leaves, ends the streams with a word to their viewers, gives the
    /// devices back, and lets requests finish.
    pub async fn shutdown(mut self) {
        for service in routes::SERVICES {
            self.health
                .set_service_status(service, tonic_health::ServingStatus::NotServing)
                .await;
        }
        self.edge.drain().await;
        self.shutdown.cancel();
        while self.servers.join_next().await.is_some() {}
        for later in &self.services.laters {
            later.clear();
        }
    }
}

/// What services are started on.
struct State {
    store: Arc<dyn Store>,
    coordinator: Arc<dyn Coordinator>,
    edges: Arc<dyn sightline_registry::EdgeCalls>,
}

/// The services besides the edge.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) identity: sightline_identity::Service,
    pub(crate) registry: sightline_registry::Service,
    pub(crate) sharing: sightline_sharing::Service,
    /// The channels by which services hold each other.
    laters: [Later; 2],
}

impl Services {
    /// Starts each with clients of those that it asks. Some ask each other: identity has devices
    /// checked through the registry, which has mails sent by identity; the registry lists what
    /// sharing knows, which asks the registry who owns a device.
    async fn start(
        config: &Config,
        surroundings: &Surroundings,
        state: State,
    ) -> anyhow::Result<Self> {
        let (device_calls, device_calls_channel) = later();
        let (grants, grants_channel) = later();
        let mail = match &surroundings.mail {
            Some(mail) => Arc::clone(mail),
            None => mail::sender(&config.identity.mail)?,
        };
        let parts = sightline_identity::service::Parts {
            store: Arc::clone(&state.store),
            clock: Arc::clone(&surroundings.clock),
            mail,
            devices: DeviceCallsClient::new(device_calls_channel),
        };
        let identity = sightline_identity::Service::start(&config.identity, parts)
            .await
            .context("start identity")?;
        let accounts = AccountsClient::new(local(AccountsServer::new(identity.clone())));
        let parts = sightline_registry::service::Parts {
            store: Arc::clone(&state.store),
            coordinator: state.coordinator,
            edges: state.edges,
            clock: Arc::clone(&surroundings.clock),
            verifier: identity.verifier(),
            grants: GrantsClient::new(grants_channel),
            accounts: accounts.clone(),
        };
        let registry = sightline_registry::Service::start(&config.registry, parts);
        device_calls.set(local(DeviceCallsServer::new(registry.clone())));
        let parts = sightline_sharing::service::Parts {
            store: state.store,
            clock: Arc::clone(&surroundings.clock),
            verifier: identity.verifier(),
            devices: DevicesClient::new(wrapped(
                local(DevicesServer::new(registry.clone())),
                surroundings.links.owners.as_ref(),
            )),
            accounts,
        };
        let sharing = sightline_sharing::Service::start(&config.sharing, parts);
        grants.set(local(GrantsServer::new(sharing.clone())));
        Ok(Self {
            identity,
            registry,
            sharing,
            laters: [device_calls, grants],
        })
    }
}

fn wrapped(channel: Channel, wrap: Option<&Wrap>) -> Channel {
    match wrap {
        Some(wrap) => BoxCloneSyncService::new(wrap.layer(channel)),
        None => channel,
    }
}

/// Scrapers and probes at once.
const METRICS_CONNECTIONS_MAX: usize = 64;

/// Records, and who owns which device; each in a directory of its own.
fn open_state(data_dir: &Path) -> anyhow::Result<(Arc<dyn Store>, Arc<dyn Coordinator>)> {
    let store = SledStore::open(&data_dir.join("store")).context("open the store")?;
    let coordinator =
        Local::open(&data_dir.join("coord")).context("open the coordinator's state")?;
    Ok((Arc::new(store), Arc::new(coordinator)))
}

/// The doors, not open yet.
struct Listeners {
    https: TcpListener,
    devices: TcpListener,
    metrics: TcpListener,
}

impl Listeners {
    async fn bind(listen: &Listen) -> anyhow::Result<Self> {
        Ok(Self {
            https: bind("listen.https", listen.https).await?,
            devices: bind("listen.devices", listen.devices).await?,
            metrics: bind("listen.metrics", listen.metrics).await?,
        })
    }
}

/// Places of clients of `listen.https`. Behind a proxy all come from its address.
fn public_seats(config: &Config) -> Seats {
    let Listen {
        connections_max,
        connections_per_address_max,
        ..
    } = config.listen;
    let per_place_max = (!config.tls.plain_https).then_some(connections_per_address_max);
    Seats::new(connections_max, per_place_max)
}

async fn bind(field: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address} ({field}); another port can be set, 0 takes a free one")
    })
}

/// The operator's certificate, or the self-made authority.
struct Certificates<'a> {
    config: &'a Config,
    authority: Option<Authority>,
}

impl<'a> Certificates<'a> {
    fn open(config: &'a Config, data_dir: &Path) -> anyhow::Result<Self> {
        let authority = match config.tls.certificate {
            Some(_) => None,
            None => Some(Authority::open(data_dir).context("open the certificate authority")?),
        };
        Ok(Self { config, authority })
    }

    /// TLS for people and programs, unless a proxy before the node ends it.
    fn https(&self) -> anyhow::Result<Option<Arc<rustls::ServerConfig>>> {
        if self.config.tls.plain_https {
            return Ok(None);
        }
        Ok(Some(self.identity()?.into_server_config()?))
    }

    /// What the node shows to people and devices alike.
    fn identity(&self) -> anyhow::Result<Identity> {
        let tls = &self.config.tls;
        match (&tls.certificate, &tls.key, &self.authority) {
            (Some(chain), Some(key), _) => Ok(Identity::from_files(chain, key)?),
            (_, _, Some(authority)) => Ok(authority.issue(&tls.names)?),
            _ => anyhow::bail!("tls.certificate and tls.key belong together"),
        }
    }
}
