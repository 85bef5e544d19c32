//! Who is calling, and what they may do.

pub mod access;
pub mod api;
pub mod authenticator;
mod crud;
pub mod identity;
mod model;
pub mod password;
pub mod secret;
pub mod service;
pub mod sessions;
pub mod token;

pub use access::{AccessError, authorise, authorise_superuser};
pub use authenticator::{AuthError, Authenticator, SessionSource};
pub use identity::Identity;
pub use password::Passwords;
pub use service::AuthService;
pub use sessions::StoredSessions;
