//! Passwords: argon2id (19 MiB, 2 passes), two at a time, with a short queue. Never in the core: one takes some 40 ms.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

use crate::protocol::{ApiError, Code};

/// At once: the rest of the processor is for calls.
const WORKERS: usize = 2;
/// At work or waiting; about a second of work.
const QUEUE: usize = 32;

/// Stands in for the hash of an account that does not exist, so that the time of an answer does not tell.
static DUMMY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody's password").ok());

fn hash(password: &str) -> Result<String, ApiError> {
    // The default is argon2id, version 19, m = 19456 KiB, t = 2, p = 1, with a random salt.
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| {
        tracing::error!("hashing a password failed: {error}");
        ApiError::new(Code::Internal, "The password could not be processed. Try again.")
    })
}

fn verify(password: &str, hash: Option<&str>) -> bool {
    let Some(stored) = hash.or(DUMMY.as_deref()) else { return false };
    let right = PasswordHash::new(stored)
        .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok());
    right && hash.is_some()
}

/// The workers.
#[derive(Clone)]
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(QUEUE)), workers: Arc::new(Semaphore::new(WORKERS)) }
    }

    /// Hashes a new password.
    pub(super) async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.work(move || hash(&password)).await?
    }

    /// Compares a password with a stored hash; against no hash nothing is right.
    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, ApiError> {
        self.work(move || verify(&password, stored.as_deref())).await
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let busy = || ApiError::new(Code::FrequencyLimit, "Too many people are signing in. Try again in a moment.");
        let _place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        // The semaphore is never closed.
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| busy())?;
        let job = tokio::task::spawn_blocking(move || {
            let _worker = worker;
            job()
        });
        job.await.map_err(|_| ApiError::new(Code::Internal, "The password could not be processed. Try again."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_hashed_and_compared() {
        let passwords = Passwords::new();
        let stored = passwords.hash("correct horse".into()).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse".into(), Some(stored.clone())).await.expect("work"));
        assert!(!passwords.verify("wrong horse".into(), Some(stored)).await.expect("work"));
        assert!(!passwords.verify("correct horse".into(), Some("damaged".into())).await.expect("work"));
        assert!(!passwords.verify("nobody's password".into(), None).await.expect("work"));
    }

    #[tokio::test]
    async fn a_full_queue_refuses() {
        let passwords = Passwords::new();
        let places = Arc::clone(&passwords.places).acquire_many_owned(QUEUE as u32).await.expect("all");
        let error = passwords.hash("correct horse".into()).await.expect_err("full");
        assert!(error.is(Code::FrequencyLimit));
        drop(places);
        assert!(passwords.hash("correct horse".into()).await.is_ok());
    }
}
