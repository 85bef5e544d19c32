//! Who is calling, and what they may do.

pub mod access;
pub mod api;
pub mod authenticator;
mod crud;
pub mod identity;
pub mod login_error;
mod model;
pub mod origin;
pub mod password;
pub mod secret;
pub mod service;
mod sessions;
pub mod token;
pub mod watcher;

pub use access::{AccessError, authorise, authorise_superuser};
pub use authenticator::{AuthError, Authenticator, SessionSource};
pub use identity::Identity;
pub use origin::Origin;
pub use password::Passwords;
pub use service::AuthService;
pub use sessions::StoredSessions;
pub use watcher::{Attempt, LoginWatcher, NobodyWatches, Outcome};
