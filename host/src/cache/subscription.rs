//! Listening to the other processes, and knowing for how long nothing can have been missed.

use super::announcement::Announcement;
use super::announcements::{RETRY_INTERVAL, Shared};
use super::belief::BELIEF;
use super::letter::Letter;
use crate::tasks;
use futures_util::StreamExt;
use redis::aio::PubSub;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a process tells itself that it still hears. One or two may be late.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(250);
/// A connection on which not even heartbeats come is given up.
const SILENCE_MAX: Duration = Duration::from_secs(3);
const _: () = assert!(HEARTBEAT_INTERVAL.as_millis() * 2 < BELIEF.as_millis());
/// The number of announcements whose answers nobody waits for.
const NOBODY_WAITS: u64 = 0;
/// Heartbeats in a row that could not be sent, after which another connection is tried.
const FAILURES_MAX: u32 = 4;

impl Shared {
    /// Listens until the process ends.
    pub(super) async fn listen(self: Arc<Self>) {
        tokio::select! {
            () = self.ended.cancelled() => {}
            () = self.subscriptions() => {}
            () = self.heartbeats() => {}
        }
        self.belief.lose();
    }

    /// One subscription after the other.
    async fn subscriptions(self: &Arc<Self>) {
        loop {
            match self.redis.subscribe(&self.channels()).await {
                Ok(connection) => {
                    self.begin();
                    self.hear(connection).await;
                    self.belief.lose();
                }
                Err(error) => self.note_cut_off(&error),
            }
            sleep(RETRY_INTERVAL).await;
        }
    }

    /// From now on everything is heard; what was announced before may have been missed. What is
    /// remembered is believed from the first heartbeat on, which comes after this.
    fn begin(&self) {
        self.memories.forget(&Announcement::Everything);
        if let Some(follower) = self.follower() {
            follower.doubt();
            tasks::spawn("catch up with the plugins", follower.catch_up());
        }
    }

    /// Acts on what comes, in order, until the connection is lost.
    async fn hear(self: &Arc<Self>, connection: PubSub) {
        let mut messages = connection.into_on_message();
        while let Ok(Some(message)) = timeout(SILENCE_MAX, messages.next()).await {
            match message.get_payload::<String>().ok().and_then(|text| Letter::from_text(&text)) {
                Some(Letter::Heartbeat(sent)) => self.belief.renew(sent),
                Some(Letter::Done { by, number }) => self.answered(by, number),
                Some(Letter::Announcement { from, number, what }) if from != self.name => {
                    self.act(from, number, &what);
                }
                Some(Letter::Announcement { .. }) | None => {}
            }
        }
    }

    /// Forgets before the next message is looked at; follows beside it, which takes longer.
    fn act(self: &Arc<Self>, from: String, number: u64, what: &Announcement) {
        self.memories.forget(what);
        let concerns_plugins = matches!(what, Announcement::Plugins | Announcement::Everything);
        let following = self.follower().filter(|_| concerns_plugins).map(|follower| follower.catch_up());
        let shared = Arc::clone(self);
        tasks::spawn("answer an announcement", async move {
            if let Some(following) = following {
                following.await;
            }
            let letter = Letter::Done { by: shared.name.clone(), number };
            shared.send(&from, &letter).await;
        });
    }

    /// Sends to one. Whoever does not get an answer stops waiting by itself.
    async fn send(&self, to: &str, letter: &Letter) {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.channel_of(to)).arg(letter.to_text());
        if let Err(error) = self.redis.ask::<u64>(&command).await {
            tracing::debug!(%error, "an announcement was not answered");
        }
    }

    async fn heartbeats(&self) {
        let mut ticks = interval(HEARTBEAT_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failures = 0;
        loop {
            ticks.tick().await;
            let letter = Letter::Heartbeat(self.belief.now());
            let mut command = redis::cmd("PUBLISH");
            command.arg(self.channel_of(&self.name)).arg(letter.to_text());
            let (sent, _) = tokio::join!(self.redis.ask::<u64>(&command), self.census());
            match sent {
                Ok(_) => {
                    failures = 0;
                    self.note_connected();
                    self.pay().await;
                }
                Err(error) => {
                    self.note_cut_off(&error);
                    failures += 1;
                }
            }
            if failures == FAILURES_MAX {
                failures = 0;
                self.redis.reconnect();
            }
        }
    }

    /// Tells what could not be told while Redis was away. Others may not have been cut off then, so
    /// nobody knows what they have missed.
    async fn pay(&self) {
        if self.owes.swap(false, Ordering::AcqRel) {
            let letter =
                Letter::Announcement { from: self.name.clone(), number: NOBODY_WAITS, what: Announcement::Everything };
            if self.publish(&letter).await.is_err() {
                self.owes.store(true, Ordering::Release);
            }
        }
    }
}
