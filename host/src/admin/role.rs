//! Roles: what their members see and may do.

pub mod api;
mod crud;
pub mod model;
pub mod service;
mod tree;

pub use service::{RoleDetail, RoleError, RoleService};
