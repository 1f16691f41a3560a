//! Somebody's finger.

use std::collections::VecDeque;
use std::fmt;

use super::screen::Screen;

/// Which button ends a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// Decides about each screen.
pub struct Buttons(Box<dyn FnMut(&Screen) -> Press + Send>);

impl Buttons {
    /// The same for every screen.
    #[must_use]
    pub fn always(press: Press) -> Self {
        Self(Box::new(move |_| press))
    }

    /// One after the other; whatever comes after the last is refused.
    #[must_use]
    pub fn script(presses: impl IntoIterator<Item = Press>) -> Self {
        let mut presses: VecDeque<Press> = presses.into_iter().collect();
        Self(Box::new(move |_| {
            presses.pop_front().unwrap_or(Press::Reject)
        }))
    }

    /// Somebody who reads.
    #[must_use]
    pub fn reading(decide: impl FnMut(&Screen) -> Press + Send + 'static) -> Self {
        Self(Box::new(decide))
    }

    pub(super) fn press(&mut self, screen: &Screen) -> Press {
        (self.0)(screen)
    }
}

impl fmt::Debug for Buttons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buttons")
    }
}
