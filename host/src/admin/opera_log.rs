//! What was done: an entry for each request to the API.
//!
//! What a request brings is taken as it is, in the request's own time; reading it, taking secrets
//! out of it and writing it happen behind the request.

pub mod api;
mod args;
mod crud;
mod model;
mod operation;
mod redaction;
pub mod service;

pub use operation::{Operation, Outcome, PAYLOAD_BYTES_MAX, Payload, Route};
pub use service::OperaLog;
