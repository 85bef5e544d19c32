//! Who is logged in, and ending it.

pub mod api;
mod crud;
pub mod model;
pub mod service;

pub use service::SessionService;
