//! What the host is told without being asked: panics on any thread of the plugin, and errors that a
//! client must not see.
//!
//! The panic hook belongs to the copy of the standard library inside the plugin's own image, so it
//! never sees a panic of the host or of another plugin.

use crate::abi::FfiHost;
use crate::services::{HostServices, Level};
use std::panic::PanicHookInfo;
use std::sync::{PoisonError, RwLock};

static HOST: RwLock<Option<FfiHost>> = RwLock::new(None);

#[cfg(feature = "testing")]
thread_local! {
    /// The test host on whose behalf this thread runs the plugin right now. Several of them share the
    /// process and its panic hook, so each is told on its own thread only.
    static BESIDE: std::cell::RefCell<Option<FfiHost>> = const { std::cell::RefCell::new(None) };
}

pub(crate) fn install(host: FfiHost) {
    if in_test() {
        return;
    }
    *HOST.write().unwrap_or_else(PoisonError::into_inner) = Some(host);
    std::panic::set_hook(Box::new(|panic| tell(|host| host.panicked(&text_of(panic)))));
}

/// Called when the instance is released: nothing may refer to the image afterwards.
pub(crate) fn remove() {
    if in_test() {
        return;
    }
    drop(std::panic::take_hook());
    let host = HOST.write().unwrap_or_else(PoisonError::into_inner).take();
    drop(host);
}

/// Logs an error whose text stays on this side of the HTTP answer.
#[cfg_attr(not(feature = "poem"), allow(dead_code, reason = "raw plugins answer their errors themselves"))]
pub(crate) fn error(message: &str) {
    tell(|host| host.log(Level::Error, "plugin_api", message, "{}"));
}

/// Runs `work` of the plugin on behalf of a test host.
#[cfg(feature = "testing")]
pub(crate) fn beside<T>(host: &FfiHost, work: impl FnOnce() -> T) -> T {
    let outer = BESIDE.replace(Some(host.clone()));
    let answer = work();
    BESIDE.set(outer);
    answer
}

/// Polls `future` of the plugin on behalf of a test host, poll by poll.
#[cfg(feature = "testing")]
pub(crate) async fn polled_beside<F: Future>(host: &FfiHost, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| beside(host, || future.as_mut().poll(context))).await
}

fn in_test() -> bool {
    #[cfg(feature = "testing")]
    return BESIDE.with_borrow(Option::is_some);
    #[cfg(not(feature = "testing"))]
    false
}

fn tell(what: impl FnOnce(&FfiHost)) {
    #[cfg(feature = "testing")]
    if let Some(host) = BESIDE.with_borrow(Clone::clone) {
        return what(&host);
    }
    // A panic inside a call of the host would come back here: never wait for the lock.
    if let Ok(host) = HOST.try_read()
        && let Some(host) = host.as_ref()
    {
        what(host);
    }
}

fn text_of(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "a value that is not text",
    };
    match panic.location() {
        Some(place) => format!("{text} at {}:{}", place.file(), place.line()),
        None => text.to_owned(),
    }
}
