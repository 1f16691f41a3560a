//! When the simulator fails, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Consequence, Error};

/// What was asked of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named after the methods of the contract")]
pub enum Operation {
    Connect,
    Sign,
    PublicKey,
    Random,
    Ping,
    Generate,
    GenerateSecret,
    GenerateImport,
    Import,
    Find,
    Attributes,
    Destroy,
    WrapGenerate,
    WrapProve,
    EnvelopeGenerate,
    EnvelopeSeal,
    ImportPublic,
    ImportOpen,
    Mac,
    AnchorRead,
    AnchorWrite,
}

/// One call, as a fault's predicate sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub operation: Operation,
    /// Which call of this operation it is since the token was made, from 1.
    pub nth: u64,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done; the caller hears [`Error::NotSent`].
    NotDone,
    /// Nothing is done; the caller hears [`Error::Refused`].
    Refused,
    /// It is done, but the caller hears [`Error::OutcomeUnknown`].
    Unheard,
    /// Nothing is done, now and until [`FaultPlan::clear`]; the caller hears [`Error::Broken`].
    Broken,
    /// It is done, after this time.
    Slow(Duration),
    /// It is done, with one bit of the signature turned; other operations are not touched.
    WrongSignature,
}

type Predicate = Box<dyn Fn(&Call) -> bool + Send>;

#[derive(Default)]
struct Plan {
    rules: Vec<(Predicate, Fault)>,
    calls: BTreeMap<Operation, u64>,
    broken: bool,
}

/// The faults of one token, changed while it runs. The first matching rule wins.
#[derive(Default)]
pub struct FaultPlan(Mutex<Plan>);

impl FaultPlan {
    /// Fails every call for which `when` holds.
    pub fn when(&self, fault: Fault, when: impl Fn(&Call) -> bool + Send + 'static) {
        self.lock().rules.push((Box::new(when), fault));
    }

    /// Fails the `nth` call of `operation` from now, counted from 1.
    pub fn on(&self, operation: Operation, nth: u64, fault: Fault) {
        let nth = self.calls(operation) + nth;
        self.when(fault, move |call| {
            call.operation == operation && call.nth == nth
        });
    }

    /// Fails every call of `operation`.
    pub fn always(&self, operation: Operation, fault: Fault) {
        self.when(fault, move |call| call.operation == operation);
    }

    /// Forgets all faults; a broken device works again.
    pub fn clear(&self) {
        let mut plan = self.lock();
        plan.rules.clear();
        plan.broken = false;
    }

    /// How many calls of `operation` there were, failed ones included.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u64 {
        self.lock().calls.get(&operation).copied().unwrap_or(0)
    }

    /// Counts the call and does `act` as the plan says; `spoil` makes a wrong signature.
    pub(super) fn run<T>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T, Error>,
        spoil: impl FnOnce(T) -> T,
    ) -> Result<T, Error> {
        let fail = |consequence| {
            Error::new(
                consequence,
                format!("simulating {operation:?}"),
                "a planned fault",
                "see the fault plan",
            )
        };
        match self.next(operation) {
            None => act(),
            Some(Fault::NotDone) => Err(fail(Consequence::NotSent)),
            Some(Fault::Refused) => Err(fail(Consequence::Refused)),
            Some(Fault::Unheard) => act().and(Err(fail(Consequence::OutcomeUnknown))),
            Some(Fault::Broken) => Err(fail(Consequence::Broken)),
            Some(Fault::Slow(time)) => {
                std::thread::sleep(time);
                act()
            }
            Some(Fault::WrongSignature) => act().map(spoil),
        }
    }

    fn next(&self, operation: Operation) -> Option<Fault> {
        let mut plan = self.lock();
        let count = plan.calls.entry(operation).or_default();
        *count += 1;
        let call = Call {
            operation,
            nth: *count,
        };
        let planned = plan
            .rules
            .iter()
            .find(|(when, _)| when(&call))
            .map(|(_, fault)| *fault);
        plan.broken |= planned == Some(Fault::Broken);
        if plan.broken {
            Some(Fault::Broken)
        } else {
            planned
        }
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
