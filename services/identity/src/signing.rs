//! The key that signs access tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sightline_rpc::token::Signer;
use sightline_store::{Error as StoreError, Store, Transaction, key};
use zeroize::Zeroizing;

use crate::Error;

#[derive(Serialize, Deserialize)]
struct Record {
    /// PKCS#8 DER, base64.
    pkcs8: Zeroizing<String>,
}

/// The signer with the key in the store. The first node to start makes it; a node that loses that
/// race takes the winner's.
pub(crate) async fn signer(store: &Arc<dyn Store>) -> Result<Signer, Error> {
    let key = key!("identity", "signing-key");
    if store.get(&key).await?.is_none() {
        let pkcs8 = Zeroizing::new(Signer::generate_key()?);
        let record = Record {
            pkcs8: Zeroizing::new(STANDARD.encode(&*pkcs8)),
        };
        let create = Transaction::new()
            .require_absent(key.clone())
            .put(key.clone(), &record)?;
        match store.commit(create).await {
            Ok(_) => tracing::info!("signing key made"),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let stored = store
        .get(&key)
        .await?
        .ok_or(Error::Damaged("signing key"))?;
    let pkcs8 = STANDARD
        .decode(&*stored.json::<Record>()?.pkcs8)
        .map_err(|_| Error::Damaged("signing key"))?;
    Ok(Signer::from_pkcs8(&Zeroizing::new(pkcs8))?)
}
