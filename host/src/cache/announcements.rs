//! Telling the other processes what to forget, and waiting until they have.

use super::announcement::{Announcement, Follower, Memory};
use super::belief::{BELIEF, Belief};
use super::letter::Letter;
use super::redis::{CacheError, Redis};
use crate::tasks;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long an answer waits for processes that are silent. They have stopped believing before it
/// is over, so that waiting longer would tell nothing new.
pub(super) const ANSWER_DEADLINE: Duration = Duration::from_millis(1_500);
const _: () = assert!(ANSWER_DEADLINE.as_millis() > BELIEF.as_millis());
/// How often a waiting process looks which of the others are still there.
const CENSUS_INTERVAL: Duration = Duration::from_millis(250);
/// How soon it is tried again to reach a Redis that is away.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// Tells every process over this database what is not true any more. Cheap to clone.
///
/// A writer tells after its commit and before its answer. When the telling is over, every process that
/// listens has acted, and one that does not listen believes nothing it remembers. So an answer
/// that was sent holds for the next request to any process.
#[derive(Clone, Default)]
pub struct Announcements(Option<Arc<Shared>>);

pub(super) struct Shared {
    pub(super) redis: Redis,
    /// This process' name among the others.
    pub(super) name: String,
    pub(super) belief: Belief,
    /// Something could not be told to those who might have heard it.
    pub(super) owes: AtomicBool,
    pub(super) ended: CancellationToken,
    memories: Mutex<Vec<Weak<dyn Memory>>>,
    follower: Mutex<Option<Weak<dyn Follower>>>,
    told: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Arc<Answers>>>,
}

/// The names of those that have acted on one announcement.
#[derive(Default)]
struct Answers {
    by: Mutex<BTreeSet<String>>,
    came: Notify,
}

impl Announcements {
    /// Through `redis`.
    pub(super) fn over(redis: Redis) -> Self {
        Self(Some(Arc::new(Shared {
            redis,
            name: Uuid::new_v4().simple().to_string(),
            belief: Belief::none(),
            owes: AtomicBool::new(false),
            ended: CancellationToken::new(),
            memories: Mutex::default(),
            follower: Mutex::default(),
            told: AtomicU64::new(1),
            waiting: Mutex::default(),
        })))
    }

    /// Whether what this process remembers may be believed; always if it is the only one.
    #[must_use]
    pub fn are_heard(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.belief.is_held())
    }

    /// Whether there may be others at all.
    #[must_use]
    pub fn reach_others(&self) -> bool {
        self.0.is_some()
    }

    /// Has `memory` forget what others announce, for as long as it lives.
    pub fn enlist<M: Memory>(&self, memory: &Arc<M>) {
        if let Some(shared) = &self.0 {
            let memory: Weak<M> = Arc::downgrade(memory);
            shared.memories.lock().push(memory);
        }
    }

    /// Has `follower` act when others announce a change of plugins.
    pub fn follow<F: Follower>(&self, follower: &Arc<F>) {
        if let Some(shared) = &self.0 {
            let follower: Weak<F> = Arc::downgrade(follower);
            *shared.follower.lock() = Some(follower);
        }
    }

    /// Begins to listen.
    pub fn start(&self) {
        if let Some(shared) = &self.0 {
            tasks::spawn("announcements of other processes", Arc::clone(shared).listen());
        }
    }

    /// Listens no more. What is remembered is not believed from now on.
    pub fn stop(&self) {
        if let Some(shared) = &self.0 {
            shared.ended.cancel();
            shared.belief.lose();
        }
    }

    /// Tells the others, and waits until they have acted or [`ANSWER_DEADLINE`] is over. To be called
    /// after the commit, when this process itself has acted.
    pub async fn tell(&self, what: Announcement) {
        self.tell_within(what, ANSWER_DEADLINE).await;
    }

    /// The same for what takes longer to act on.
    pub async fn tell_within(&self, what: Announcement, deadline: Duration) {
        let Some(shared) = self.0.clone() else { return };
        // In a task of its own: a caller that goes away must not leave the others in the dark.
        let telling = async move { shared.tell(what, deadline).await };
        if let Err(error) = tasks::spawn("an announcement", telling).await {
            tracing::error!(%error, "an announcement to the other processes was cut off");
        }
    }
}

impl Shared {
    pub(super) fn channels(&self) -> [String; 2] {
        [self.channel(), self.channel_of(&self.name)]
    }

