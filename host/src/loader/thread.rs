//! Threads on which plugin code runs that may not come back.
//!
//! Opening, starting and stopping run on a thread of their own, never on a worker: a hang costs that
//! thread. The reaper joins them before it unmaps, since a thread's exit runs the plugin's own
//! thread-local destructors.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// A piece of work on its own thread.
pub(super) struct Work<T> {
    answer: Receiver<T>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Work<T> {
    pub(super) fn start(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (sender, answer) = sync_channel(1);
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            let _ = sender.send(work());
        })?;
        Ok(Self { answer, thread })
    }

    /// Waits at most `deadline`. None when the work did not come back, or ended without an answer.
    pub(super) fn wait(self, deadline: Duration) -> (Option<T>, JoinHandle<()>) {
        (self.answer.recv_timeout(deadline).ok(), self.thread)
    }
}
