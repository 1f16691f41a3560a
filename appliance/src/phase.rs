//! The phases of the appliance and what each allows, in one table.

use std::sync::atomic::{AtomicU8, Ordering};

pub use countersign_api::Activity;

/// A phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The token is not open yet.
    Sealed = 0,
    /// Everything works.
    Ready = 1,
    /// A check fails: the appliance answers, and signs if the sign path itself works.
    Degraded = 2,
    /// Stopping: what was recorded is finished, nothing new is begun.
    Halted = 3,
}

impl Phase {
    /// The word used in `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Halted => "halted",
        }
    }

    /// Whether an activity may begin in this phase.
    ///
    /// | phase    | read | sign | change | tighten |
    /// |----------|------|------|--------|---------|
    /// | sealed   | yes  | no   | no     | yes     |
    /// | ready    | yes  | yes  | yes    | yes     |
    /// | degraded | yes  | yes  | yes    | yes     |
    /// | halted   | yes  | no   | no     | yes     |
    #[must_use]
    pub const fn allows(self, activity: Activity) -> bool {
        match (self, activity) {
            (_, Activity::Read | Activity::Tighten) | (Self::Ready | Self::Degraded, _) => true,
            (Self::Sealed | Self::Halted, Activity::Sign | Activity::Change) => false,
        }
    }
}

/// The current phase.
#[derive(Debug)]
pub struct CurrentPhase(AtomicU8);

impl CurrentPhase {
    /// Starts sealed.
    #[must_use]
    pub const fn sealed() -> Self {
        Self(AtomicU8::new(Phase::Sealed as u8))
    }

    /// The phase now.
    #[must_use]
    pub fn get(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            1 => Phase::Ready,
            2 => Phase::Degraded,
            3 => Phase::Halted,
            _ => Phase::Sealed,
        }
    }

    /// Moves to another phase; nothing leaves `Halted`.
    pub fn set(&self, phase: Phase) {
        let step = |current| (current != Phase::Halted as u8).then_some(phase as u8);
        let _halted = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv11_refusing_is_possible_in_every_phase() {
        for phase in [Phase::Sealed, Phase::Ready, Phase::Degraded, Phase::Halted] {
            assert!(phase.allows(Activity::Tighten), "{phase:?}");
        }
    }

    #[test]
    fn nothing_is_signed_before_or_after() {
        assert!(!Phase::Sealed.allows(Activity::Sign));
        assert!(!Phase::Halted.allows(Activity::Sign));
    }

    #[test]
    fn nothing_leaves_halted() {
        let phase = CurrentPhase::sealed();
        phase.set(Phase::Ready);
        phase.set(Phase::Halted);
        phase.set(Phase::Ready);
        assert_eq!(phase.get(), Phase::Halted);
    }
}
