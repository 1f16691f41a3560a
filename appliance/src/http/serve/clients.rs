//! Which connections are open, and whose: who gets a place when there is none.
//!
//! * The last places are kept for those who stop others: operators and risk.
//! * A newcomer for whom there is none gets that of an idle connection of whoever holds most, as
//!   long as that is more than the newcomer's own; of its own, if it is at its own bound.
//! * Where nothing is idle, one who stops others gets that of a busy one, which ends what it has
//!   begun; anybody else is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_intent::{Principal, Role};
use tokio::sync::oneshot;

use super::activity::Activity;

/// Of all places, one in so many is kept for those who stop others.
const KEPT_ONE_IN: usize = 8;

/// Counts connections by principal, so that one client cannot take everybody's.
#[derive(Debug)]
pub(super) struct Clients {
    most: usize,
    most_of_client: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    of: HashMap<Principal, Vec<Connection>>,
    number: u64,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    activity: Arc<Activity>,
    leave: oneshot::Sender<()>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    Everybody,
    /// The client has as many as one may.
    OfClient,
}

impl Full {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Everybody => "too_many",
            Self::OfClient => "too_many_of_client",
        }
    }
}

/// One connection of one principal; gives its place back when dropped.
#[derive(Debug)]
pub(super) struct ClientPlace {
    clients: Arc<Clients>,
    principal: Principal,
    number: u64,
}

/// Ready when a place is needed by somebody else.
pub(super) type Leave = oneshot::Receiver<()>;

