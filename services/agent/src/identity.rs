//! Who this device is: its key, the cloud ID that follows from it, and its verification code.

use std::path::Path;

use rand::TryRng as _;
use rand::rngs::SysRng;
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sightline_domain::{CloudId, VerificationCode};
use zeroize::Zeroizing;

use crate::data_dir::{self, DataDir, Error};

const KEY_FILE: &str = "device.key";
const CODE_FILE: &str = "verification-code";

/// The device's key (ECDSA, P-256), made at the first start, and what belongs to it.
pub(crate) struct Identity {
    key: KeyPair,
    cloud_id: CloudId,
    code: VerificationCode,
}

/// What `status` reads beside a running agent.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) cloud_id: CloudId,
    pub(crate) code: VerificationCode,
}

impl Identity {
    /// Reads key and code, or makes them.
    pub(crate) fn open(data: &DataDir) -> Result<Self, Error> {
        let pem = data.secret(KEY_FILE, || {
            let key = KeyPair::generate().map_err(|e| random_failed(data.path(), e))?;
            Ok(Zeroizing::new(key.serialize_pem()))
        })?;
        let code = data.secret(CODE_FILE, || {
            let mut random = [0; 8];
            SysRng
                .try_fill_bytes(&mut random)
                .map_err(|e| random_failed(data.path(), e))?;
            Ok(Zeroizing::new(
                VerificationCode::from_random(random).reveal(),
            ))
        })?;
        let key = parse_key(data.path(), &pem)?;
        let cloud_id = CloudId::of_public_key(&key.subject_public_key_info());
        Ok(Self {
            key,
            cloud_id,
            code: parse_code(data.path(), &code)?,
        })
    }

    pub(crate) fn cloud_id(&self) -> CloudId {
        self.cloud_id
    }

    pub(crate) fn code(&self) -> &VerificationCode {
        &self.code
    }

    /// A certificate for the key, signed by itself, with the cloud ID as common name. The cloud
    /// looks at nothing in it but the key, so it is made anew at each start.
    pub(crate) fn certificate(
        &self,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, self.cloud_id.to_string());
        let certificate = params.self_signed(&self.key)?;
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        Ok((certificate.into(), key))
    }
}

impl Shown {
    /// Reads cloud ID and code from a directory that a running agent may hold.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, Error> {
        let key = parse_key(data_dir, &data_dir::read_secret(&data_dir.join(KEY_FILE))?)?;
        let code = data_dir::read_secret(&data_dir.join(CODE_FILE))?;
        Ok(Self {
            cloud_id: CloudId::of_public_key(&key.subject_public_key_info()),
            code: parse_code(data_dir, &code)?,
        })
    }
}

fn parse_key(data_dir: &Path, pem: &str) -> Result<KeyPair, Error> {
    KeyPair::from_pem(pem).map_err(|_| Error::damaged(&data_dir.join(KEY_FILE)))
}

fn parse_code(data_dir: &Path, text: &str) -> Result<VerificationCode, Error> {
    text.trim()
        .parse()
        .map_err(|_| Error::damaged(&data_dir.join(CODE_FILE)))
}

fn random_failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(at: &Path, error: E) -> Error {
    Error::io(at, std::io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<Identity, Error> {
        Identity::open(&DataDir::open(path).unwrap())
    }

    #[test]
    fn device_is_the_same_after_a_restart_and_as_status_shows_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path()).unwrap();
        let second = open(dir.path()).unwrap();
        let shown = Shown::read(dir.path()).unwrap();
        assert_eq!(second.cloud_id(), first.cloud_id());
        assert!(second.code().matches(first.code()));
        assert_eq!(shown.cloud_id, first.cloud_id());
        assert!(shown.code.matches(first.code()));
    }

    #[test]
    fn two_devices_share_neither_id_nor_code() {
        let [a, b] = [(); 2].map(|()| open(tempfile::tempdir().unwrap().path()).unwrap());
        assert_ne!(a.cloud_id(), b.cloud_id());
        assert!(!a.code().matches(b.code()));
    }

    #[test]
    fn damaged_key_is_not_replaced_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        let path = dir.path().join(KEY_FILE);
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        assert!(matches!(open(dir.path()), Err(Error::Damaged { .. })));
        assert!(std::fs::read_to_string(&path).unwrap().len() < 40);
    }
}
