//! How much of what everybody shares one principal has at once.
//!
//! Of each principal a few requests act at a time and the others wait in their own line, so that
//! whoever asks for a thousand things at once stands in nobody's way: another principal's request
//! waits for as many at most as there are principals, times that few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_intent::Principal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bounds of one principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Requests that act at once.
    pub acting: usize,
    /// Requests that act or wait for their turn; one more is refused.
    pub waiting: usize,
}

#[derive(Debug)]
struct Line {
    turns: Arc<Semaphore>,
    inside: usize,
}

/// The lines of all principals; one without requests takes no memory.
#[derive(Debug)]
pub struct Shares {
    share: Share,
    lines: Mutex<HashMap<Principal, Line>>,
}

/// A request that acts; its place is free when this is dropped.
#[derive(Debug)]
pub struct Acting {
    _turn: Option<OwnedSemaphorePermit>,
    _inside: Inside,
}

/// A request in its line, acting or waiting.
#[derive(Debug)]
struct Inside {
    shares: Arc<Shares>,
    who: Principal,
}

impl Shares {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(share: Share) -> Arc<Self> {
        Arc::new(Self {
            share,
            lines: Mutex::default(),
        })
    }

    /// Waits for a turn among the principal's own requests; `None` if too many of them wait.
    pub async fn enter(self: &Arc<Self>, who: &Principal) -> Option<Acting> {
        let (inside, turns) = self.line_up(who)?;
        Some(Acting {
            // The semaphore is never closed.
            _turn: turns.acquire_owned().await.ok(),
            _inside: inside,
        })
    }

    fn line_up(self: &Arc<Self>, who: &Principal) -> Option<(Inside, Arc<Semaphore>)> {
        let mut lines = self.lock();
        let line = lines.entry(who.clone()).or_insert_with(|| Line {
            turns: Arc::new(Semaphore::new(self.share.acting)),
            inside: 0,
        });
        if line.inside >= self.share.waiting {
            return None;
        }
        line.inside += 1;
        let inside = Inside {
            shares: Arc::clone(self),
            who: who.clone(),
        };
        Some((inside, Arc::clone(&line.turns)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Principal, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut lines = self.shares.lock();
        if let Some(line) = lines.get_mut(&self.who) {
            line.inside = line.inside.saturating_sub(1);
            if line.inside == 0 {
                lines.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn who(text: &str) -> Principal {
        text.parse().unwrap()
    }

    fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[test]
    fn of_each_a_few_act_and_the_others_wait_in_their_own_line() {
        let shares = Shares::new(Share {
            acting: 2,
            waiting: 3,
        });
        let (greedy, modest) = (who("bot/greedy"), who("bot/modest"));
        let mut all: Vec<_> = (0..4).map(|_| Box::pin(shares.enter(&greedy))).collect();
        let first = now(all[0].as_mut()).unwrap().unwrap();
        let _second = now(all[1].as_mut()).unwrap().unwrap();
        assert!(now(all[2].as_mut()).is_none(), "the third acts");
        assert!(now(all[3].as_mut()).unwrap().is_none(), "the fourth waits");
        let other = now(Box::pin(shares.enter(&modest)).as_mut()).unwrap();
        assert!(other.is_some());
        drop(first);
        assert!(now(all[2].as_mut()).unwrap().is_some());
    }

    #[test]
    fn who_gives_up_waiting_leaves_the_line() {
        let shares = Shares::new(Share {
            acting: 1,
            waiting: 2,
        });
        let bot = who("bot/a");
        let acting = now(Box::pin(shares.enter(&bot)).as_mut()).unwrap();
        for _ in 0..10 {
            let mut waits = Box::pin(shares.enter(&bot));
            assert!(now(waits.as_mut()).is_none());
        }
        drop(acting);
        assert!(shares.lock().is_empty());
    }
}
