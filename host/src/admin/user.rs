//! Users.

pub mod api;
mod crud;
pub mod model;
pub mod service;

pub use service::{FirstAdmin, UserService};
