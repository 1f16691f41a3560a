//! One appliance for several tests.

use std::sync::{Arc, Weak};

use anyhow::Result;

use super::{Appliance, Options};

/// One appliance for all tests of a file that run at the same time; it is gone with the last of
/// them.
#[derive(Debug, Default)]
pub struct Shared(tokio::sync::Mutex<Weak<Appliance>>);

impl Shared {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(tokio::sync::Mutex::const_new(Weak::new()))
    }

    /// The one that runs, or a new one.
    ///
    /// # Errors
    /// As [`Appliance::running`].
    pub async fn get(&self, options: impl FnOnce() -> Options) -> Result<Arc<Appliance>> {
        let mut shared = self.0.lock().await;
        if let Some(appliance) = shared.upgrade() {
            return Ok(appliance);
        }
        let appliance = Arc::new(Appliance::running(&options()).await?);
        *shared = Arc::downgrade(&appliance);
        Ok(appliance)
    }
}
