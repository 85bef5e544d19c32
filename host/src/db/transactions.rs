//! The open transactions of the core, or of one generation of a plugin.

use super::lease::Lease;
use parking_lot::Mutex;
use plugin_api::db::{DbError, DbErrorKind};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The sweeper looks at most this often, and at least this often, for idle transactions.
const SWEEP_EVERY: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(1);

/// Numbered transactions with an idle timeout.
pub(super) struct Transactions {
    max: usize,
    idle_max: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Arc<Slot>>,
    /// Begun, but not in `open` yet.
    beginning: usize,
    last: u64,
    sweeping: bool,
    closed: bool,
}

/// One transaction. Its lease is behind an asynchronous lock since its statements, which a plugin
/// may well send at the same time, run one after the other.
pub(super) struct Slot {
    pub(super) lease: tokio::sync::Mutex<Option<Lease>>,
    used: Mutex<Instant>,
}

impl Slot {
    /// Restarts the idle time.
    pub(super) fn touch(&self) {
        *self.used.lock() = Instant::now();
    }
}

/// A place for a transaction that is about to begin.
pub(super) struct Place<'a> {
    transactions: &'a Transactions,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.transactions.state.lock().beginning -= 1;
    }
}

impl Transactions {
    pub(super) fn new(max: usize, idle_max: Duration) -> Self {
        Self { max, idle_max, state: Mutex::new(State::default()) }
    }

    /// Refuses when closed or when too many are open.
    pub(super) fn reserve(&self) -> Result<Place<'_>, DbError> {
        let mut state = self.state.lock();
        state.check_open()?;
        if state.open.len() + state.beginning >= self.max {
            let message = format!("{} transactions are open, which is the limit; commit or drop one first", self.max);
            return Err(DbError::new(DbErrorKind::Refused, message));
        }
        state.beginning += 1;
        Ok(Place { transactions: self })
    }

    /// Refuses statements after [`Transactions::close`].
    pub(super) fn check_open(&self) -> Result<(), DbError> {
        self.state.lock().check_open()
    }

    /// The number of the next transaction.
    pub(super) fn number(&self) -> u64 {
        let mut state = self.state.lock();
        state.last += 1;
        state.last
    }

    /// Enters a transaction that has begun. An error means that it must be rolled back.
    pub(super) fn enter(self: &Arc<Self>, tx: u64, lease: Lease) -> Result<(), DbError> {
        let slot = Slot { lease: tokio::sync::Mutex::new(Some(lease)), used: Mutex::new(Instant::now()) };
        let mut state = self.state.lock();
        state.check_open()?;
        state.open.insert(tx, Arc::new(slot));
        if !state.sweeping {
            state.sweeping = true;
            tokio::spawn(sweep(Arc::clone(self)));
        }
        Ok(())
    }

    pub(super) fn find(&self, tx: u64) -> Result<Arc<Slot>, DbError> {
        self.state.lock().open.get(&tx).cloned().ok_or_else(ended)
    }

    /// Takes a transaction out, to end it.
    pub(super) fn remove(&self, tx: u64) -> Option<Arc<Slot>> {
        self.state.lock().open.remove(&tx)
    }

    pub(super) fn count(&self) -> usize {
        self.state.lock().open.len()
    }

    /// Refuses everything from now on, and gives what is open, to be rolled back.
    pub(super) fn close(&self) -> Vec<Arc<Slot>> {
        let mut state = self.state.lock();
        state.closed = true;
        state.open.drain().map(|(_, slot)| slot).collect()
    }

    /// Takes out what has been idle for too long; None when nothing is left to look after.
    fn expired(&self) -> Option<Vec<Arc<Slot>>> {
        let mut state = self.state.lock();
        let idle = |slot: &Slot| slot.lease.try_lock().is_ok() && slot.used.lock().elapsed() >= self.idle_max;
        let expired: Vec<u64> = state.open.iter().filter(|(_, slot)| idle(slot)).map(|(tx, _)| *tx).collect();
        if state.open.is_empty() {
            state.sweeping = false;
            return None;
        }
        Some(expired.iter().filter_map(|tx| state.open.remove(tx)).collect())
    }
}

impl State {
    fn check_open(&self) -> Result<(), DbError> {
        if self.closed {
            Err(DbError::new(DbErrorKind::Unavailable, "the database service has been stopped"))
        } else {
            Ok(())
        }
    }
}

/// The error for a transaction that is not open.
pub(super) fn ended() -> DbError {
    let message = "the transaction has ended: committed, rolled back, after a failed statement, or idle for too long";
    DbError::new(DbErrorKind::TransactionEnded, message)
}

/// Rolls back idle transactions, until none is open.
async fn sweep(transactions: Arc<Transactions>) {
    let every = (transactions.idle_max / 4).clamp(*SWEEP_EVERY.start(), *SWEEP_EVERY.end());
    loop {
        tokio::time::sleep(every).await;
        let Some(expired) = transactions.expired() else {
            return;
        };
        for slot in expired {
            let lease = slot.lease.lock().await.take();
            let Some(lease) = lease else { continue };
            tracing::warn!(idle_ms = transactions.idle_max.as_millis(), "rolled back an idle transaction");
            if let Err(error) = lease.rollback().await {
                tracing::warn!(%error, "failed to roll back an idle transaction; its connection was closed");
            }
        }
    }
}
