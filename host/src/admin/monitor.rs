//! How the machine, this process and the store of shared state are doing.

pub mod api;
mod machine;
mod quantity;
mod redis;
pub mod service;

pub use service::Monitor;
