//! Entries that are written behind the requests that caused them.
//!
//! A bounded queue and one task, which writes what has come in batches. Invariant: what was taken is
//! written, or counted as lost and said so; closing writes what is there.

pub(super) mod api;
mod count;
pub(super) mod entries;
pub(super) mod filter;
pub(super) mod rows;

use crate::tasks;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use plugin_api::db::DbError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Entries that may wait to be written: some megabytes at worst.
const WAITING_MAX: usize = 2_048;
/// A batch is written when it has so many entries …
const BATCH_MAX: usize = 200;
/// … or when its first one has waited so long.
const BATCH_WAIT: Duration = Duration::from_millis(250);
/// How long an entry that must not be lost waits for room.
const ROOM_WAIT: Duration = Duration::from_secs(30);
/// How often a batch is tried.
const ATTEMPTS_MAX: u32 = 5;
/// Between two attempts.
const ATTEMPT_WAIT: Duration = Duration::from_secs(1);
/// How long closing waits for the last batches.
const CLOSE_WAIT: Duration = Duration::from_secs(15);
/// Skipped entries are told of at most so often.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Where batches go.
pub(super) trait EntryStore: Send + Sync + 'static {
    /// What is written.
    type Entry: Send + Sync + 'static;

    /// Writes a batch, all of it or nothing.
    fn keep<'a>(&'a self, entries: &'a [Self::Entry]) -> BoxFuture<'a, Result<(), DbError>>;
}

/// A queue of entries and the task that writes them.
pub(super) struct Journal<T> {
    sender: Sender<T>,
    stop: CancellationToken,
    writer: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    written: AtomicU64,
    skipped: AtomicU64,
    lost: AtomicU64,
}

/// What became of entries since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalCounts {
    /// In the database.
    pub written: u64,
    /// In the queue.
    pub waiting: u64,
    /// Left out, since too many came at once.
    pub skipped: u64,
    /// Not written, since the database failed for too long.
    pub lost: u64,
}

impl<T: Send + Sync + 'static> Journal<T> {
    /// Starts the task, under `name`.
    pub(super) fn start(name: &'static str, store: impl EntryStore<Entry = T>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let stop = CancellationToken::new();
        let counters = Arc::new(Counters::default());
        let writer = Writer { name, store, receiver, stop: stop.clone(), counters: Arc::clone(&counters) };
        let writer = Mutex::new(Some(tasks::spawn(name, writer.run())));
        Self { sender, stop, writer, counters }
    }

    /// Takes an entry, after waiting for room if there is none.
    pub(super) async fn put(&self, entry: T) {
        let entry = match self.sender.try_send(entry) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(entry) | mpsc::error::TrySendError::Closed(entry)) => entry,
        };
        if self.sender.send_timeout(entry, ROOM_WAIT).await.is_err() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!("an entry of a log was lost: it found no room within {} s", ROOM_WAIT.as_secs());
        }
    }

    /// Takes an entry if more than half of the queue is free: the rest is for [`Journal::put`].
    pub(super) fn offer(&self, entry: T) {
        if self.sender.capacity() < WAITING_MAX / 2 || self.sender.try_send(entry).is_err() {
            self.skip();
        }
    }

    /// Takes an entry if there is room at all; for those who can't wait.
    pub(super) fn put_now(&self, entry: T) {
        if self.sender.try_send(entry).is_err() {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!("an entry of a log was lost: the queue is full");
        }
    }

    /// Counts an entry that was not even made.
    pub(super) fn skip(&self) {
        self.counters.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// What became of entries.
    pub(super) fn counts(&self) -> JournalCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JournalCounts {
            written: read(&self.counters.written),
            waiting: (WAITING_MAX - self.sender.capacity()) as u64,
            skipped: read(&self.counters.skipped),
            lost: read(&self.counters.lost),
        }
    }

    /// Takes nothing more, and waits until everything is written.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && !matches!(tokio::time::timeout(CLOSE_WAIT, writer).await, Ok(Ok(())))
        {
            tracing::error!("the last entries of a log were not written");
        }
    }
}

struct Writer<S: EntryStore> {
    name: &'static str,
    store: S,
    receiver: Receiver<S::Entry>,
    stop: CancellationToken,
    counters: Arc<Counters>,
}

impl<S: EntryStore> Writer<S> {
    async fn run(mut self) {
        let mut told = (Instant::now(), 0);
        loop {
            let batch = self.next().await;
            if batch.is_empty() {
                self.tell(told.1);
                return;
            }
            self.write(&batch).await;
            if told.0.elapsed() >= TELL_EVERY {
                told = (Instant::now(), self.tell(told.1));
            }
        }
    }

