//! Who is calling, and what they may do.

pub mod access;
pub mod api;
pub mod authenticator;
pub mod captcha;
mod crud;
mod failures;
pub mod identity;
mod lockout;
pub mod login_error;
mod model;
pub mod origin;
pub mod password;
mod picture;
pub mod policy;
mod refresh_token;
pub mod renewal;
pub mod rules;
pub mod secret;
pub mod service;
pub mod sessions;
pub mod token;
pub mod watcher;

pub use access::{AccessError, authorise, authorise_superuser};
pub use authenticator::{AuthError, Authenticator, SessionSource};
pub use identity::{Identity, Profile};
pub use login_error::LoginError;
pub use origin::Origin;
pub use password::Passwords;
pub use policy::{PasswordRules, PolicyError};
pub use rules::{CurrentRules, NothingChanged, RuleChanges, Rules};
pub use service::{AuthService, Terms, TokenLives};
pub use sessions::StoredSessions;
pub use watcher::{Attempt, LoginWatcher, Outcome};
