//! Panics stop here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a plugin's panic said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panicked: {0}")]
pub struct Panicked(pub String);

/// Runs `work`; a panic becomes an error.
///
/// # Errors
/// [`Panicked`] with the panic's text.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panicked(text_of(payload)))
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let text = match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => match payload.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => "a value that is not text".to_owned(),
        },
    };
    // A payload may panic again while it is dropped; it is forgotten then.
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(second);
    }
    text
}
