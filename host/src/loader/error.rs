//! Why a load, a start, a call, a drain or a stop failed.

use std::path::PathBuf;
use std::time::Duration;

/// Why a library can't be a plugin of this host.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read or copied.
    #[error("copy the library {path}")]
    Copy {
        /// The library.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is not an ELF shared object of this machine, or it is cut short.
    #[error("the file is not a library for this machine: {reason}")]
    NotALibrary {
        /// What does not fit.
        reason: String,
    },
    /// It asks the dynamic linker for something that makes unloading impossible.
    #[error("the library can't be used as a plugin: {reason}")]
    Unsuitable {
        /// What it asks for, and how to build without it.
        reason: String,
    },
    /// The dynamic linker refused it.
    #[error("the dynamic linker refused the library: {reason}")]
    Link {
        /// The linker's words.
        reason: String,
    },
    /// It exports no plugin.
    #[error(
        "the library exports no plugin (symbol {symbol} is missing): end the crate with `export_plugin!(YourPlugin)`"
    )]
    NoPlugin {
        /// The missing symbol.
        symbol: &'static str,
    },
    /// The symbol is there, but not what it should be.
    #[error("the library's plugin tag is not one: build it with `export_plugin!`")]
    WrongMagic,
    /// Built with another major version of the ABI, or with a newer minor one.
    #[error(
        "the plugin was built for ABI {plugin_major}.{plugin_minor}; this host loads {host_major}.0 to {host_major}.{host_minor}: {advice}"
    )]
    AbiVersion {
        /// The plugin's.
        plugin_major: u32,
        /// The plugin's.
        plugin_minor: u32,
        /// This host's.
        host_major: u32,
        /// This host's.
        host_minor: u32,
        /// What to do.
        advice: &'static str,
    },
    /// A panic of it would end the server.
    #[error("the plugin was built with panic = \"abort\"; build it with panic = \"unwind\"")]
    PanicAborts,
    /// The layouts of the ABI's structures differ.
    #[error("the plugin's ABI has another layout than this host's: {difference}")]
    Layout {
        /// The first differences.
        difference: String,
    },
    /// Its own code failed while it was asked what it contributes.
    #[error("the plugin could not describe itself: {reason}")]
    Describe {
        /// The plugin's words.
        reason: String,
    },
    /// It did not answer in time.
    #[error("the library did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// No thread could be made for it.
    #[error("start a thread for the library")]
    Thread(#[source] std::io::Error),
}

/// Why a plugin did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// It said so, or panicked.
    #[error("the plugin did not start: {reason}")]
    Refused {
        /// The plugin's words.
        reason: String,
    },
    /// It started, and says that it can't serve.
    #[error("the plugin is not ready: {reason}")]
    NotReady {
        /// The plugin's words.
        reason: String,
    },
    /// It did not come back. Its image stays mapped.
    #[error("the plugin did not start within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Why a plugin that runs does not take new settings; it goes on with those before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// It said so, or panicked.
    #[error("the plugin refuses the settings: {reason}")]
    Refused {
        /// The plugin's words.
        reason: String,
    },
    /// It did not come back. Its image stays mapped.
    #[error("the plugin did not take the settings within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Why a plugin did not stop in order. It is taken out all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// It said so, or panicked.
    #[error("the plugin's stop failed: {reason}")]
    Failed {
        /// The plugin's words.
        reason: String,
    },
    /// It did not come back. Its image stays mapped.
    #[error("the plugin did not stop within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Calls were still running at the end of a drain; they have been cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{running} calls still ran after {} ms and were cut", .waited.as_millis())]
pub struct DrainTimeout {
    /// How many.
    pub running: usize,
    /// How long they were waited for.
    pub waited: Duration,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The handler panicked; only this call is lost. What it said is reported by the plugin's own hook, and is not
    /// repeated: it may hold secrets.
    #[error("the handler panicked")]
    Panicked(String),
    /// The plugin was taken out while the call ran, and the call did not end in time.
    #[error("the plugin was stopped while the call ran")]
    Cut,
    /// The answer is not what it should be.
    #[error("the plugin's answer is not valid: {0}")]
    Malformed(&'static str),
}
