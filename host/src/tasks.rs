//! Background work that shutdown waits for.
//!
//! The only place that spawns tasks for the process' lifetime: what is spawned here is known by
//! name and joined before the process ends.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

static TASKS: LazyLock<Tasks> = LazyLock::new(Tasks::default);

#[derive(Default)]
struct Tasks {
    tracker: TaskTracker,
    running: Mutex<BTreeMap<&'static str, usize>>,
}

/// Shutdown did not wait longer for these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("still running: {}", names.join(", "))]
pub struct StillRunning {
    /// The names of the tasks.
    pub names: Vec<&'static str>,
}

/// Takes a name off the list, also when its task panics or is aborted.
struct Listed(&'static str);

impl Drop for Listed {
    fn drop(&mut self) {
        let mut running = TASKS.running.lock();
        if let Some(count) = running.get_mut(self.0) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.0);
            }
        }
    }
}

/// Runs `work` beside everything else, under a name that shutdown reports if it hangs.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn<F>(name: &'static str, work: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    *TASKS.running.lock().entry(name).or_default() += 1;
    let listed = Listed(name);
    TASKS.tracker.spawn(async move {
        let _listed = listed;
        work.await
    })
}

/// Waits until every task has ended.
///
/// # Errors
/// [`StillRunning`] with the names of those that had not after `deadline`.
pub async fn join(deadline: Duration) -> Result<(), StillRunning> {
    TASKS.tracker.close();
    let ended = tokio::time::timeout(deadline, TASKS.tracker.wait()).await;
    TASKS.tracker.reopen();
    ended.map_err(|_| StillRunning { names: TASKS.running.lock().keys().copied().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn joining_waits_for_tasks_and_names_those_that_hang() {
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let task = spawn("a task of this test", async move { released.await.is_ok() });
        let hanging = join(Duration::from_millis(20)).await.unwrap_err();
        assert!(hanging.names.contains(&"a task of this test"), "{hanging}");
        release.send(()).unwrap();
        assert!(task.await.unwrap());
        join(Duration::from_secs(5)).await.unwrap();
    }
}
