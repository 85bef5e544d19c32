//! Schema migrations, of the core and of every plugin.
