//! HTTP: the envelope, errors, the caller, the core's routes and the layer around everything.
//!
//! Nothing here knows SQL or dlopen. [`ApiError`] is the only place where errors become HTTP.

pub mod auth;
pub mod body;
pub mod client;
pub mod compressed;
pub mod context;
pub mod cors;
pub mod cursor;
mod demo;
pub mod dispatch;
pub mod edge;
pub mod envelope;
pub mod error;
mod leftover;
pub mod limit;
pub mod listener;
pub mod message;
mod nul;
pub mod page;
pub mod plugins;
pub mod recorder;
pub mod refresh_cookie;
pub mod request_id;
pub mod routes;
pub mod serve;
pub mod site;
pub mod stream;
mod tee;
pub mod tls;
pub mod validation;

pub use auth::{Allowed, Caller, MaybeCaller, Permission, SuperCaller};
pub use body::JsonBody;
pub use client::TrustedProxies;
pub use context::Context;
pub use cors::Cors;
pub use edge::Edge;
pub use envelope::{Answer, Done};
pub use error::ApiError;
pub use limit::ClientLimit;
pub use message::{Language, Message};
pub use page::{Page, PageQuery};
pub use recorder::Recorder;
pub use refresh_cookie::{RefreshCookie, Transport};
pub use request_id::RequestId;
pub use site::Site;

/// The prefix of every route of the API, the core's and the plugins'.
pub const API_PREFIX: &str = "/api/v1";
