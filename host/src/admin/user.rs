//! Users.

mod accounts;
pub mod api;
mod changes;
mod crud;
mod error;
pub mod model;
pub mod service;

pub use accounts::{FirstAdmin, FirstAdminError};
pub use error::UserError;
pub use service::UserService;
