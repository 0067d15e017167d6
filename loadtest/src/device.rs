//! A synthetic device: the real protocol, frames of exact sizes, and faults on request.
//!
//! It reads from no camera. Its key is made anew with each one, unless it is given.

mod fault;
mod service;
mod uplink;

use std::sync::Arc;

use bytes::Bytes;
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData as _};
use rustls::pki_types::CertificateDer;
use sightline_domain::{CloudId, VerificationCode};
use tokio::sync::watch;

use crate::connect::Target;
use crate::stream::{Frames, Shape};

pub use fault::Fault;
pub use uplink::{Cloud, Uplink};

/// Name and password of the device's user who may do everything on it.
pub const ADMINISTRATOR: (&str, &str) = ("admin", "local-admin-7");
/// Name and password of the device's user who may watch.
pub const VIEWER: (&str, &str) = ("guard", "local-guard-7");

/// A device with its key. Not connected by itself.
#[derive(Debug)]
pub struct Synthetic {
    key: KeyPair,
    cloud_id: CloudId,
    code: VerificationCode,
    channels: u32,
    time_zone: String,
    snapshot: Option<Bytes>,
    frames: Frames,
    fault: Option<(Fault, u64)>,
    stolen: Option<CertificateDer<'static>>,
    live_calls: watch::Sender<usize>,
}

impl Synthetic {
    /// One with a new key, one channel, 4 Mbit/s, and without fault.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new() -> Result<Self, rcgen::Error> {
        Ok(Self::with_key(KeyPair::generate()?))
    }

    /// One with this key (ECDSA, P-256).
    #[must_use]
    pub fn with_key(key: KeyPair) -> Self {
        Self {
            cloud_id: CloudId::of_public_key(&key.subject_public_key_info()),
            key,
            code: VerificationCode::from_random([7, 1, 4, 9, 2, 8, 5, 3]),
            channels: 1,
            time_zone: "UTC".to_owned(),
            snapshot: None,
            frames: Frames::new(Shape::FOUR_MBIT),
            fault: None,
            stolen: None,
            live_calls: watch::Sender::new(0),
        }
    }

    /// With this stream on each channel.
    #[must_use]
    pub fn shape(self, shape: Shape) -> Self {
        Self {
            frames: Frames::new(shape),
            ..self
        }
    }

    /// With this many channels, numbered from 1.
    #[must_use]
    pub fn channels(self, channels: u32) -> Self {
        Self { channels, ..self }
    }

    /// In this IANA time zone; UTC when nothing is said.
    #[must_use]
    pub fn time_zone(self, zone: &str) -> Self {
        let time_zone = zone.to_owned();
        Self { time_zone, ..self }
    }

    /// With this JPEG as the picture of every channel.
    #[must_use]
    pub fn snapshot(self, jpeg: impl Into<Bytes>) -> Self {
        let snapshot = Some(jpeg.into());
        Self { snapshot, ..self }
    }

    /// With a fault at frame `at` of each call for channel 1, counted from 0. All other channels
    /// are sound.
    #[must_use]
    pub fn fault(self, fault: Fault, at: u64) -> Self {
        Self {
            fault: Some((fault, at)),
            ..self
        }
    }

    /// With the certificate of another device, of which it has no key.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn with_certificate_of(self, other: &Self) -> Result<Self, rcgen::Error> {
        let stolen = Some(other.certificate()?);
        Ok(Self { stolen, ..self })
    }

    /// Derived from the key.
    #[must_use]
    pub fn cloud_id(&self) -> CloudId {
        self.cloud_id
    }

    /// What a person types to claim the device.
    #[must_use]
    pub fn verification_code(&self) -> String {
        self.code.reveal()
    }

    /// How many streams the edge asks for at the moment, and each change of it.
    #[must_use]
    pub fn live_calls(&self) -> watch::Receiver<usize> {
        self.live_calls.subscribe()
    }

    /// Connects to the devices' port of a cloud.
    ///
    /// # Errors
    /// When the cloud cannot be reached, cannot be trusted, or refuses.
    pub async fn connect(self: &Arc<Self>, cloud: &Cloud) -> anyhow::Result<Uplink> {
        Uplink::dial(Arc::clone(self), cloud).await
    }

    /// Any port of a cloud, to which the device shows its key.
    ///
    /// # Errors
    /// When the authority cannot be read, or the key cannot be used.
    pub fn target(&self, cloud: &Cloud) -> anyhow::Result<Target> {
        let config = uplink::client_config_of(self, cloud)?;
        Ok(Target::with_client(cloud.address(), config))
    }

    fn certificate(&self) -> Result<CertificateDer<'static>, rcgen::Error> {
        if let Some(stolen) = &self.stolen {
            return Ok(stolen.clone());
        }
        let mut params = CertificateParams::default();
        let name = self.cloud_id.to_string();
        params.distinguished_name.push(DnType::CommonName, name);
        Ok(params.self_signed(&self.key)?.into())
    }
}

/// Counts as one call for as long as it lives.
#[derive(Debug)]
struct Calls(watch::Sender<usize>);

impl Calls {
    fn enter(calls: &watch::Sender<usize>) -> Self {
        calls.send_modify(|count| *count += 1);
        Self(calls.clone())
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
