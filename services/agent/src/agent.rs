//! Puts the parts together: identity, cameras, device, uplink, status.

use std::sync::Arc;

use sightline_domain::{CloudId, VerificationCode};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Secret};
use crate::data_dir::DataDir;
use crate::device::{Device, Nature};
use crate::identity::Identity;
use crate::status::{Reporter, Uplink};
use crate::uplink::Dialer;
use crate::users::UserName;
use crate::{Error, camera, time_zone, uplink, users};

/// The agent as a part of a program.
#[derive(Debug)]
pub struct Agent;

/// A running agent. Dropping it stops the agent too, without waiting.
#[derive(Debug)]
pub struct Handle {
    cloud_id: CloudId,
    code: VerificationCode,
    demo_administrator: Option<(UserName, Secret)>,
    uplink: watch::Receiver<Uplink>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    /// Released last: nobody else may use the key while a task still does.
    _data: DataDir,
}

impl Agent {
    /// Starts an agent: opens the data directory, makes key and code at the first start, and
    /// begins to dial the cloud. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`Error`], when the configuration, the data directory or a file named there cannot be
    /// used. An unreachable cloud or camera is no error.
    pub fn start(config: Config) -> Result<Handle, Error> {
        config.validate()?;
        let data = DataDir::open(&config.data_dir)?;
        let identity = Identity::open(&data)?;
        let dialer = Dialer::new(&config, &identity)?;
        let (cloud_id, code) = (identity.cloud_id(), identity.code().clone());
        let demo_administrator = if config.demo {
            users::demo_administrator(&data)?
        } else {
            None
        };

        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (channels, board) = camera::start(&config, &tasks, &shutdown)?;
        let (uplink_sender, uplink) = watch::channel(Uplink::Connecting);
        let reporter = Reporter {
            cloud: dialer.cloud(),
            portal: config.portal_address()?,
            uplink: uplink.clone(),
            time_zone: config.time_zone.clone(),
            board: board.clone(),
        };
        match Reporter::bind(data.path()) {
            Ok(listener) => {
                let answering = reporter.run(listener);
                tasks.spawn(shutdown.clone().run_until_cancelled_owned(answering));
            }
            Err(error) => tracing::warn!(%error, "no status on this machine"),
        }
        tracing::info!(%cloud_id, cloud = dialer.cloud(), cameras = channels.len(), "started");
        match time_zone::name(config.time_zone.as_deref()) {
            Some(name) => tracing::info!(name, "time zone"),
            None => tracing::warn!("time zone: {}", time_zone::UNKNOWN),
        }
        let device = Device::new(
            Nature {
                cloud_id,
                demo: config.demo,
                time_zone: config.time_zone,
            },
            code.clone(),
            data.path().to_owned(),
            channels,
            board,
            shutdown.clone(),
        );
        tasks.spawn(uplink::run(
            dialer,
            Arc::new(device),
            uplink_sender,
            shutdown.clone(),
        ));
        tasks.close();
        Ok(Handle {
            cloud_id,
            code,
            demo_administrator,
            uplink,
            shutdown,
            tasks,
            _data: data,
        })
    }
}

impl Handle {
    /// The device's public identifier.
    #[must_use]
    pub fn cloud_id(&self) -> CloudId {
        self.cloud_id
    }

    /// The secret with which a person claims the device.
    #[must_use]
    pub fn verification_code(&self) -> &VerificationCode {
        &self.code
    }

    /// Name and password of the administrator that a demo device makes for itself at its first
    /// start; none without the demo, and once somebody has removed it or changed its password.
    #[must_use]
    pub fn demo_administrator(&self) -> Option<(&str, &Secret)> {
        let (name, password) = self.demo_administrator.as_ref()?;
        Some((name.as_str(), password))
    }

    /// State of the connection to the cloud, as it changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Uplink> {
        self.uplink.clone()
    }

    /// Says goodbye to the cloud, stops all cameras, and waits until every task has ended.
    pub async fn shutdown(self) {
        self.shutdown.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
