//! The language of the request that is being answered on this thread.
//!
//! Set around every poll, so that texts made deep inside a handler need no parameter for it.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    English,
    Chinese,
}

thread_local! {
    static CURRENT: Cell<Spoken> = const { Cell::new(Spoken::Chinese) };
}

pub(crate) fn current() -> Spoken {
    CURRENT.get()
}

impl Spoken {
    pub(crate) fn of(language: &str) -> Self {
        if language.starts_with("en") { Self::English } else { Self::Chinese }
    }

    /// Polls `future` with this language as the current one.
    pub(super) async fn around<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(move |context| -> Poll<F::Output> {
            let outer = CURRENT.replace(self);
            let answer = future.as_mut().poll(context);
            CURRENT.set(outer);
            answer
        })
        .await
    }
}
