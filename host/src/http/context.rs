//! What is true for one request wherever its code runs: its id and its language.
//!
//! It is a task-local, set by [`Edge`](super::edge::Edge) around everything else, so that an error
//! or an answer can be rendered without the request at hand. It ends with the handler: a body that
//! streams later does not see it.

use super::{Language, RequestId};
use std::future::Future;

tokio::task_local! {
    static CURRENT: Context;
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
        CURRENT.scope(self, work)
    }

    /// The context of the running request; none outside of one.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }
}

/// The language of the running request, the default language outside of one.
pub fn language() -> Language {
    Context::current().map_or_else(Language::default, |context| context.language)
}
