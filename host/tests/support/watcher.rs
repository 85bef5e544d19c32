//! Somebody who watches what becomes of plugins.

use crate::server::{Role, eventually};
use futures_util::StreamExt;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// Everything that was told since it began to watch.
pub(crate) struct Watcher {
    seen: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Watcher {
    /// Begins to watch.
    pub(crate) async fn begin(role: &Role) -> Self {
        let request = role.request(reqwest::Method::GET, "/api/v1/plugins/events");
        let mut stream = request.send().await.expect("an answer").bytes_stream();
        let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
        let collected = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut text = String::new();
            while let Some(Ok(piece)) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(&piece));
                while let Some((line, rest)) = text.split_once('\n') {
                    if let Some(event) = line.strip_prefix("data:") {
                        let event = serde_json::from_str(event.trim()).expect("an event is JSON");
                        collected.lock().expect("a lock").push(event);
                    }
                    text = rest.to_owned();
                }
            }
        });
        Self { seen, task }
    }

    /// The event that a plugin came into a state, once it is told.
    pub(crate) async fn told(&self, id: &str, state: &str) -> Value {
        let find = || {
            let seen = self.seen.lock().expect("a lock");
            seen.iter().find(|event| event["id"] == id && event["state"] == state).cloned()
        };
        eventually(&format!("{id} is {state}"), async || find().is_some()).await;
        find().expect("it was told")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
