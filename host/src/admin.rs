//! The core's own features: users, sessions, menus.
//!
//! Each feature has the same four files: `api.rs` (routes and what they take and give),
//! `service.rs` (rules), `crud.rs` (queries), `model.rs` (rows). A feature never uses another
//! feature's `crud`. Only `api.rs` files speak HTTP, and only they use [`crate::http`].

pub mod auth;
