//! `plugin check`: looks at a bundle as the server would, without a server.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use plugin_api::descriptor::Descriptor;
use serde::Serialize;

use super::progress::Progress;
use crate::{
    loader::preflight::{self, PreflightError},
    plugin::{Manifest, ManifestError},
    store::bundle::{Bundle, BundleError, BundleLimits, host_target},
};

/// How long a library may take to describe itself.
const PREFLIGHT_DEADLINE: Duration = Duration::from_secs(10);

/// Why the server would refuse a bundle.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// It is not there, or cannot be unpacked beside other temporary files.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is larger than a server accepts.
    #[error("{} has {bytes} bytes; {bytes_max} are accepted", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is accepted.
        bytes_max: u64,
    },
    /// The zip.
    #[error("{} is no bundle for this machine", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: BundleError,
    },
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The library.
    #[error("the library does not pass the check that the server makes before loading it")]
    Preflight(#[from] PreflightError),
    /// The library is not the one that the manifest describes.
    #[error("plugin.toml describes {manifest}, but the library is {library}; make them the same")]
    Disagreement {
        /// Id and version of the manifest.
        manifest: String,
        /// Id and version of the library.
        library: String,
    },
}

/// What is in a bundle that the server would accept.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    /// The targets that it holds libraries for.
    pub(super) targets: Vec<String>,
    /// What the bundle declares.
    pub(super) manifest: Manifest,
    /// What the library says of itself.
    pub(super) descriptor: Descriptor,
}

/// Checks a bundle.
///
/// # Errors
/// [`CheckError`], the first reason found.
pub(super) async fn check(bundle: &Path, progress: Progress) -> Result<Checked, CheckError> {
    let staging = tempfile::tempdir().map_err(unreadable(bundle))?;
    let opened = open(bundle, staging.path(), &BundleLimits::default())?;
    let manifest = Manifest::parse(&opened.manifest)?;
    let executable = std::env::current_exe().map_err(unreadable(Path::new("this program")))?;
    let waiting = progress.waiting("checking the library");
    let answer = preflight::check(&executable, opened.library.path(), PREFLIGHT_DEADLINE).await;
    waiting.finish_and_clear();
    let descriptor = answer?;
    refuse_disagreement(&manifest, &descriptor)?;
    Ok(Checked {
        targets: opened.targets.into_iter().collect(),
        manifest,
        descriptor,
    })
}

/// What a bundle declares, without a look at its library's code.
///
/// # Errors
/// [`CheckError::File`], [`CheckError::Bundle`] and [`CheckError::Manifest`].
pub(super) fn manifest_of(bundle: &Path) -> Result<Manifest, CheckError> {
    let staging = tempfile::tempdir().map_err(unreadable(bundle))?;
    let opened = open(bundle, staging.path(), &BundleLimits::default())?;
    Ok(Manifest::parse(&opened.manifest)?)
}

fn open(path: &Path, staging: &Path, limits: &BundleLimits) -> Result<Bundle, CheckError> {
    refuse_large(path, limits.packed_bytes_max)?;
    let read = Bundle::read(path, staging, &host_target(), limits);
    read.map_err(|source| CheckError::Bundle {
        path: path.to_owned(),
        source,
    })
}

fn refuse_large(path: &Path, bytes_max: u64) -> Result<(), CheckError> {
    let bytes = std::fs::metadata(path).map_err(unreadable(path))?.len();
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(CheckError::TooLarge {
        path: path.to_owned(),
        bytes,
        bytes_max,
    })
}

fn refuse_disagreement(manifest: &Manifest, descriptor: &Descriptor) -> Result<(), CheckError> {
    let declared = format!("{} {}", manifest.id, manifest.version);
    let found = format!("{} {}", descriptor.id, descriptor.version);
    if declared == found {
        return Ok(());
    }
    Err(CheckError::Disagreement {
        manifest: declared,
        library: found,
    })
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CheckError {
    move |source| CheckError::File {
        path: path.to_owned(),
        source,
    }
}
