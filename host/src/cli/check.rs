//! `plugin check`: looks at a bundle as the server would, without a server.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use plugin_api::{db::Dialect, descriptor::Descriptor};
use serde::Serialize;
use zip::ZipArchive;

use super::{Context, error::CliError, settings};
use crate::{
    app,
    config::Config,
    plugin::{Manifest, ManifestError, OperationError},
    store::{Store, StoreError},
};

const MANIFEST: &str = "plugin.toml";
/// A manifest is a page of text.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// Why the server would refuse a bundle.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// It is not there, or cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no room for unpacking it.
    #[error("cannot unpack it beside other temporary files")]
    Scratch(#[source] StoreError),
    /// Not a zip with a manifest.
    #[error("{} is no bundle: it is not a zip with a {MANIFEST}", path.display())]
    NoBundle {
        /// The file.
        path: PathBuf,
    },
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What the server says against it.
    #[error("{bundle} would be refused")]
    Refused {
        /// The bundle's name.
        bundle: String,
        /// Why.
        source: Box<OperationError>,
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

/// Checks a bundle as a server with these settings would.
///
/// # Errors
/// [`CheckError`], the first reason found, and unusable settings.
pub(super) async fn check(bundle: &Path, context: &Context) -> Result<Checked, CliError> {
    let config = settings::load(&context.place)?;
    let scratch = tempfile::tempdir().map_err(unreadable(bundle))?;
    let store = Store::open(scratch.path()).map_err(CheckError::Scratch)?;
    // Staging would say it in words about itself.
    File::open(bundle).map_err(unreadable(bundle))?;
    let refused = |source: OperationError| CheckError::Refused { bundle: file_name(bundle), source: Box::new(source) };
    let inspection = app::inspection(&config, dialect(&config));
    let inspection = inspection.map_err(unreadable(Path::new("this program")))?;
    let bytes_max = inspection.limits.packed_bytes_max;
    let staged = store.stage_file(bundle, bytes_max).await;
    let staged = staged.map_err(|source| refused(source.into()))?;
    let waiting = context.progress.waiting("checking the bundle");
    let candidate = inspection.of(staged, store.staging()).await;
    waiting.finish_and_clear();
    let candidate = candidate.map_err(refused)?;
    Ok(Checked {
        descriptor: Descriptor::clone(&candidate.release.descriptor),
        manifest: candidate.release.manifest.clone(),
        targets: candidate.targets,
    })
}

fn dialect(config: &Config) -> Dialect {
    if config.database.url.starts_with("sqlite:") { Dialect::Sqlite } else { Dialect::Postgres }
}

/// What a bundle declares, without a look at the rest: it may be for another kind of machine.
///
/// # Errors
/// [`CheckError::File`], [`CheckError::NoBundle`] and [`CheckError::Manifest`].
pub(super) fn manifest_of(bundle: &Path) -> Result<Manifest, CheckError> {
    let file = File::open(bundle).map_err(unreadable(bundle))?;
    let text = manifest_text(file).ok_or_else(|| CheckError::NoBundle { path: bundle.to_owned() })?;
    Ok(Manifest::parse(&text)?)
}

/// The manifest at the top, or in the one folder that holds everything.
fn manifest_text(file: File) -> Option<String> {
    let mut zip = ZipArchive::new(file).ok()?;
    let index = (0..zip.len()).find(|index| {
        let Some(Ok(name)) = zip.name_for_index(*index) else {
            return false;
        };
        let mut parts = name.rsplit('/');
        parts.next() == Some(MANIFEST) && parts.count() <= 1
    })?;
    let mut text = String::new();
    let entry = zip.by_index(index).ok()?;
    let read = entry.take(MANIFEST_BYTES_MAX).read_to_string(&mut text);
    read.ok().map(|_| text)
}

/// Without its directory, which is a temporary one when a crate was checked.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CheckError {
    move |source| CheckError::File { path: path.to_owned(), source }
}
