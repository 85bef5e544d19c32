//! Backplane: a minimal admin server into which features are plugged while it runs.
//!
//! The rooms, in the order of their arrows (left may use right, never the other way round):
//! `cli → app → http → admin, plugin, import → db, store, loader → plugin_api`.

pub mod admin;
pub mod app;
pub mod cache;
pub mod cli;
pub mod config;
pub mod db;
pub mod http;
pub mod import;
pub mod loader;
pub mod plugin;
pub mod store;
pub mod tasks;
