//! Certificates: from files, or made here with a certificate authority of our own.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Certificates of the self-made authority are valid this long, days.
const AUTHORITY_DAYS: i64 = 3650;
/// Server certificates of the self-made authority are valid this long, days; one is made at each
/// start. Browsers refuse more than 398.
const SERVER_DAYS: i64 = 397;

/// A certificate or key that cannot be used; the message names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no usable PEM.
    #[error("{path} holds no usable PEM certificate or key")]
    Pem {
        /// The file.
        path: PathBuf,
    },
    /// A certificate could not be made.
    #[error("make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The library refused the certificate or key.
    #[error("TLS configuration: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The one cryptography provider in the program.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A certificate chain with its key.
#[derive(Debug)]
pub struct Identity {
    /// The server's certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Of the first certificate.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From PEM files.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Pem`].
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, Error> {
        Ok(Self {
            chain: certificates(chain)?,
            key: PrivateKeyDer::from_pem_file(key).map_err(|_| Error::Pem {
                path: key.to_owned(),
            })?,
        })
    }

    /// A TLS server without client certificates, TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`Error::Rustls`] when key and certificate do not fit.
    pub fn into_server_config(self) -> Result<Arc<rustls::ServerConfig>, Error> {
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// All certificates of a PEM file.
///
/// # Errors
/// [`Error::Pem`] when there is none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|_| Error::Pem {
            path: path.to_owned(),
        })?;
    if chain.is_empty() {
        return Err(Error::Pem {
            path: path.to_owned(),
        });
    }
    Ok(chain)
}

/// A certificate authority in the data directory, for clouds without a certificate of their own.
#[derive(Debug)]
pub struct Authority {
    certificate_file: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Opens `ca.pem` and `ca.key` in the directory; makes them when they are not there.
    ///
    /// # Errors
    /// [`Error`] naming the file.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let certificate_file = directory.join("ca.pem");
        let key_file = directory.join("ca.key");
        if !key_file.exists() {
            Self::make(&certificate_file, &key_file)?;
        }
        let pem = fs::read_to_string(&key_file).map_err(|source| Error::File {
            path: key_file.clone(),
            source,
        })?;
        let key = KeyPair::from_pem(&pem).map_err(|_| Error::Pem { path: key_file })?;
        let certificate = certificates(&certificate_file)?.swap_remove(0);
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self {
            certificate_file,
            certificate: certificate.clone(),
            issuer,
        })
    }

    /// The file that clients and devices are given to trust.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        &self.certificate_file
    }

    /// A server certificate for these names and addresses, signed by this authority.
    ///
    /// # Errors
    /// [`Error::Make`] for a name that cannot stand in a certificate.
    pub fn issue(&self, names: &[String]) -> Result<Identity, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        for name in names {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            });
        }
        params.distinguished_name = common_name("Sightline");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        validity(&mut params, SERVER_DAYS);
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            chain: vec![leaf.der().clone(), self.certificate.clone()],
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        })
    }

    fn make(certificate_file: &Path, key_file: &Path) -> Result<(), Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = common_name("Sightline self-made authority");
        validity(&mut params, AUTHORITY_DAYS);
        let certificate = params.self_signed(&key)?;
        // The key comes last: where it exists, the certificate does too.
        write_new(certificate_file, certificate.pem().as_bytes(), 0o644)?;
        write_new(key_file, key.serialize_pem().as_bytes(), 0o600)
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn validity(params: &mut CertificateParams, days: i64) {
    let now = rcgen::date_time_ymd(1970, 1, 1)
        + std::time::Duration::from_millis(
            u64::try_from(crate::clock::Clock::now_unix_ms(&crate::clock::SystemClock))
                .unwrap_or(0),
        );
    let day = std::time::Duration::from_secs(24 * 3600);
    // Devices whose clock is a little slow trust it too.
    params.not_before = now - day;
    params.not_after = now + day * u32::try_from(days).unwrap_or(1);
}

/// Writes a file and its directory entry to the disk, with these permissions from the first byte.
///
/// # Errors
/// [`Error::File`].
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => {
                fs::File::open(directory)?.sync_all()
            }
            _ => Ok(()),
        }
    };
    write().map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn authority_survives_a_restart_and_keeps_its_key_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path()).unwrap();
        let second = Authority::open(dir.path()).unwrap();
        assert_eq!(first.certificate, second.certificate);
        let mode = fs::metadata(dir.path().join("ca.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn issued_certificate_is_trusted_for_its_names_only() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path()).unwrap();
        let identity = authority
            .issue(&["localhost".into(), "127.0.0.1".into()])
            .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.certificate.clone()).unwrap();
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            provider(),
        )
        .build()
        .unwrap();
        let trusted = |name: &str| {
            use rustls::client::danger::ServerCertVerifier as _;
            verifier
                .verify_server_cert(
                    &identity.chain[0],
                    &identity.chain[1..],
                    &name.to_owned().try_into().unwrap(),
                    &[],
                    rustls::pki_types::UnixTime::now(),
                )
                .is_ok()
        };
        assert!(trusted("localhost"));
        assert!(trusted("127.0.0.1"));
        assert!(!trusted("example.org"));
    }
}
