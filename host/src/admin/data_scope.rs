//! Data scopes: sets of data rules that roles have, and what they permit somebody to see.

pub mod api;
mod crud;
pub mod model;
pub mod permitted;
pub mod service;

pub use service::{DataScopeService, Viewer};
