//! The stable ABI between the host and a plugin.
