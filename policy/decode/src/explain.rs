//! What a message does, in words a person understands.

use countersign_intent::{Effect, Intent, WellKnown, Words};

/// One line per effect, then how long the signature lives, who else must sign and what the chain
/// checks. Printable ASCII only, whatever the message says.
#[must_use]
pub fn explain(intent: &Intent) -> Vec<String> {
    let effects = intent.effects().iter();
    let mut lines: Vec<String> = effects
        .map(|effect| explain_effect(effect, intent))
        .collect();
    let around = Words::around(intent, &WellKnown);
    lines.extend(around.iter().map(Words::sentence));
    lines
}

/// One effect in one line.
#[must_use]
pub fn explain_effect(effect: &Effect, intent: &Intent) -> String {
    Words::of_effect(effect, intent.wallet(), &WellKnown).sentence()
}
