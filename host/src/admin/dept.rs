//! Departments: the tree that users and data permissions refer to.

pub mod api;
mod crud;
pub mod model;
pub mod service;

pub use service::{DeptError, DeptService};
