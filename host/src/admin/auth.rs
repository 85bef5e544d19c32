//! Who is calling, and what they may do.

pub mod access;
pub mod authenticator;
pub mod identity;
pub mod token;

pub use access::{AccessError, authorise, authorise_superuser};
pub use authenticator::{AuthError, Authenticator, SessionSource};
pub use identity::Identity;