    /// The next batch; an empty one is the end.
    async fn next(&mut self) -> Vec<S::Entry> {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        self.receive(&mut batch, None).await;
        let due = tokio::time::Instant::now() + BATCH_WAIT;
        while !batch.is_empty() && batch.len() < BATCH_MAX && self.receive(&mut batch, Some(due)).await {}
        batch
    }

    /// Adds what has come; false when nothing more is to be waited for.
    async fn receive(&mut self, batch: &mut Vec<S::Entry>, due: Option<tokio::time::Instant>) -> bool {
        let room = BATCH_MAX - batch.len();
        let far = tokio::time::Instant::now() + Duration::from_secs(3600);
        loop {
            tokio::select! {
                biased;
                count = self.receiver.recv_many(batch, room) => return count > 0,
                () = self.stop.cancelled(), if !self.receiver.is_closed() => self.receiver.close(),
                () = tokio::time::sleep_until(due.unwrap_or(far)), if due.is_some() => return false,
            }
        }
    }

    async fn write(&self, batch: &[S::Entry]) {
        let count = batch.len() as u64;
        for attempt in 1..=ATTEMPTS_MAX {
            match self.store.keep(batch).await {
                Ok(()) => {
                    self.counters.written.fetch_add(count, Ordering::Relaxed);
                    return;
                }
                Err(error) => tracing::warn!(%error, attempt, "failed to write {count} entries of the {}", self.name),
            }
            if attempt < ATTEMPTS_MAX {
                tokio::time::sleep(ATTEMPT_WAIT).await;
            }
        }
        self.counters.lost.fetch_add(count, Ordering::Relaxed);
        tracing::error!(count, "entries of the {} were lost: the database refused them too often", self.name);
    }

    /// Says how much more was left out than is `known`; gives how much it is in all.
    fn tell(&self, known: u64) -> u64 {
        let skipped = self.counters.skipped.load(Ordering::Relaxed);
        let count = skipped - known;
        if count > 0 {
            tracing::warn!(skipped = count, "{count} reads are not in the {}: too many came at once", self.name);
        }
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::db::DbErrorKind;

    /// Keeps numbers; refuses the first batches.
    #[derive(Clone, Default)]
    struct Numbers {
        kept: Arc<Mutex<Vec<Vec<u32>>>>,
        refuse: Arc<AtomicU64>,
    }

    impl EntryStore for Numbers {
        type Entry = u32;

        fn keep<'a>(&'a self, entries: &'a [u32]) -> BoxFuture<'a, Result<(), DbError>> {
            Box::pin(async move {
                if self.refuse.load(Ordering::Relaxed) > 0 {
                    self.refuse.fetch_sub(1, Ordering::Relaxed);
                    return Err(DbError::new(DbErrorKind::Timeout, "busy"));
                }
                self.kept.lock().push(entries.to_vec());
                Ok(())
            })
        }
    }

    #[tokio::test]
    async fn entries_are_written_in_order_in_batches_and_closing_writes_the_rest() {
        let numbers = Numbers::default();
        let journal = Journal::start("a journal of this test", numbers.clone());
        for number in 0..450 {
            journal.put(number).await;
        }
        journal.close().await;
        let kept = numbers.kept.lock().clone();
        assert_eq!(kept.concat(), (0..450).collect::<Vec<u32>>());
        assert!(kept.len() <= 4 && kept.iter().all(|batch| batch.len() <= BATCH_MAX), "{}", kept.len());
        assert_eq!(journal.counts(), JournalCounts { written: 450, waiting: 0, skipped: 0, lost: 0 });
        journal.put(451).await;
        assert_eq!(journal.counts().lost, 1);
    }

    #[tokio::test]
    async fn a_batch_is_tried_again_and_offers_are_skipped_while_the_queue_is_half_full() {
        let numbers = Numbers { refuse: Arc::new(AtomicU64::new(1)), ..Numbers::default() };
        let journal = Journal::start("a journal of this test", numbers.clone());
        for number in 0..2_000 {
            journal.offer(number);
        }
        let skipped = journal.counts().skipped;
        assert!((900..1_000).contains(&skipped), "{skipped}");
        journal.close().await;
        assert_eq!(journal.counts(), JournalCounts { written: 2_000 - skipped, waiting: 0, skipped, lost: 0 });
    }
}
