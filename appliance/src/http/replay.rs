//! One idempotency key, one effect, for the routes that do not sign.
//!
//! What these routes do is idempotent by name already: a user by its external id, a wallet by
//! user and venue, a grant by bot and wallet, a freeze by its scope. This memory answers a retry
//! with the very same body and finds a key that is used for something else. Requests under one
//! key are answered one after the other. The memory is bounded and does not outlive the process;
//! signing has its own, durable one in the ledger.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;

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

/// A principal and its key.
type Name = (String, String);

/// The answers that were given, and the keys that are being answered.
#[derive(Debug)]
pub struct Replays {
    kept: Mutex<LruCache<Name, Given>>,
    /// One entry for each key with a request under way or waiting: as many as requests at most.
    busy: Mutex<HashMap<Name, Arc<tokio::sync::Mutex<()>>>>,
}

impl Default for Replays {
    fn default() -> Self {
        let capacity = NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN);
        Self {
            kept: Mutex::new(LruCache::new(capacity)),
            busy: Mutex::default(),
        }
    }
}

/// The turn of one request under its key.
#[derive(Debug)]
pub struct Turn<'a> {
    replays: &'a Replays,
    name: Name,
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut busy = self.replays.busy();
        drop(self.held.take());
        // Whoever else waits holds it too.
        let alone = busy
            .get(&self.name)
            .is_some_and(|gate| Arc::strong_count(gate) == 1);
        if alone {
            busy.remove(&self.name);
        }
    }
}

impl Replays {
    fn busy(&self) -> MutexGuard<'_, HashMap<Name, Arc<tokio::sync::Mutex<()>>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other request under this key is under way.
    pub async fn turn(&self, principal: &str, key: &str) -> Turn<'_> {
        let name = (principal.to_owned(), key.to_owned());
        // Made before waiting, so that a client who gives up waiting is cleaned up after.
        let mut turn = Turn {
            replays: self,
            name: name.clone(),
            held: None,
        };
        let gate = Arc::clone(self.busy().entry(name).or_default());
        turn.held = Some(gate.lock_owned().await);
        turn
    }

    /// Looks a key up.
    #[must_use]
    pub fn find(&self, principal: &str, key: &str, fingerprint: &[u8; 32]) -> Known {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
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
    use std::pin::Pin;
    use std::task::{Context, Waker};

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

    fn waits<F: Future>(future: Pin<&mut F>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        future.poll(&mut context).is_pending()
    }

    #[tokio::test]
    async fn inv07_requests_under_one_key_take_turns() {
        let replays = Replays::default();
        let first = replays.turn("gateway/g", "k").await;
        let other = replays.turn("gateway/g", "l").await;
        let mut second = Box::pin(replays.turn("gateway/g", "k"));
        assert!(waits(second.as_mut()));
        drop(first);
        let second = second.await;
        let mut given_up = Box::pin(replays.turn("gateway/g", "k"));
        assert!(waits(given_up.as_mut()));
        drop(second);
        drop(given_up);
        drop(other);
        assert!(replays.busy().is_empty(), "{:?}", replays.busy());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            fingerprint("POST", "/a", b"b"),
            fingerprint("POST", "/ab", b"")
        );
    }
}
