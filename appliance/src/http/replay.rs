//! One idempotency key, one effect, for the routes that do not sign.
//!
//! What these routes do is idempotent by name already: a user by its external id, a wallet by
//! user and venue, a grant by bot and wallet, a freeze by its scope. This memory answers a retry
//! with the very same body and finds a key that is used for something else. It is bounded and
//! does not outlive the process; signing has its own, durable one in the ledger.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use lru::LruCache;
use sha2::{Digest, Sha256};

/// Answers kept at once.
const KEPT: usize = 16_384;

/// An answer that was given.
#[derive(Debug, Clone)]
pub struct Given {
    fingerprint: [u8; 32],
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Given {
    /// Keeps an answer to a request with this fingerprint.
    #[must_use]
    pub fn new(
        fingerprint: [u8; 32],
        status: StatusCode,
        content_type: Option<HeaderValue>,
        body: Bytes,
    ) -> Self {
        Self {
            fingerprint,
            status,
            content_type,
            body,
        }
    }

    /// The same answer again.
    #[must_use]
    pub fn again(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        if let Some(content_type) = &self.content_type {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        response
    }
}

/// What is known about a key.
#[derive(Debug)]
pub enum Known {
    /// Nothing.
    New,
    /// It was answered before.
    Given(Box<Given>),
    /// It was used for something else.
    Conflict,
}

/// The answers that were given.
#[derive(Debug)]
pub struct Replays(Mutex<LruCache<(String, String), Given>>);

impl Default for Replays {
    fn default() -> Self {
        let capacity = NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::new(capacity)))
    }
}

impl Replays {
    /// Looks a key up.
    #[must_use]
    pub fn find(&self, principal: &str, key: &str, fingerprint: &[u8; 32]) -> Known {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.get(&(principal.to_owned(), key.to_owned())) {
            None => Known::New,
            Some(given) if given.fingerprint == *fingerprint => {
                Known::Given(Box::new(given.clone()))
            }
            Some(_) => Known::Conflict,
        }
    }

    /// Keeps an answer.
    pub fn keep(&self, principal: &str, key: &str, given: Given) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put((principal.to_owned(), key.to_owned()), given);
    }
}

/// SHA-256 over everything that was asked for.
#[must_use]
pub(super) fn fingerprint(method: &str, path_and_query: &str, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/request/v1\0");
    for part in [method.as_bytes(), path_and_query.as_bytes(), body] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv07_one_key_one_effect() {
        let replays = Replays::default();
        let first = fingerprint("POST", "/v1/users", b"a");
        let given = Given::new(first, StatusCode::OK, None, Bytes::from_static(b"answer"));
        assert!(matches!(replays.find("gateway/g", "k", &first), Known::New));
        replays.keep("gateway/g", "k", given);
        assert!(matches!(
            replays.find("gateway/g", "k", &first),
            Known::Given(_)
        ));
        let other = fingerprint("POST", "/v1/users", b"b");
        assert!(matches!(
            replays.find("gateway/g", "k", &other),
            Known::Conflict
        ));
        assert!(matches!(replays.find("gateway/h", "k", &other), Known::New));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            fingerprint("POST", "/a", b"b"),
            fingerprint("POST", "/ab", b"")
        );
    }
}
