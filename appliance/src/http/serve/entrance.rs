//! Where connections wait until their peer is known: a bounded room that a crowd cannot close.
//!
//! When every place is taken, the connection that came first gives way to the newest. An honest
//! handshake takes milliseconds; whoever only holds places has to open all of them anew within
//! that time to keep others out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How long a connection that gives way may take to be gone.
const GONE: Duration = Duration::from_millis(100);

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Entrance {
    places: Arc<Semaphore>,
    /// Who is in, first come first. Those that have left since are skipped.
    inside: VecDeque<oneshot::Sender<()>>,
    most: usize,
    gives_way: bool,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    need: Option<oneshot::Receiver<()>>,
}

impl Place {
    /// Ready when a newcomer needs the place; never, in an entrance that only refuses.
    pub(super) async fn needed(&mut self) {
        if let Some(need) = &mut self.need
            && need.await.is_ok()
        {
            return;
        }
        self.need = None;
        std::future::pending().await
    }
}

impl Entrance {
    /// An entrance in which the first gives way when it is full.
    pub(super) fn giving_way(places: usize) -> Self {
        Self::new(places, true)
    }

    /// An entrance that refuses newcomers when it is full.
    pub(super) fn refusing(places: usize) -> Self {
        Self::new(places, false)
    }

    fn new(places: usize, gives_way: bool) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            inside: VecDeque::new(),
            most: places,
            gives_way,
        }
    }

    /// A place for a newcomer, and whether somebody had to go for it; `None` if it is full.
    pub(super) async fn enter(&mut self) -> Option<(Place, bool)> {
        let (permit, displaced) = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => (permit, false),
            Err(_) => (self.displace().await?, true),
        };
        let need = self.gives_way.then(|| self.remember());
        let place = Place {
            _permit: permit,
            need,
        };
        Some((place, displaced))
    }

    fn remember(&mut self) -> oneshot::Receiver<()> {
        if self.inside.len() >= self.most.saturating_mul(2) {
            self.inside.retain(|inside| !inside.is_closed());
        }
        let (need, needed) = oneshot::channel();
        self.inside.push_back(need);
        needed
    }

    async fn displace(&mut self) -> Option<OwnedSemaphorePermit> {
        loop {
            let first = self.inside.pop_front()?;
            if first.send(()).is_ok() {
                let place = Arc::clone(&self.places).acquire_owned();
                return tokio::time::timeout(GONE, place).await.ok()?.ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest who leaves as soon as the place is needed.
    fn stay(mut place: Place) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move { place.needed().await })
    }

    #[tokio::test]
    async fn the_first_gives_way_and_nobody_else() {
        let mut entrance = Entrance::giving_way(2);
        let (first, displaced) = entrance.enter().await.unwrap();
        assert!(!displaced);
        let first = stay(first);
        let second = stay(entrance.enter().await.unwrap().0);
        let (_third, displaced) = entrance.enter().await.unwrap();
        assert!(displaced);
        first.await.unwrap();
        assert!(!second.is_finished());
    }

    #[tokio::test]
    async fn who_does_not_go_is_not_waited_for() {
        let mut entrance = Entrance::giving_way(1);
        let stubborn = entrance.enter().await.unwrap();
        assert!(entrance.enter().await.is_none());
        drop(stubborn);
        assert!(!entrance.enter().await.unwrap().1);
    }

    #[tokio::test]
    async fn those_who_left_are_forgotten() {
        let mut entrance = Entrance::giving_way(2);
        for _ in 0..1_000 {
            let (_, displaced) = entrance.enter().await.unwrap();
            assert!(!displaced);
        }
        assert!(entrance.inside.len() <= 4, "{}", entrance.inside.len());
    }

    #[tokio::test]
    async fn an_entrance_that_refuses_moves_nobody() {
        let mut entrance = Entrance::refusing(1);
        let guest = stay(entrance.enter().await.unwrap().0);
        assert!(entrance.enter().await.is_none());
        assert!(!guest.is_finished());
        drop(entrance);
        tokio::task::yield_now().await;
        assert!(!guest.is_finished());
        guest.abort();
    }
}
