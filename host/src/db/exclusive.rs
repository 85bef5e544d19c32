//! One process at a time, among those over one database.

use super::lease::{Bounds, Lease};
use super::pool::Pool;
use plugin_api::db::{DbError, Dialect, Value};
use std::fmt;
use std::time::Duration;

/// How long PostgreSQL lets a process wait for its turn.
const LOCK_TIMEOUT: &str = "60s";
/// A little longer, so that PostgreSQL's own words arrive.
const BOUNDS: Bounds = Bounds { bytes_max: 1 << 16, deadline: Duration::from_secs(65) };

/// The turn of this process, until it is released, dropped, or its connection is lost.
///
/// A transaction of its own holds the lock, on a connection of its own: no error leaves it held, and
/// it works behind connection poolers.
pub struct Exclusive(Option<Lease>);

impl Pool {
    /// Waits for the turn of this process to do what `name` says. The file of SQLite has one process
    /// only, which need not wait.
    ///
    /// # Errors
    /// The database's; a timeout if another process has had it for long.
    pub async fn exclusive(&self, name: &str) -> Result<Exclusive, DbError> {
        let shared = self.shared();
        if shared.dialect() == Dialect::Sqlite {
            return Ok(Exclusive(None));
        }
        let mut lease = shared.begin().await?;
        let settings = format!(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
        );
        lease.script(&settings).await?;
        let sql = "SELECT pg_advisory_xact_lock(hashtext('backplane'), hashtext(current_schema() || '.' || $1))";
        let parameters = vec![Value::Text(name.to_owned())];
        let tagged = shared.tagged(sql, &parameters).into_owned();
        lease.execute(&tagged, parameters, BOUNDS.deadline).await?;
        Ok(Exclusive(Some(lease)))
    }
}

impl Exclusive {
    /// Gives the turn to the next process.
    pub async fn release(self) {
        if let Some(lease) = self.0
            && let Err(error) = lease.rollback().await
        {
            tracing::debug!(%error, "the connection of a lock was closed, which gives it back too");
        }
    }
}

impl fmt::Debug for Exclusive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exclusive").finish_non_exhaustive()
    }
}
