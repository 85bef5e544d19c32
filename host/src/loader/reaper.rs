//! The one thread that unmaps images.
//!
//! It waits until nothing can reach an image: no lease, no thread inside it, no value of it held by
//! the host. Then it runs what the image left on threads that live on, closes it, and looks whether
//! it is gone. What can't be unmapped stays, listed with the reason, and is tried again now and then.

use super::UnloadPolicy;
use super::image::Remains;
use super::maps;
use super::report::ImageState;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Between two looks at an image that is expected to be free at once.
const TICK: Duration = Duration::from_millis(2);
/// Between two looks at one that is retained.
const SLOW_TICK: Duration = Duration::from_millis(500);
/// After this an image counts as retained.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Reaper {
    inbox: Mutex<Option<Sender<Remains>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Reaper {
    pub(super) fn start(policy: UnloadPolicy) -> io::Result<Self> {
        let (sender, inbox) = channel();
        let thread = Builder::new().name("reaper".to_owned()).spawn(move || run(&inbox, policy))?;
        Ok(Self { inbox: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Takes an image that nobody calls any more.
    pub(super) fn take(&self, remains: Remains) {
        remains.report(ImageState::Draining);
        let inbox = self.inbox.lock().clone();
        match inbox {
            Some(inbox) => {
                if let Err(unsent) = inbox.send(remains) {
                    std::mem::forget(unsent.0);
                }
            }
            // After the shutdown nothing is unmapped any more.
            None => std::mem::forget(remains),
        }
    }

    pub(super) fn shut_down(&self) {
        drop(self.inbox.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the reaper had panicked");
        }
    }
}

/// An image on its way out.
struct Waiting {
    remains: Remains,
    since: Instant,
    next_look: Instant,
}

fn run(inbox: &Receiver<Remains>, policy: UnloadPolicy) {
    let mut waiting: Vec<Waiting> = Vec::new();
    loop {
        let now = Instant::now();
        let pause = waiting.iter().map(|image| image.next_look.saturating_duration_since(now)).min();
        let arrived = match pause {
            Some(pause) => inbox.recv_timeout(pause),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match arrived {
            Ok(remains) => {
                let now = Instant::now();
                waiting.push(Waiting { remains, since: now, next_look: now });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        waiting = waiting.into_iter().filter_map(|image| look(image, policy)).collect();
    }
    // Whatever is left stays mapped until the process ends.
    waiting.into_iter().for_each(|image| std::mem::forget(image.remains));
}

fn look(mut image: Waiting, policy: UnloadPolicy) -> Option<Waiting> {
    let now = Instant::now();
    if image.next_look > now {
        return Some(image);
    }
    match obstacle(&mut image.remains, policy) {
        None => {
            unmap(image.remains);
            None
        }
        Some(reason) => {
            let patient = now.duration_since(image.since) < PATIENCE;
            image.next_look = now + if patient { TICK } else { SLOW_TICK };
            if !patient {
                image.remains.report(ImageState::Retained { reason });
            }
            Some(image)
        }
    }
}

/// What still reaches into the image.
fn obstacle(remains: &mut Remains, policy: UnloadPolicy) -> Option<String> {
    if let Some(at) = remains.threads.iter().position(|thread| !thread.is_finished()) {
        let name = remains.threads[at].thread().name().unwrap_or("plugin").to_owned();
        return Some(format!("the plugin did not come back from its {}", name.trim_start_matches("plugin-")));
    }
    for thread in remains.threads.drain(..) {
        let _ = thread.join();
    }
    if let Some(instance) = remains.instance.take() {
        // Whoever else holds it gives it up without running plugin code; only the last drop does.
        if Arc::strong_count(&instance) == 1 {
            release(remains, instance);
        } else {
            remains.instance = Some(instance);
        }
        return Some("the plugin's instance is still being dropped".to_owned());
    }
    if let Some(reason) = threads_left(remains.base) {
        return Some(reason);
    }
    let held = Arc::strong_count(&remains.hold) - 1;
    if held > 0 {
        return Some(format!("{held} values of the plugin are still held"));
    }
    match policy {
        UnloadPolicy::Verified if cfg!(all(target_os = "linux", target_env = "gnu")) => None,
        UnloadPolicy::Verified => Some("images are unmapped on Linux with glibc only".to_owned()),
        UnloadPolicy::Never => Some("the configuration says plugins.unload = \"never\"".to_owned()),
    }
}

/// The plugin's own drop runs on a thread of its own: if it hangs, the reaper does not.
fn release(remains: &mut Remains, instance: Arc<plugin_api::abi::FfiInstance>) {
    match Builder::new().name("plugin-drop".to_owned()).spawn(move || drop(instance)) {
        Ok(thread) => remains.threads.push(thread),
        Err(error) => tracing::error!(%error, "no thread could be started to drop a plugin"),
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn threads_left(base: usize) -> Option<String> {
    let threads = super::interpose::living_threads(base);
    (!threads.is_empty()).then(|| format!("the plugin left {} threads running: {threads:?}", threads.len()))
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn threads_left(_: usize) -> Option<String> {
    None
}

fn unmap(remains: Remains) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    super::interpose::release(remains.base);
    let (record, library) = remains.into_record();
    let closed = library.close();
    if let Err(error) = std::fs::remove_file(&record.copy) {
        tracing::warn!(%error, "a library's private copy could not be removed");
    }
    match (closed, maps::is_mapped(&record.copy)) {
        (Ok(()), Some(false)) => record.forget(),
        (Ok(()), _) => record.retain("the dynamic linker keeps it mapped".to_owned()),
        (Err(error), _) => record.retain(format!("closing it failed: {error}")),
    }
}
