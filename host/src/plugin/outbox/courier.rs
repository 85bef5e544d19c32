//! Gives events to the plugins that handle them.

use super::Outbox;
use super::rows::{self, DueEvent};
use crate::loader::{CallError, GivenEvent};
use crate::plugin::active::ActivePlugin;
use crate::plugin::id::PluginId;
use crate::plugin::services::{later_ms, now_ms};
use crate::plugin::supervisor::SupervisorHandle;
use crate::plugin::table::Published;
use crate::tasks;
use parking_lot::Mutex;
use plugin_api::db::DbError;
use plugin_api::services::Level;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks when nobody says that there is something: at what other processes and crashes have left.
const INTERVAL: Duration = Duration::from_secs(5);
/// After what went wrong, and while a generation is replaced.
const PAUSE: Duration = Duration::from_millis(100);
/// After its deadline a handler has so long to be told, before the event is given again.
const GRACE: Duration = Duration::from_secs(15);
/// How often an event is given to a plugin that fails.
const ATTEMPTS_MAX: i64 = 10;
/// After the first failure; twice as long after each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// The plugins that are being given events now: one at a time each, in order.
type Occupied = Arc<Mutex<BTreeSet<PluginId>>>;

/// What became of giving an event.
enum Given {
    /// The next one may be given.
    Next,
    /// The plugin does not serve just now.
    Later,
}

/// Delivers until the supervisor ends.
pub(in crate::plugin) async fn deliver(upgraded: impl Fn() -> Option<SupervisorHandle>) {
    let Some(ended) = upgraded().map(|handle| handle.watches_ended()) else { return };
    let delivering = async {
        let occupied = Occupied::default();
        loop {
            let Some(handle) = upgraded() else { return };
            let (published, outbox) = (handle.published().clone(), Arc::clone(&handle.workplace().outbox));
            drop(handle);
            let pause = match look(&published, &outbox, &occupied).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "events can't be delivered just now");
                    INTERVAL
                }
            };
            // It only says that there may be something: a look that finds nothing does no harm.
            let _ = tokio::time::timeout(pause, outbox.stirred.notified()).await;
        }
    };
    tokio::select! {
        () = ended => {}
        () = delivering => {}
    }
}

/// Starts giving what is due; says when to look again.
async fn look(published: &Published, outbox: &Arc<Outbox>, occupied: &Occupied) -> Result<Duration, DbError> {
    let to = free(published, occupied);
    if to.is_empty() {
        return Ok(INTERVAL);
    }
    let due = rows::due(&outbox.database, &to, now_ms()).await?;
    if due.is_empty() {
        let next = rows::next_due(&outbox.database, &to).await?.map_or(i64::MAX, |next| next.saturating_sub(now_ms()));
        return Ok(INTERVAL.min(Duration::from_millis(u64::try_from(next).unwrap_or_default()).max(PAUSE)));
    }
    let mut of_each: BTreeMap<String, Vec<DueEvent>> = BTreeMap::new();
    due.into_iter().for_each(|event| of_each.entry(event.plugin_id.clone()).or_default().push(event));
    for id in to {
        let Some(events) = of_each.remove(id.as_str()) else { continue };
        occupied.lock().insert(id.clone());
        let (published, outbox, occupied) = (published.clone(), Arc::clone(outbox), Arc::clone(occupied));
        tasks::spawn("events for a plugin", async move {
            give_all(&id, events, &published, &outbox).await;
            occupied.lock().remove(&id);
            outbox.stir();
        });
    }
    Ok(INTERVAL)
}

/// The plugins that serve, handle events, and are not given any now.
fn free(published: &Published, occupied: &Occupied) -> Vec<PluginId> {
    let (table, occupied) = (published.load(), occupied.lock());
    let serving = table.plugins().values().filter_map(|status| status.active.as_ref());
    let free = serving.filter(|active| active.handles_events && !occupied.contains(&active.id));
    free.map(|active| active.id.clone()).collect()
}

/// Gives a plugin its events, one after the other.
async fn give_all(id: &PluginId, events: Vec<DueEvent>, published: &Published, outbox: &Outbox) {
    for event in events {
        match give(id, &event, published, outbox).await {
            Ok(Given::Next) => {}
            Ok(Given::Later) => return tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(%error, plugin.id = %id, "event {} for plugin {id} waits", event.id);
                return tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn give(id: &PluginId, event: &DueEvent, published: &Published, outbox: &Outbox) -> Result<Given, DbError> {
    let serving = published.load().serving(id).cloned();
    let Some(active) = serving.filter(|active| active.handles_events) else { return Ok(Given::Later) };
    let full_name = format!("{}.{}", event.source, event.name);
    let handlers = &active.generation.descriptor().events;
    let Some(index) = handlers.iter().position(|handler| handler.event == full_name) else {
        // A version before this one handles it, and it was published while that was being replaced.
        rows::remove(&outbox.database, event.id).await?;
        return Ok(Given::Next);
    };
    let Some(lease) = active.generation.lease() else { return Ok(Given::Later) };
    let deadline = outbox.limits.deadline;
    if !rows::take(&outbox.database, event, later_ms(deadline + GRACE)).await? {
        return Ok(Given::Next);
    }
    let attempt = event.attempts + 1;
    let given = GivenEvent {
        id: event.id,
        source: &event.source,
        name: &event.name,
        data: &event.data,
        published_ms: event.created_time,
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
    };
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let failure = match tokio::time::timeout(deadline, lease.handle_event(index, given)).await {
        Ok(Ok(Ok(()))) => {
            rows::remove(&outbox.database, event.id).await?;
            return Ok(Given::Next);
        }
        Ok(Err(CallError::Cut)) => {
            // It is not the event's fault: this was no attempt.
            rows::put_off(&outbox.database, event.id, event.attempts, now_ms()).await?;
            return Ok(Given::Later);
        }
        Ok(Ok(Err(words))) => active.log().secrets().hide(&words).into_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => {
            active.overrun();
            format!("it was not handled within {} ms", deadline.as_millis())
        }
    };
    fail(&active, event, attempt, &full_name, &failure, outbox).await?;
    Ok(Given::Next)
}

/// Puts an event off that a plugin could not handle, or gives it up.
async fn fail(
    active: &ActivePlugin,
    event: &DueEvent,
    attempt: i64,
    full_name: &str,
    failure: &str,
    outbox: &Outbox,
) -> Result<(), DbError> {
    if attempt >= ATTEMPTS_MAX {
        let text = format!("event {full_name} ({}) is given up after {attempt} attempts: {failure}", event.id);
        active.note(Level::Error, &text, None);
        return rows::remove(&outbox.database, event.id).await;
    }
    let pause = retry_after(attempt);
    let text = format!(
        "event {full_name} ({}) failed in attempt {attempt} and comes again in {} s: {failure}",
        event.id,
        pause.as_secs()
    );
    active.note(Level::Warn, &text, None);
    rows::put_off(&outbox.database, event.id, attempt, later_ms(pause)).await
}

fn retry_after(attempt: i64) -> Duration {
    let doubled = u32::try_from(attempt.saturating_sub(1)).ok().and_then(|times| 2_u32.checked_pow(times));
    doubled.map_or(RETRY_MAX, |factor| RETRY_FIRST.saturating_mul(factor).min(RETRY_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_minutes() {
        let seconds: Vec<u64> = (1..=ATTEMPTS_MAX).map(|attempt| retry_after(attempt).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(retry_after(i64::MAX), RETRY_MAX);
    }
}
