//! Who tried to log in: an entry for each attempt, whether it succeeded or not.

pub mod api;
mod crud;
mod model;
pub mod service;

pub use service::LoginLog;
