//! Work that is done at given times, and when the plugin asks for it.
//!
//! ```toml
//! [capabilities]
//! jobs = true
//! ```
//!
//! A job is contributed with a timetable, five fields as those of [crontab(5)](https://man7.org/linux/man-pages/man5/crontab.5.html):
//! minute, hour, day of the month, month, day of the week. They are read in the server's zone, unless the name of
//! another stands behind them (`0 3 * * * Asia/Shanghai`).
//!
//! A job does not run beside itself, not even on several servers over one database: what falls due meanwhile is left out, and
//! so is what fell due while the plugin did not serve. It runs until it returns, or until its deadline, which is up to the
//! operator; an upgrade or a stop waits for it as long as for a request. Administrators see when each has run, what it came
//! to and when it runs next, and may start it by hand.
//!
//! ```
//! use plugin_api::prelude::*;
//!
//! struct Cleaner { context: PluginContext }
//!
//! impl Plugin for Cleaner {
//!     fn new(context: PluginContext) -> Self {
//!         Self { context }
//!     }
//!
//!     fn contributions(&self) -> Contributions {
//!         let context = self.context.clone();
//!         Contributions::new().job("clean_up", "30 3 * * *", "Removes entries of last year", move || {
//!             let context = context.clone();
//!             async move {
//!                 let oldest = context.now_ms() - 365 * 24 * 3_600_000;
//!                 let delete = context.database().query("DELETE FROM cleaner_entry WHERE created_time < $1");
//!                 delete.bind(oldest).execute().await?;
//!                 Ok(())
//!             }
//!         })
//!     }
//! }
//! ```

use crate::PluginError;
use crate::services::{HostServices, ServiceError};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The plugin's jobs. From [`PluginContext::jobs`](crate::PluginContext::jobs); cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<dyn HostServices>);

/// What does a job's work.
pub(crate) type JobHandler = Arc<dyn Fn() -> BoxFuture<'static, Result<(), PluginError>> + Send + Sync>;

impl Jobs {
    pub(crate) fn new(services: Arc<dyn HostServices>) -> Self {
        Self(services)
    }

    /// Starts a job now, beside its timetable, and does not wait for its end.
    ///
    /// # Errors
    /// Of kind `NotFound` for a job that the plugin does not contribute, `Busy` while it runs, `Unavailable` while the
    /// plugin does not serve, `Refused` without the capability.
    pub async fn run(&self, name: &str) -> Result<(), ServiceError> {
        self.0.run_job(name).await
    }
}
