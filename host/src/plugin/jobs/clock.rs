//! Looks each second at what has fallen due.

use super::run::Busy;
use crate::plugin::active::ActivePlugin;
use crate::plugin::supervisor::SupervisorHandle;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Between two looks. Timetables know minutes.
const INTERVAL: Duration = Duration::from_secs(1);

/// When the jobs of the generations that serve fall due, by the number of the generation and the index of the job.
struct Clock {
    next: HashMap<(u64, usize), Option<Timestamp>>,
    looked: Timestamp,
}

/// Starts jobs when they fall due, until the supervisor ends.
pub(in crate::plugin) async fn start_what_is_due(upgraded: impl Fn() -> Option<SupervisorHandle>) {
    let Some(ended) = upgraded().map(|handle| handle.watches_ended()) else { return };
    let mut clock = Clock { next: HashMap::new(), looked: Timestamp::now() };
    let looking = async {
        let mut ticks = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(handle) = upgraded() else { return };
            let table = handle.published().load_full();
            let serving = table.plugins().values().filter_map(|status| status.active.as_ref());
            let due = clock.due(serving, Timestamp::now());
            let runner = Arc::clone(&handle.workplace().jobs);
            drop((table, handle));
            for (active, index, moment) in due {
                match runner.start(&active, index, moment.as_millisecond()).await {
                    // Another process has it, or it runs still: what falls due meanwhile is left out.
                    Ok(Ok(()) | Err(Busy)) => {}
                    Err(error) => {
                        tracing::error!(%error, plugin.id = %active.id, "a job of plugin {} can't be started", active.id)
                    }
                }
            }
        }
    };
    tokio::select! {
        () = ended => {}
        () = looking => {}
    }
}

impl Clock {
    /// The jobs that are due now, and the moments at which they fell due. Those of a generation that is new are due from the
    /// last look on, so that an upgrade between two looks leaves nothing out.
    fn due<'a>(
        &mut self,
        serving: impl Iterator<Item = &'a Arc<ActivePlugin>>,
        now: Timestamp,
    ) -> Vec<(Arc<ActivePlugin>, usize, Timestamp)> {
        let (mut due, mut next) = (Vec::new(), HashMap::new());
        for active in serving {
            for (index, job) in active.jobs.iter().enumerate() {
                let key = (active.generation.number(), index);
                let known = self.next.remove(&key);
                let mut moment = known.unwrap_or_else(|| job.timetable.next(self.looked));
                if let Some(fallen) = moment.filter(|moment| *moment <= now) {
                    due.push((Arc::clone(active), index, fallen));
                    moment = job.timetable.next(now);
                }
                next.insert(key, moment);
            }
        }
        (self.next, self.looked) = (next, now);
        due
    }
}
