//! The crate to pack, as cargo sees it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{PackError, cargo::Cargo};

/// A crate that builds a loadable library.
#[derive(Debug)]
pub(super) struct SourceCrate {
    manifest: PathBuf,
    directory: PathBuf,
    target_directory: PathBuf,
    package: Package,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Package {
    fn is_plugin(&self) -> bool {
        let types = self.targets.iter().flat_map(|target| &target.crate_types);
        types.into_iter().any(|kind| kind == "cdylib")
    }
}

impl SourceCrate {
    /// Looks into `directory`, inside or outside a workspace.
    pub(super) fn find(cargo: &Cargo, directory: &Path) -> Result<Self, PackError> {
        let manifest = directory.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(PackError::NoCrate { directory: directory.to_owned() });
        }
        let manifest = fs::canonicalize(&manifest).map_err(PackError::file("read", &manifest))?;
        let metadata: Metadata = cargo.metadata(&manifest)?;
        let target_directory = metadata.target_directory.clone();
        let package = choose(metadata, &manifest, directory)?;
        if !package.is_plugin() {
            return Err(PackError::NoLibrary { name: package.name, manifest });
        }
        Ok(Self { directory: manifest.parent().unwrap_or(directory).to_owned(), manifest, target_directory, package })
    }

    /// The plugin's id that belongs to the crate's name.
    pub(super) fn id(&self) -> String {
        self.package.name.replace('-', "_")
    }

    /// The crate's name.
    pub(super) fn name(&self) -> &str {
        &self.package.name
    }

    /// The crate's version.
    pub(super) fn version(&self) -> &str {
        &self.package.version
    }

    /// How cargo names the package, unique in a build.
    pub(super) fn package_id(&self) -> &str {
        &self.package.id
    }

    /// The crate's Cargo.toml, absolute.
    pub(super) fn manifest(&self) -> &Path {
        &self.manifest
    }

    /// Where cargo builds.
    pub(super) fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// The crate's directory, absolute.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

fn choose(metadata: Metadata, manifest: &Path, directory: &Path) -> Result<Package, PackError> {
    let plugins = metadata.packages.iter().filter(|package| package.is_plugin());
    let members = plugins.map(|package| package.name.clone()).collect();
    let here = |package: &Package| package.manifest_path == *manifest;
    metadata
        .packages
        .into_iter()
        .find(here)
        .ok_or_else(|| PackError::Workspace { directory: directory.to_owned(), members })
}
