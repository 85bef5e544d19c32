//! Opening, calling and unloading plugin libraries.
//!
//! Owns dlopen, the ABI checks, the wrapping of calls, and unloading that is verified. It does not
//! know what a plugin means: no database, no HTTP framework, no lifecycle.
//!
//! Invariants:
//! * Every load is of a fresh private copy under a name that is never used again: the dynamic linker
//!   answers a known name or file with the old image (ADR 0003).
//! * No value made in a plugin is reachable from the host after its image is unmapped: everything
//!   that crosses holds a [`Lease`] or the generation's hold.
//! * An image is unmapped only by the reaper, and never by force: what can't be unmapped is listed
//!   with its reason.
//!
//! Beside `plugin-api/src/abi/` this is the only room with `unsafe`.

#![allow(unsafe_code, reason = "dlopen and the interposers are unsafe by nature; each block argues its own case")]

mod asker;
mod call;
mod elf;
mod errand;
mod error;
mod generation;
pub mod heap;
mod image;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod interpose;
mod maps;
pub mod preflight;
mod reaper;
mod report;
mod thread;

pub use asker::{Asker, RequestDigits};
pub use call::{Begun, CallBody, CallHead, CallResponse, Caller, LeasedStream, ResponseBody, Running};
pub use errand::GivenEvent;
pub use error::{CallError, ConfigureError, DrainTimeout, LoadError, StartError, StopError};
pub use generation::{Generation, Lease};
pub use image::Image;
pub use report::{ImageReport, ImageState};

use reaper::Reaper;
use report::Reports;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether images are unmapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnloadPolicy {
    /// When nothing of the image can be reached any more, and then looked for in the process's maps.
    /// Needs glibc on Linux; elsewhere it acts like [`Never`](Self::Never) and the reports say so.
    Verified,
    /// Kept until the process ends.
    Never,
}

/// Where and how to load.
#[derive(Debug, Clone)]
pub struct LoaderSettings {
    /// A directory of this process's own; emptied at the start.
    pub copies_dir: PathBuf,
    /// Whether images are unmapped.
    pub unload: UnloadPolicy,
}

/// Opens libraries, and owns the reaper that closes them.
#[derive(Debug)]
pub struct Loader {
    settings: LoaderSettings,
    loads: AtomicU64,
    reports: Arc<Reports>,
    reaper: Reaper,
}

impl Loader {
    /// Empties the directory of copies and starts the reaper.
    ///
    /// # Errors
    /// When the directory or the reaper's thread can't be made.
    pub fn new(settings: LoaderSettings) -> io::Result<Arc<Self>> {
        match std::fs::remove_dir_all(&settings.copies_dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(&settings.copies_dir)?,
        }
        let reaper = Reaper::start(settings.unload)?;
        Ok(Arc::new(Self { settings, loads: AtomicU64::new(0), reports: Arc::default(), reaper }))
    }

    /// Opens a private copy of `library`, checks its ABI and asks for its descriptor.
    ///
    /// Blocks for milliseconds, for some seconds at most when the library hangs.
    ///
    /// # Errors
    /// Why the library can't be a plugin of this host.
    pub fn open(self: &Arc<Self>, library: &Path) -> Result<Image, LoadError> {
        let number = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        let copy = self.settings.copies_dir.join(format!("{number}{}", maps::COPY_SUFFIX));
        image::open(library, copy, number, Arc::clone(self))
    }

    /// Every image that is mapped, with its state.
    pub fn images(&self) -> Vec<ImageReport> {
        self.reports.all()
    }

    /// Ends the reaper; images that are still mapped stay so until the process ends.
    pub fn shut_down(&self) {
        self.reaper.shut_down();
    }

    fn reaper(&self) -> &Reaper {
        &self.reaper
    }

    fn reports(&self) -> &Arc<Reports> {
        &self.reports
    }
}
