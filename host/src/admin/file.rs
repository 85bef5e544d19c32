//! Uploaded files: pictures and films that pages show, kept in a folder of the data directory.

pub mod api;
pub mod media;
pub mod name;
pub mod service;

pub use name::StoredName;
pub use service::FileService;
