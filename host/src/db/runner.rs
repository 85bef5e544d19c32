//! Runs statements under limits, for the core and for each generation of a plugin.

use super::lease::{Bounds, Lease};
use super::pool::Shared;
use super::transactions::{Slot, Transactions, ended};
use super::{postgres, sql};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use plugin_api::IdForm;
use plugin_api::db::{DbError, DbErrorKind, Dialect, Executor, Value};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long a stop waits for a statement of an open transaction.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// A statement is run again so often when migrations overtake it, one after the other.
const STALE_RETRIES_MAX: usize = 5;

/// What one user of the database may take of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest answer, encoded, in bytes.
    pub result_bytes_max: usize,
    /// The longest statement.
    pub statement_deadline: Duration,
    /// After how long without a statement a transaction is rolled back.
    pub transaction_idle: Duration,
    /// How many transactions may be open at a time.
    pub transactions_max: usize,
}

impl Limits {
    /// The core's own: it is trusted to end its transactions, but not to be free of errors.
    pub const CORE: Self = Self {
        result_bytes_max: 256 << 20,
        statement_deadline: Duration::from_secs(60),
        transaction_idle: Duration::from_secs(60),
        transactions_max: 1_024,
    };

    /// A plugin's, unless configured otherwise.
    pub const PLUGIN: Self = Self {
        result_bytes_max: 64 << 20,
        statement_deadline: Duration::from_secs(30),
        transaction_idle: Duration::from_secs(30),
        transactions_max: 16,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::PLUGIN
    }
}

/// An executor with limits and transactions of its own over the shared connections.
///
/// Futures may be polled on any thread: the work itself runs on the server's runtime. A future that is
/// dropped leaves its statement running to its end or deadline, since stopping it would cost the
/// connection.
#[derive(Clone)]
pub(super) struct Runner {
    shared: Arc<Shared>,
    limits: Limits,
    transactions: Arc<Transactions>,
    runtime: Handle,
}

/// One statement, ready to be sent to a task.
struct Statement {
    sql: String,
    parameters: Vec<Value>,
}

impl Runner {
    /// Must be called on a tokio runtime, which will run every statement.
    pub(super) fn new(shared: Arc<Shared>, limits: Limits) -> Self {
        let transactions = Arc::new(Transactions::new(limits.transactions_max, limits.transaction_idle));
        Self { shared, limits, transactions, runtime: Handle::current() }
    }

    pub(super) fn id_form(&self) -> IdForm {
        self.shared.ids().form()
    }

    pub(super) fn open_transactions(&self) -> usize {
        self.transactions.count()
    }

    /// Refuses everything from now on and rolls back what is open.
    pub(super) async fn close(&self) {
        for slot in self.transactions.close() {
            match tokio::time::timeout(CLOSE_WAIT, end(&slot)).await {
                Ok(Some(lease)) => report_rollback(lease.rollback().await),
                Ok(None) => {}
                // Its statement finds the transaction gone when it is done, and rolls back.
                Err(_elapsed) => {
                    tracing::warn!("a statement is still running in a transaction that was stopped")
                }
            }
        }
    }

    /// Runs `work` on the server's runtime.
    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, DbError>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, DbError>> {
        let task = self.runtime.spawn(work);
        Box::pin(async move {
            task.await.unwrap_or_else(|_| Err(DbError::new(DbErrorKind::Unavailable, "the server is shutting down")))
        })
    }

    fn bounds(&self) -> Bounds {
        Bounds { bytes_max: self.limits.result_bytes_max, deadline: self.limits.statement_deadline }
    }

    async fn run<R: Run>(self, tx: u64, statement: Statement) -> Result<R, DbError> {
        if tx != 0 {
            return self.run_in(tx, statement).await;
        }
        self.transactions.check_open()?;
        if self.dialect() == Dialect::Sqlite && !sql::only_reads(&statement.sql) {
            return self.run_alone(&statement.sql, statement.parameters).await;
        }
        for _ in 0..STALE_RETRIES_MAX {
            match self.run_alone::<R>(&statement.sql, statement.parameters.clone()).await {
                // The schema has changed between preparing and running; nothing has run yet.
                Err(error) if self.is_stale(&error) => self.shared.schema_changed(),
                answer => return answer,
            }
        }
        self.run_alone(&statement.sql, statement.parameters).await
    }

    async fn run_alone<R: Run>(&self, sql: &str, parameters: Vec<Value>) -> Result<R, DbError> {
        let mut lease = self.shared.acquire_for(sql).await?;
        let tagged = self.shared.tagged(sql, &parameters);
        let answer = R::run(&mut lease, &tagged, parameters, self.bounds()).await;
        if sql::alters_schema(sql) {
            self.shared.schema_changed();
        }
        answer
    }