    fn channel(&self) -> String {
        self.redis.channel("announcements")
    }

    pub(super) fn channel_of(&self, name: &str) -> String {
        self.redis.channel(&format!("node:{name}"))
    }

    async fn tell(&self, what: Announcement, deadline: Duration) {
        let number = self.told.fetch_add(1, Ordering::Relaxed);
        let answers = Arc::new(Answers::default());
        self.waiting.lock().insert(number, Arc::clone(&answers));
        let letter = Letter::Announcement { from: self.name.clone(), number, what };
        if let Some(audience) = self.published(&letter).await {
            self.wait(audience, &answers, deadline).await;
        }
        self.waiting.lock().remove(&number);
    }

    /// Sends to all; gives the names of those who hear it. None if it could not be sent for so long
    /// that those who are cut off as well have stopped believing.
    async fn published(&self, letter: &Letter) -> Option<BTreeSet<String>> {
        let end = Instant::now() + ANSWER_DEADLINE;
        loop {
            match self.publish(letter).await {
                Ok(audience) => return Some(audience),
                Err(error) => self.note_cut_off(&error),
            }
            if Instant::now() >= end {
                self.owes.store(true, Ordering::Release);
                return None;
            }
            sleep(RETRY_INTERVAL).await;
        }
    }

    /// In one step, so that exactly those are named that hear it.
    pub(super) async fn publish(&self, letter: &Letter) -> Result<BTreeSet<String>, CacheError> {
        let mut commands = redis::pipe();
        commands.atomic().cmd("PUBSUB").arg("CHANNELS").arg(self.channel_of("*"));
        commands.cmd("PUBLISH").arg(self.channel()).arg(letter.to_text());
        let (channels, _receivers): (Vec<String>, u64) = self.redis.ask_all(&commands).await?;
        Ok(self.others(channels))
    }

    async fn census(&self) -> Result<BTreeSet<String>, CacheError> {
        let channels = self.redis.ask(redis::cmd("PUBSUB").arg("CHANNELS").arg(self.channel_of("*"))).await?;
        Ok(self.others(channels))
    }

    fn others(&self, channels: Vec<String>) -> BTreeSet<String> {
        let prefix = self.channel_of("");
        let name = |channel: &String| channel.strip_prefix(&prefix).map(str::to_owned);
        channels.iter().filter_map(name).filter(|name| *name != self.name).collect()
    }

    /// Waits until everybody in `audience` has acted or is gone.
    async fn wait(&self, mut audience: BTreeSet<String>, answers: &Answers, deadline: Duration) {
        let end = Instant::now() + deadline;
        loop {
            audience.retain(|name| !answers.by.lock().contains(name));
            if audience.is_empty() {
                return;
            }
            tokio::select! {
                () = answers.came.notified() => {}
                () = sleep(CENSUS_INTERVAL) => {
                    if let Ok(alive) = self.census().await {
                        audience.retain(|name| alive.contains(name));
                    }
                }
                () = sleep_until(end) => {
                    tracing::warn!(nodes = ?audience, "other processes did not answer an announcement in time");
                    return;
                }
            }
        }
    }

    /// Somebody has acted on an announcement of ours.
    pub(super) fn answered(&self, by: String, number: u64) {
        if let Some(answers) = self.waiting.lock().get(&number) {
            answers.by.lock().insert(by);
            answers.came.notify_one();
        }
    }

    /// Forgets at once what `what` makes untrue.
    pub(super) fn forget(&self, what: &Announcement) {
        self.memories.lock().retain(|memory| {
            let memory = memory.upgrade();
            memory.as_ref().inspect(|memory| memory.forget(what)).is_some()
        });
    }

    pub(super) fn follower(&self) -> Option<Arc<dyn Follower>> {
        self.follower.lock().as_ref()?.upgrade()
    }

    /// Says once that Redis is away.
    pub(super) fn note_cut_off(&self, error: &CacheError) {
        if self.redis.note_away(true) {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(%error, cause, "Redis is away: other processes can't be told of changes; nothing that is remembered is believed");
        }
    }

    /// Says once that it is back.
    pub(super) fn note_connected(&self) {
        if self.redis.note_away(false) {
            tracing::info!("Redis is back");
        }
    }
}

impl fmt::Debug for Announcements {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_ref().map(|shared| &shared.name);
        formatter.debug_struct("Announcements").field("process", &name).finish_non_exhaustive()
    }
}
