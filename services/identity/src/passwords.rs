//! Hashing passwords: Argon2id (RFC 9106), on threads of its own and a bounded number at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::Error;
use crate::secret::Secret;

/// Memory of one hash, KiB; with two passes on one lane the first choice of the OWASP Password
/// Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Requests that may wait for a core. At some 30 ms per hash the last one waits a second or two;
/// further ones are refused at once.
const QUEUE_MAX: usize = 64;

/// Hashes and checks passwords.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// One permit per core, so that hashes take neither all memory nor more time than they need.
    cores: Semaphore,
    queue: Semaphore,
    /// Checked when there is no account, so that the answer takes as much work.
    nobody: Arc<str>,
    /// Hashes computed since the start.
    #[cfg(test)]
    pub(crate) computed: std::sync::atomic::AtomicUsize,
}

impl Passwords {
    pub(crate) async fn new() -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let password = Zeroizing::new(Secret::random::<32>().reveal().to_owned());
        let nobody = tokio::task::spawn_blocking(move || hash(&password))
            .await
            .map_err(|_| Error::Damaged("hashing a password panicked"))??;
        Ok(Self {
            cores: Semaphore::new(cores),
            queue: Semaphore::new(cores + QUEUE_MAX),
            nobody: nobody.into(),
            #[cfg(test)]
            computed: 0.into(),
        })
    }

    /// The hash of a new password as a PHC string, with its own salt.
    pub(crate) async fn hash(&self, password: Zeroizing<String>) -> Result<String, Error> {
        self.compute(move || hash(&password)).await
    }

    /// Whether the password is the one of the hash. Without a hash it is not, after the same work.
    pub(crate) async fn verify(
        &self,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.as_ref().to_owned());
        let matches = self.compute(move || verify(&password, &hash)).await?;
        Ok(matches && exists)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.queue.try_acquire().map_err(|_| Error::Busy)?;
        let _core = self.cores.acquire().await.map_err(|_| Error::Busy)?;
        #[cfg(test)]
        self.computed
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Damaged("hashing a password panicked"))?
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Result<String, Error> {
    let hash = argon2()
        .hash_password(password.as_bytes())
        .map_err(|_| Error::Damaged("a password could not be hashed"))?;
    Ok(hash.to_string())
}

fn verify(password: &str, hash: &str) -> Result<bool, Error> {
    let hash = PasswordHash::new(hash).map_err(|_| Error::Damaged("password hash"))?;
    Ok(argon2().verify_password(password.as_bytes(), &hash).is_ok())
}
