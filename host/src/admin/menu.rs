//! Menus: what the sidebar shows and which permission codes its buttons carry.

pub mod api;
mod crud;
pub mod model;
pub mod service;

pub use service::MenuService;
