//! `plugin pack`: builds a plugin crate, wherever it lies, and writes its bundle.
//!
//! The bundle is deterministic: the same files give the same bytes, so that its hash names it.

mod archive;
mod cargo;
mod contents;
mod crate_count;

mod source_crate;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use plugin_api::descriptor::Descriptor;
use serde::Serialize;

use self::{cargo::Cargo, contents::Contents, source_crate::SourceCrate};
use super::{arguments, progress::Progress};
use crate::{
    loader::preflight::{self, PreflightError},
    plugin::{ManifestError, pages::PageError},
    store::{BundleError, bundle::host_target},
};

/// How long a fresh library may take to describe itself.
const PREFLIGHT_DEADLINE: Duration = Duration::from_secs(10);

/// Why no bundle was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// `read`, `write` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The directory holds no crate.
    #[error("{} holds no Cargo.toml; name the directory of a plugin crate", directory.display())]
    NoCrate {
        /// The directory.
        directory: PathBuf,
    },
    /// The Cargo.toml is that of a workspace with several crates.
    #[error(
        "{} is a workspace, not a crate; name one of its crates: {}",
        directory.display(),
        members.join(", ")
    )]
    Workspace {
        /// The directory.
        directory: PathBuf,
        /// Its plugin crates.
        members: Vec<String>,
    },
    /// The crate builds no library that can be loaded.
    #[error(
        "crate {name} builds no cdylib; add `[lib]` with `crate-type = [\"cdylib\"]` to {}",
        manifest.display()
    )]
    NoLibrary {
        /// The crate.
        name: String,
        /// Its Cargo.toml.
        manifest: PathBuf,
    },
    /// A cargo or rustc that cannot be started.
    #[error("cannot run {program} (set CARGO or RUSTC if it lies elsewhere)")]
    Program {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// Cargo failed; its own words are on stderr already, or in `words`.
    #[error("{command} failed with {status}{words}")]
    Cargo {
        /// The command.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said, where stderr was not shown.
        words: String,
    },
    /// Cargo says something that this program does not understand.
    #[error("cannot understand what {command} wrote: {reason}")]
    Unexpected {
        /// The command.
        command: &'static str,
        /// What is missing.
        reason: String,
    },
    /// A file that every bundle needs is missing.
    #[error("{} is missing; every bundle needs {file}", directory.display())]
    Missing {
        /// The name of the file.
        file: &'static str,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// A link would make the bundle depend on the machine it was packed on.
    #[error("{} is a symbolic link; a bundle holds plain files only", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// `plugin.toml` is not what the server accepts.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file below `ui/` is not one that a server gives to browsers.
    #[error(transparent)]
    Ui(#[from] BundleError),
    /// The module of its pages is not there.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The same target twice.
    #[error("there are two libraries for {target}; leave one out")]
    TwoLibraries {
        /// The target triple.
        target: String,
    },
    /// The zip cannot be written.
    #[error("cannot write {}", path.display())]
    Zip {
        /// The bundle.
        path: PathBuf,
        /// What went wrong.
        source: zip::result::ZipError,
    },
}

impl PackError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}

/// Why a server would refuse a bundle that was written all the same: an author may want to look
/// into it, or to see the refusal.
#[derive(Debug, thiserror::Error)]
pub(super) enum Doubt {
    /// `plugin.toml` and `Cargo.toml`, or the library, disagree.
    #[error("plugin.toml says {field} = {manifest:?}, but {other} says {found:?}; make them the same")]
    Disagreement {
        /// `id` or `version`.
        field: &'static str,
        /// What `plugin.toml` says.
        manifest: String,
        /// Who says otherwise.
        other: &'static str,
        /// What it says.
        found: String,
    },
    /// The library is not fit to be loaded.
    #[error("the library does not pass the check that a server makes before it loads one: {0}")]
    Preflight(PreflightError),
}

/// A written bundle.
#[derive(Debug, Serialize)]
pub(super) struct Packed {
    /// The bundle.
    pub(super) bundle: PathBuf,
    /// The plugin's id.
    pub(super) id: String,
    /// The plugin's version.
    pub(super) version: String,
    /// Its size.
    pub(super) bytes: u64,
    /// Its hash, lowercase hex.
    pub(super) sha256: String,
    /// The targets that it holds libraries for.
    pub(super) targets: Vec<String>,
    /// Why a server would refuse it.
    pub(super) warnings: Vec<String>,
    /// What the library says of itself; none when it is for another kind of machine.
    #[serde(skip)]
    pub(super) descriptor: Option<Descriptor>,
}

/// Builds, looks at the library and writes. What a server would say against the bundle comes as
/// warnings; `plugin check` is the judge.
///
/// # Errors
/// [`PackError`], each variant by its own reason; nothing is written then.
pub(super) async fn pack(order: &arguments::Pack, progress: Progress) -> Result<Packed, PackError> {
    let cargo = Cargo::from_environment();
    let source = SourceCrate::find(&cargo, &order.directory)?;
    let mut contents = Contents::of(source.directory())?;
    let mut doubts = contents.compare("Cargo.toml", &source.id(), source.version());
    let built = cargo.build(&source, order.target.as_deref(), progress)?;
    contents.add_library(&built.target, &built.file)?;
    for library in &order.libraries {
        contents.add_library(&library.target, &library.file)?;
    }
    let descriptor = match describe(&contents, progress).await? {
        Some(Ok(descriptor)) => Some(descriptor),
        Some(Err(refusal)) => {
            doubts.push(Doubt::Preflight(refusal));
            None
        }
        None => None,
    };
    if let Some(descriptor) = &descriptor {
        doubts.extend(contents.compare("the library", &descriptor.id, &descriptor.version));
    }
    let bundle = output_path(order.output.as_deref(), &contents);
    let (bytes, sha256) = archive::write(&contents, &bundle)?;
    Ok(Packed {
        bundle,
        id: contents.id().to_owned(),
        version: contents.version().to_owned(),
        bytes,
        sha256,
        targets: contents.targets(),
        warnings: doubts.iter().map(Doubt::to_string).collect(),
        descriptor,
    })
}

/// Asks a child process of this same program what the library for this machine says of itself,
/// if there is one.
async fn describe(
    contents: &Contents,
    progress: Progress,
) -> Result<Option<Result<Descriptor, PreflightError>>, PackError> {
    let Some(library) = contents.library_for(&host_target()) else {
        return Ok(None);
    };
    let executable = std::env::current_exe().map_err(PackError::file("find", Path::new("this program")))?;
    let waiting = progress.waiting("checking the library");
    let answer = preflight::check(&executable, library, PREFLIGHT_DEADLINE).await;
    waiting.finish_and_clear();
    Ok(Some(answer))
}

fn output_path(output: Option<&Path>, contents: &Contents) -> PathBuf {
    let name = format!("{}-{}.zip", contents.id(), contents.version());
    match output {
        None => PathBuf::from(name),
        Some(path) if path.is_dir() => path.join(name),
        Some(path) => path.to_owned(),
    }
}