impl Clients {
    pub(super) fn new(most: usize, most_of_client: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_client,
            open: Mutex::default(),
        })
    }

    /// A place for one more connection of `principal`, whose end is asked for by the second value;
    /// the third says whether another had to go for it.
    pub(super) fn enter(
        self: &Arc<Self>,
        principal: &Principal,
        activity: &Arc<Activity>,
    ) -> Result<(ClientPlace, Leave, bool), Full> {
        let mut open = self.lock();
        let displaced = self.make_room(&mut open, principal)?;
        let (leave, asked) = oneshot::channel();
        open.number = open.number.wrapping_add(1);
        let number = open.number;
        let all = open.of.entry(principal.clone()).or_default();
        all.push(Connection {
            number,
            activity: Arc::clone(activity),
            leave,
        });
        let place = ClientPlace {
            clients: Arc::clone(self),
            principal: principal.clone(),
            number,
        };
        Ok((place, asked, displaced))
    }

    /// Whether somebody had to go.
    fn make_room(&self, open: &mut Open, newcomer: &Principal) -> Result<bool, Full> {
        let stops = stops_others(newcomer);
        let own = open.count(newcomer);
        if own >= self.most_of_client {
            let gone = open.displace(newcomer, false);
            return if gone { Ok(true) } else { Err(Full::OfClient) };
        }
        let free = open.total() < self.most;
        let kept = self.most / KEPT_ONE_IN;
        if free && (stops || open.of_others() < self.most.saturating_sub(kept)) {
            return Ok(false);
        }
        let greediest = open.greediest_first(newcomer, own);
        let idle = greediest.iter().any(|who| open.displace(who, false));
        if idle || (stops && greediest.iter().any(|who| open.displace(who, true))) {
            return Ok(true);
        }
        Err(Full::Everybody)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who may only make things stricter, and who can also do that.
pub(super) fn stops_others(principal: &Principal) -> bool {
    matches!(principal.role(), Role::Operator | Role::Risk)
}

impl Open {
    fn count(&self, who: &Principal) -> usize {
        self.of.get(who).map_or(0, Vec::len)
    }

    fn total(&self) -> usize {
        self.of.values().map(Vec::len).sum()
    }

    /// Connections of those who do not stop others.
    fn of_others(&self) -> usize {
        let others = self.of.iter().filter(|(who, _)| !stops_others(who));
        others.map(|(_, all)| all.len()).sum()
    }

    /// Who holds more than the newcomer, or is it. Nobody takes a place of those who stop others
    /// but these.
    fn greediest_first(&self, newcomer: &Principal, own: usize) -> Vec<Principal> {
        let mut all: Vec<(usize, &Principal)> = self
            .of
            .iter()
            .filter(|(who, _)| stops_others(newcomer) || !stops_others(who))
            .map(|(who, all)| (all.len(), who))
            .filter(|(count, who)| *count > own || *who == newcomer)
            .collect();
        all.sort_by(|one, other| other.cmp(one));
        all.into_iter().map(|(_, who)| who.clone()).collect()
    }

    /// Asks one connection of theirs to go: the one that was idle longest, or, where a busy one has
    /// to, the oldest.
    fn displace(&mut self, who: &Principal, busy: bool) -> bool {
        let Some(all) = self.of.get_mut(who) else {
            return false;
        };
        let mut candidates = all.iter().enumerate();
        let chosen = if busy {
            candidates.next()
        } else {
            candidates
                .filter(|(_, one)| one.activity.is_idle())
                // Of those alike the oldest.
                .max_by_key(|(index, one)| (one.activity.quiet(), std::cmp::Reverse(*index)))
        };
        let Some((index, _)) = chosen else {
            return false;
        };
        let _gone_already = all.remove(index).leave.send(());
        if all.is_empty() {
            self.of.remove(who);
        }
        true
    }
}

impl Drop for ClientPlace {
    fn drop(&mut self) {
        let mut open = self.clients.lock();
        if let Some(all) = open.of.get_mut(&self.principal) {
            all.retain(|one| one.number != self.number);
            if all.is_empty() {
                open.of.remove(&self.principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::InFlight;
    use super::*;

    struct Guest {
        place: Option<ClientPlace>,
        leave: Leave,
        busy: Option<InFlight>,
    }

    impl Guest {
        fn is_asked_to_leave(&mut self) -> bool {
            self.leave.try_recv().is_ok()
        }
    }

    fn who(id: &str) -> Principal {
        id.parse().unwrap()
    }

    fn enter(clients: &Arc<Clients>, id: &str, busy: bool) -> Result<Guest, Full> {
        let activity = Arc::new(Activity::default());
        let (place, leave, _) = clients.enter(&who(id), &activity)?;
        Ok(Guest {
            place: Some(place),
            leave,
            busy: busy.then(|| InFlight::start(&activity)),
        })
    }

    fn fill(clients: &Arc<Clients>, id: &str, count: usize, busy: bool) -> Vec<Guest> {
        (0..count)
            .map(|_| enter(clients, id, busy).unwrap())
            .collect()
    }

    #[test]
    fn places_are_per_principal_and_come_back() {
        let clients = Clients::new(9, 2);
        let first = enter(&clients, "bot/a", true).unwrap();
        let _second = enter(&clients, "bot/a", true).unwrap();
        assert_eq!(enter(&clients, "bot/a", true).err(), Some(Full::OfClient));
        let other = enter(&clients, "bot/b", true).unwrap();
        drop((first, other));
        assert!(enter(&clients, "bot/a", true).is_ok());
    }

    #[test]
    fn who_is_at_the_bound_gives_up_the_connection_idle_longest() {
        let clients = Clients::new(9, 3);
        let mut all = fill(&clients, "bot/a", 3, false);
        all[0].busy = Some(InFlight::start(&Arc::new(Activity::default())));
        let _new = enter(&clients, "bot/a", false).unwrap();
        assert_eq!(clients.lock().total(), 3);
        let asked: Vec<bool> = all.iter_mut().map(Guest::is_asked_to_leave).collect();
        assert_eq!(asked, [true, false, false]);
    }

    /// Four principals with as many idle connections as each may have.
    #[test]
    fn the_greedy_keep_nobody_out() {
        let clients = Clients::new(1024, 256);
        let mut greedy: Vec<Vec<Guest>> = ["bot/a", "bot/b", "gateway/c", "auditor/d"]
            .iter()
            .map(|id| {
                (0..256)
                    .filter_map(|_| enter(&clients, id, false).ok())
                    .collect()
            })
            .collect();
        for id in ["risk/r", "operator/o", "bot/modest"] {
            let _all = fill(&clients, id, 16, false);
        }
        assert!(clients.lock().total() <= 1024);
        let left = greedy.iter_mut().flatten().filter_map(|one| {
            let asked = one.is_asked_to_leave();
            asked.then(|| one.place.take())
        });
        assert!(left.count() > 0);
    }

    #[test]
    fn the_last_places_are_kept_for_those_who_stop_others() {
        let clients = Clients::new(16, 8);
        let _a = fill(&clients, "bot/a", 7, true);
        let _b = fill(&clients, "bot/b", 7, true);
        assert_eq!(enter(&clients, "bot/c", true).err(), Some(Full::Everybody));
        let _operators = fill(&clients, "operator/o", 2, true);
        // All are taken, and none is idle: the oldest of whoever has most goes.
        let risk = enter(&clients, "risk/r", true).unwrap();
        assert_eq!(clients.lock().total(), 16);
        assert_eq!(enter(&clients, "bot/c", true).err(), Some(Full::Everybody));
        drop(risk);
    }

    #[test]
    fn nobody_is_displaced_for_one_who_has_as_many() {
        let clients = Clients::new(4, 4);
        let mut all = fill(&clients, "bot/a", 2, false);
        all.extend(fill(&clients, "bot/b", 2, false));
        // Of their own, rather than another's.
        let _new = enter(&clients, "bot/b", false).unwrap();
        let asked: Vec<bool> = all.iter_mut().map(Guest::is_asked_to_leave).collect();
        assert_eq!(asked, [false, false, true, false]);
        let mut operators = fill(&clients, "operator/o", 1, false);
        let _greedy = enter(&clients, "bot/c", false);
        assert!(!operators[0].is_asked_to_leave());
    }
}