    /// True if the statement was prepared by a schema of before: for PostgreSQL an error; on SQLite
    /// sqlx's worker panics (see [`super::sqlite`]), and only a reader can come so close.
    fn is_stale(&self, error: &DbError) -> bool {
        match self.dialect() {
            Dialect::Sqlite => error.kind == DbErrorKind::Unavailable,
            Dialect::Postgres => postgres::is_stale_plan(error),
        }
    }

    /// Runs a statement of a transaction; if it fails, the transaction ends with it.
    async fn run_in<R: Run>(&self, tx: u64, statement: Statement) -> Result<R, DbError> {
        let slot = self.transactions.find(tx)?;
        let mut guard = slot.lease.lock().await;
        let lease = guard.as_mut().ok_or_else(ended)?;
        if sql::alters_schema(&statement.sql) {
            lease.will_alter();
        }
        let tagged = self.shared.tagged(&statement.sql, &statement.parameters);
        let answer = R::run(lease, &tagged, statement.parameters, self.bounds()).await;
        slot.touch();
        let failed = answer.is_err();
        if failed && answer.as_ref().err().is_some_and(postgres::is_stale_plan) {
            self.shared.schema_changed();
        }
        if failed || self.transactions.find(tx).is_err() {
            self.transactions.remove(tx);
            if let Some(lease) = guard.take() {
                report_rollback(lease.rollback().await);
            }
        }
        answer
    }
}

/// Takes the lease out of a transaction, after the statement that runs in it.
async fn end(slot: &Slot) -> Option<Lease> {
    slot.lease.lock().await.take()
}

fn report_rollback(done: Result<(), DbError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "failed to roll back; the connection was closed, which does the same");
    }
}

/// The two ways to run a statement.
trait Run: Sized + Send {
    fn run(
        lease: &mut Lease,
        sql: &str,
        parameters: Vec<Value>,
        bounds: Bounds,
    ) -> impl Future<Output = Result<Self, DbError>> + Send;
}

impl Run for Bytes {
    async fn run(lease: &mut Lease, sql: &str, parameters: Vec<Value>, bounds: Bounds) -> Result<Self, DbError> {
        lease.query(sql, parameters, bounds).await
    }
}

impl Run for u64 {
    async fn run(lease: &mut Lease, sql: &str, parameters: Vec<Value>, bounds: Bounds) -> Result<Self, DbError> {
        lease.execute(sql, parameters, bounds.deadline).await
    }
}

/// Rolls a transaction back if nobody waits any more for it to begin.
struct Unclaimed {
    runner: Runner,
    tx: u64,
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if self.tx != 0 {
            self.runner.abandon(self.tx);
        }
    }
}

impl Executor for Runner {
    fn dialect(&self) -> Dialect {
        self.shared.dialect()
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        let statement = Statement { sql: sql.to_owned(), parameters };
        self.spawn(self.clone().run(tx, statement))
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        let statement = Statement { sql: sql.to_owned(), parameters };
        self.spawn(self.clone().run(tx, statement))
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        let runner = self.clone();
        let (claim, claimed) = tokio::sync::oneshot::channel();
        let begun = self.spawn(async move {
            let place = runner.transactions.reserve()?;
            let lease = runner.shared.begin().await?;
            let tx = runner.transactions.number();
            runner.transactions.enter(tx, lease)?;
            drop(place);
            // If the caller has gone meanwhile, the value comes back and is dropped: rolled back.
            let _gone = claim.send(Unclaimed { runner, tx });
            Ok(())
        });
        Box::pin(async move {
            begun.await?;
            let mut unclaimed: Unclaimed = claimed.await.map_err(|_| ended())?;
            Ok(std::mem::take(&mut unclaimed.tx))
        })
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        let runner = self.clone();
        self.spawn(async move {
            let slot = runner.transactions.remove(tx).ok_or_else(ended)?;
            let lease = end(&slot).await.ok_or_else(ended)?;
            lease.commit(&runner.shared).await
        })
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        let runner = self.clone();
        self.spawn(async move {
            let slot = runner.transactions.remove(tx).ok_or_else(ended)?;
            let lease = end(&slot).await.ok_or_else(ended)?;
            lease.rollback().await
        })
    }

    fn abandon(&self, tx: u64) {
        if let Some(slot) = self.transactions.remove(tx) {
            self.runtime.spawn(async move {
                if let Some(lease) = end(&slot).await {
                    report_rollback(lease.rollback().await);
                }
            });
        }
    }

    fn new_id(&self) -> Option<i64> {
        self.shared.ids().next()
    }
}
