//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sightline_domain::{DeviceUser, Principal};

use crate::sessions::EndedSessions;

/// `typ` header of an access token (RFC 9068), so that no other kind of token passes for one.
const TYPE: &str = "at+jwt";
/// `iss` and `aud` of every token.
const AUTHORITY: &str = "sightline";
/// Longest token that is looked at, bytes.
const TOKEN_BYTES_MAX: usize = 2048;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Account ID, or the cloud ID of the device that `device` is about.
    pub sub: String,
    /// Of a sign-in by device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceClaims>,
    /// Session ID: the sign-in that the token comes from.
    pub sid: String,
    /// Issued at, seconds since the Unix epoch.
    pub iat: i64,
    /// Expires at, seconds since the Unix epoch.
    pub exp: i64,
    /// When the session ends if nobody refreshes it, seconds since the Unix epoch. What was opened
    /// with the token may stay open until then, as long as the session is not ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_exp: Option<i64>,
}

/// What the device said of its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceClaims {
    /// Name on the device.
    pub user: String,
    /// Whether the device lets this user do everything.
    pub administrator: bool,
    /// Ownership epoch of the device at that moment.
    pub ownership_epoch: u64,
}

impl Claims {
    /// Claims about a principal.
    #[must_use]
    pub fn new(principal: &Principal, session: String, iat: i64, exp: i64) -> Self {
        let (sub, device) = match principal {
            Principal::Account(account) => (account.to_string(), None),
            Principal::DeviceUser(user) => {
                let claims = DeviceClaims {
                    user: user.name.clone(),
                    administrator: user.administrator,
                    ownership_epoch: user.ownership_epoch,
                };
                (user.device.to_string(), Some(claims))
            }
        };
        Self {
            sub,
            device,
            sid: session,
            iat,
            exp,
            session_exp: None,
        }
    }

    /// With the end of the session.
    #[must_use]
    pub fn session_until(self, session_exp: i64) -> Self {
        Self {
            session_exp: Some(session_exp),
            ..self
        }
    }

    /// Who the token is about; `None` when it names nobody.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        Some(match &self.device {
            None => Principal::Account(self.sub.parse().ok()?),
            Some(claims) => Principal::DeviceUser(DeviceUser {
                device: self.sub.parse().ok()?,
                name: claims.user.clone(),
                administrator: claims.administrator,
                ownership_epoch: claims.ownership_epoch,
            }),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    iss: String,
    aud: String,
    #[serde(flatten)]
    claims: Claims,
}

/// A signing key that cannot be used, or a token that could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("signing key is not usable")]
pub struct KeyError;

/// A token that is not ours, not intact, or not valid now. Says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It was valid once.
    #[error("the access token has expired")]
    Expired,
    /// It never was valid here.
    #[error("the access token is not valid")]
    Foreign,
    /// Somebody signed out, or was signed out.
    #[error("the session has ended; sign in again")]
    SessionEnded,
}

/// Makes tokens. Its key never shows in `Debug`.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
    verifier: Verifier,
}

impl Signer {
    /// A new private key, PKCS#8 DER.
    ///
    /// # Errors
    /// [`KeyError`] when the system has no randomness.
    pub fn generate_key() -> Result<Vec<u8>, KeyError> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new())
            .map_err(|_| KeyError)?;
        Ok(pkcs8.as_ref().to_vec())
    }

    /// From a private key, PKCS#8 DER.
    ///
    /// # Errors
    /// [`KeyError`] when it is not an Ed25519 key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError)?;
        let verifier = Verifier {
            key: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            ended: EndedSessions::default(),
        };
        Ok(Self {
            key: EncodingKey::from_ed_der(pkcs8),
            verifier,
        })
    }

    /// Checks what this signs.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// [`KeyError`] when the key refuses.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        let envelope = Envelope {
            iss: AUTHORITY.to_owned(),
            aud: AUTHORITY.to_owned(),
            claims: claims.clone(),
        };
        jsonwebtoken::encode(&header, &envelope, &self.key).map_err(|_| KeyError)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// Checks tokens; holds the public key only. All clones know of the same ended sessions.
