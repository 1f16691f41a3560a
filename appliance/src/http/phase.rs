//! Whether the phase lets a route begin its work.

use countersign_api::ErrorCode;

use super::error::ApiError;
use crate::app::App;
use crate::phase::Activity;

/// Refuses what the current phase does not allow.
///
/// # Errors
/// The phase does not allow the activity.
pub(super) fn require_phase(app: &App, activity: Activity) -> Result<(), ApiError> {
    if activity == Activity::Sign
        && let Some(why) = app.anchoring.nothing_signed()
    {
        return Err(ApiError::new(ErrorCode::NotReady, why));
    }
    let phase = app.phase.get();
    if phase.allows(activity) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::NotReady,
        format!(
            "the appliance is {} and does not begin this",
            phase.as_str()
        ),
    ))
}
