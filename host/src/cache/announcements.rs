//! Telling the other processes what to forget, and waiting until they have.

use super::announcement::{Announcement, Follower, Memory};
use super::belief::{BELIEF, Belief};
use super::letter::Letter;
use super::members::Members;
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

/// Tells every process over this database, this one first, what is not true any more. Cheap to clone.
///
/// A writer tells after its commit and before its answer. When the telling is over, every process that
/// listens has acted, and one that does not listen believes nothing it remembers. So an answer
/// that was sent holds for the next request to any process.
#[derive(Clone, Default)]
pub struct Announcements {
    memories: Memories,
    /// None if this process is the only one.
    shared: Option<Arc<Shared>>,
}

/// What in this process remembers.
#[derive(Clone, Default)]
pub(super) struct Memories(Arc<Mutex<Vec<Weak<dyn Memory>>>>);

pub(super) struct Shared {
    pub(super) redis: Redis,
    /// This process' name among the others.
    pub(super) name: String,
    pub(super) belief: Belief,
    /// Something could not be told to those who might have heard it.
    pub(super) owes: AtomicBool,
    pub(super) ended: CancellationToken,
    pub(super) memories: Memories,
    members: Members,
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
        let memories = Memories::default();
        let shared = Arc::new(Shared {
            redis,
            name: Uuid::new_v4().simple().to_string(),
            belief: Belief::none(),
            owes: AtomicBool::new(false),
            ended: CancellationToken::new(),
            memories: memories.clone(),
            members: Members::default(),
            follower: Mutex::default(),
            told: AtomicU64::new(1),
            waiting: Mutex::default(),
        });
        Self { memories, shared: Some(shared) }
    }

    /// Whether what this process remembers may be believed; always if it is the only one.
    #[must_use]
    pub fn are_heard(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.belief.is_held())
    }

    /// Whether there may be others at all.
    #[must_use]
    pub fn reach_others(&self) -> bool {
        self.shared.is_some()
    }

    /// Has `memory` forget what is announced, for as long as it lives.
    pub fn enlist<M: Memory>(&self, memory: &Arc<M>) {
        let memory: Weak<M> = Arc::downgrade(memory);
        self.memories.0.lock().push(memory);
    }

    /// Has `follower` act when others announce a change of plugins.
    pub fn follow<F: Follower>(&self, follower: &Arc<F>) {
        if let Some(shared) = &self.shared {
            let follower: Weak<F> = Arc::downgrade(follower);
            *shared.follower.lock() = Some(follower);
        }
    }

    /// Begins to listen.
    pub fn start(&self) {
        if let Some(shared) = &self.shared {
            tasks::spawn("announcements of other processes", Arc::clone(shared).listen());
        }
    }

    /// Listens no more. What is remembered is not believed from now on.
    pub fn stop(&self) {
        if let Some(shared) = &self.shared {
            shared.ended.cancel();
            shared.belief.lose();
        }
    }

    /// Has this process forget at once, tells the others, and waits until they have acted or
    /// can't believe any more what they remember. To be called after the commit.
    pub async fn tell(&self, what: Announcement) {
        self.tell_within(what, ANSWER_DEADLINE).await;
    }

    /// The same for what takes longer to act on.
    pub async fn tell_within(&self, what: Announcement, deadline: Duration) {
        // Before anything is waited for: the caller may go away.
        self.memories.forget(&what);
        let Some(shared) = self.shared.clone() else { return };
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

    /// Looks who listens.
    pub(super) async fn census(&self) -> Result<BTreeSet<String>, CacheError> {
        let channels = self.redis.ask(redis::cmd("PUBSUB").arg("CHANNELS").arg(self.channel_of("*"))).await?;
        Ok(self.others(channels))
    }

    fn others(&self, channels: Vec<String>) -> BTreeSet<String> {
        let prefix = self.channel_of("");
        let name = |channel: &String| channel.strip_prefix(&prefix).map(str::to_owned);
        let others = channels.iter().filter_map(name).filter(|name| *name != self.name).collect();
        self.members.note(&others, std::time::Instant::now());
        others
    }

    /// Whether everybody who may believe was in the last audience: nobody has just been lost, and no
    /// connection of ours, with which others may have lost theirs.
    fn reaches_all(&self) -> bool {
        self.members.are_complete() && !self.redis.had_trouble_within(ANSWER_DEADLINE)
    }

    /// Waits until everybody in `audience` has acted. Somebody who is gone, or was when it was told, may
    /// not know it yet, and is waited for until it can't believe any more.
    async fn wait(&self, mut audience: BTreeSet<String>, answers: &Answers, deadline: Duration) {
        let nobody_believes = Instant::now() + ANSWER_DEADLINE;
        let end = nobody_believes.max(Instant::now() + deadline);
        let reaches_all = self.reaches_all();
        loop {
            audience.retain(|name| !answers.by.lock().contains(name));
            let now = Instant::now();
            if audience.is_empty() && (reaches_all || now >= nobody_believes) {
                return;
            }
            if now >= end {
                tracing::warn!(nodes = ?audience, "other processes did not answer an announcement in time");
                return;
            }
            tokio::select! {
                () = answers.came.notified() => {}
                () = sleep(CENSUS_INTERVAL) => {
                    if now >= nobody_believes && let Ok(alive) = self.census().await {
                        audience.retain(|name| alive.contains(name));
                    }
                }
                () = sleep_until(nobody_believes), if now < nobody_believes => {}
                () = sleep_until(end) => {}
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

impl Memories {
    /// Forgets at once what `what` makes untrue.
    pub(super) fn forget(&self, what: &Announcement) {
        self.0.lock().retain(|memory| {
            let memory = memory.upgrade();
            memory.as_ref().inspect(|memory| memory.forget(what)).is_some()
        });
    }
}

impl fmt::Debug for Announcements {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.shared.as_ref().map(|shared| &shared.name);
        formatter.debug_struct("Announcements").field("process", &name).finish_non_exhaustive()
    }
}