#[derive(Clone)]
pub struct Verifier {
    key: DecodingKey,
    ended: EndedSessions,
}

impl Verifier {
    /// The sessions whose tokens are refused although they have not expired.
    #[must_use]
    pub fn ended_sessions(&self) -> &EndedSessions {
        &self.ended
    }

    /// What the token says, if it is ours and valid at `now_unix_ms`.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn verify(&self, token: &str, now_unix_ms: i64) -> Result<Claims, Invalid> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Invalid::Foreign);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[AUTHORITY]);
        validation.set_audience(&[AUTHORITY]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is judged below by the caller's clock.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode::<Envelope>(token, &self.key, &validation)
            .map_err(|_| Invalid::Foreign)?;
        if token.header.typ.as_deref() != Some(TYPE) {
            return Err(Invalid::Foreign);
        }
        let claims = token.claims.claims;
        if claims.exp.saturating_mul(1000) <= now_unix_ms {
            return Err(Invalid::Expired);
        }
        if self.ended.contains(&claims.sid) {
            return Err(Invalid::SessionEnded);
        }
        Ok(claims)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            sub: "account".into(),
            device: None,
            sid: "session".into(),
            iat: 1_000,
            exp: 2_000,
            session_exp: None,
        }
    }

    fn signer() -> Signer {
        Signer::from_pkcs8(&Signer::generate_key().unwrap()).unwrap()
    }

    #[test]
    fn token_is_valid_until_the_second_it_expires() {
        let signer = signer();
        let token = signer.sign(&claims()).unwrap();
        assert_eq!(signer.verifier().verify(&token, 1_999_999), Ok(claims()));
        assert_eq!(
            signer.verifier().verify(&token, 2_000_000),
            Err(Invalid::Expired)
        );
    }

    #[test]
    fn token_of_a_session_that_ended_is_refused() {
        let signer = signer();
        let token = signer.sign(&claims()).unwrap();
        let verifier = signer.verifier();
        signer
            .verifier()
            .ended_sessions()
            .end("session", 2_000_000, 0);
        assert_eq!(verifier.verify(&token, 0), Err(Invalid::SessionEnded));
    }

    #[test]
    fn token_names_the_principal_that_it_was_made_for() {
        let account = Principal::Account("0190a000-0000-7000-8000-000000000001".parse().unwrap());
        let user = Principal::DeviceUser(DeviceUser {
            device: sightline_domain::CloudId::of_public_key(b"key"),
            name: "admin".into(),
            administrator: true,
            ownership_epoch: 7,
        });
        for principal in [account, user] {
            let claims = Claims::new(&principal, "session".into(), 1_000, 2_000);
            assert_eq!(claims.principal(), Some(principal));
        }
    }

    #[test]
    fn token_of_another_key_is_foreign() {
        let token = signer().sign(&claims()).unwrap();
        assert_eq!(signer().verifier().verify(&token, 0), Err(Invalid::Foreign));
    }

    #[test]
    fn token_of_another_type_or_without_signature_is_foreign() {
        let signer = signer();
        let envelope = Envelope {
            iss: AUTHORITY.into(),
            aud: AUTHORITY.into(),
            claims: claims(),
        };
        let plain = Header::new(Algorithm::EdDSA);
        let token = jsonwebtoken::encode(&plain, &envelope, &signer.key).unwrap();
        assert_eq!(signer.verifier().verify(&token, 0), Err(Invalid::Foreign));

        let good = signer.sign(&claims()).unwrap();
        let (unsigned, _) = good.rsplit_once('.').unwrap();
        assert_eq!(
            signer.verifier().verify(&format!("{unsigned}."), 0),
            Err(Invalid::Foreign)
        );
    }
}
