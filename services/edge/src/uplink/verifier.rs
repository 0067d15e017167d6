//! Device keys: any key may connect, and proves that it is itself.
//!
//! No authority signs device certificates, so nothing but the handshake's signature is checked
//! here: it proves that the device holds the private key. Who the device is follows from the key
//! ([`cloud_id`]), and whether it means anything to anybody is the registry's matter.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use sightline_domain::CloudId;

/// Longest certificate that is parsed, bytes.
const CERTIFICATE_BYTES_MAX: usize = 4096;

/// The ID of the device with this certificate.
pub(super) fn cloud_id(certificate: &CertificateDer<'_>) -> Option<CloudId> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(CloudId::of_public_key(&parsed.subject_public_key_info()))
}

/// Requires a certificate and a signature with its key.
#[derive(Debug)]
pub(super) struct DeviceKeys {
    algorithms: WebPkiSupportedAlgorithms,
}

impl DeviceKeys {
    pub(super) fn new() -> Arc<Self> {
        let provider: Arc<CryptoProvider> = sightline_base::tls::provider();
        Arc::new(Self {
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ClientCertVerifier for DeviceKeys {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if end_entity.len() > CERTIFICATE_BYTES_MAX || cloud_id(end_entity).is_none() {
            return Err(Error::InvalidCertificate(
                rustls::CertificateError::BadEncoding,
            ));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(
            "TLS 1.2 is not offered to devices".to_owned(),
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
