//! What is true for one request wherever its code runs: its id and its language. And what is found
//! out about it on its way, for those who record it.
//!
//! It is a task-local, set by [`Edge`](super::edge::Edge) around everything else, so that an error
//! or an answer can be rendered without the request at hand. It ends with the handler: a body that
//! streams later does not see it.

use super::{Language, Message, RequestId};
use crate::admin::auth::Identity;
use crate::admin::opera_log::Route;
use crate::tasks;
use parking_lot::Mutex;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;

tokio::task_local! {
    static CURRENT: Current;
}

#[derive(Clone)]
struct Current {
    context: Context,
    /// None while nobody records the request. Shared by the tasks that work on it.
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What was found out about a request on its way.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Who sent it.
    pub(super) user: Option<Arc<Identity>>,
    /// What serves it.
    pub(super) route: Option<Route>,
    /// Code and text of the core's answer, if they are not the ordinary ones.
    pub(super) told: Option<(i32, Message)>,
    /// The fields of its body that are secret, beside those whose names say so.
    pub(super) secrets: Option<Vec<String>>,
    /// A plugin's answer, if it is short.
    pub(super) envelope: Option<Box<[u8]>>,
}

/// The id and the language of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The id, also in the answer's `X-Request-ID` and, if it fails, its `trace_id`.
    pub request_id: RequestId,
    /// The language of the answer's texts.
    pub language: Language,
}

impl Context {
    /// Runs `work` with this context.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Current { context: self, seen: Arc::default() }, work)
    }

    /// The context of the running request; none outside of one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| current.context).ok()
    }
}

/// The language of the running request, the default language outside of one.
pub fn language() -> Language {
    Context::current().map_or_else(Language::default, |context| context.language)
}

/// From here on, what is found out about the running request is kept.
pub(super) fn watch() {
    let _ = CURRENT.try_with(|current| *current.seen.lock() = Some(Seen::default()));
}

/// Keeps something about the running request, if anybody wants it.
pub(super) fn note(write: impl FnOnce(&mut Seen)) {
    let _ = CURRENT.try_with(|current| current.seen.lock().as_mut().map(write));
}

/// What was kept since [`watch`].
pub(super) fn seen() -> Seen {
    CURRENT.try_with(|current| current.seen.lock().take()).ok().flatten().unwrap_or_default()
}

/// Runs `work`, a part of the running request, to its end, also when the request is dropped because
/// its client has gone away.
///
/// # Panics
/// As `work` does.
pub(super) async fn detached<F>(name: &'static str, work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let current = CURRENT.try_with(Clone::clone).ok();
    let task = tasks::spawn(name, async move {
        match current {
            Some(current) => CURRENT.scope(current, work).await,
            None => work.await,
        }
    });
    // Nobody aborts it, so it can only have panicked.
    task.await.unwrap_or_else(|failure| resume_unwind(failure.into_panic()))
}
