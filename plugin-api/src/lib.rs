//! What a Backplane plugin is written against.

pub mod abi;
pub mod db;
pub mod descriptor;
pub mod services;
#[cfg(feature = "sqlite")]
pub mod sqlite;
