//! Bundles of the plugins that stand in this repository, packed from libraries that are built already.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The folder under `lib/` from which a host on this machine loads.
pub(crate) fn target() -> String {
    backplane::store::host_target()
}

/// The bundle of the plugin or fixture in the folder `name`.
pub(crate) fn of(name: &str) -> Vec<u8> {
    Parts::of(name).zip()
}

/// What goes into a bundle, to be changed before it is zipped.
pub(crate) struct Parts {
    /// Names and contents, in order.
    pub(crate) entries: Vec<(String, Vec<u8>)>,
}

impl Parts {
    /// Manifest, README, library and files for browsers of the plugin or fixture in the folder `name`.
    pub(crate) fn of(name: &str) -> Self {
        let library = std::fs::read(library(name)).expect("a library");
        Self::with_library(name, library)
    }

    /// The same around another library.
    pub(crate) fn with_library(name: &str, library: Vec<u8>) -> Self {
        let folder = folder(name);
        let text = |file: &str| std::fs::read(folder.join(file)).expect("a file of the plugin");
        let entries = vec![
            ("plugin.toml".to_owned(), text("plugin.toml")),
            ("README.md".to_owned(), text("README.md")),
            (format!("lib/{}/{name}.so", target()), library),
        ];
        Self { entries: [entries, ui_files(&folder)].concat() }
    }

    /// With `from` replaced by `to` wherever it stands; both have the same length.
    pub(crate) fn replaced(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len(), "a library's bytes keep their places");
        for (_, bytes) in &mut self.entries {
            replace(bytes, from.as_bytes(), to.as_bytes());
        }
        self
    }

    /// With another manifest.
    pub(crate) fn with_manifest(mut self, manifest: &str) -> Self {
        self.entry("plugin.toml").clone_from(&manifest.as_bytes().to_vec());
        self
    }

    /// The text of the manifest.
    pub(crate) fn manifest(&mut self) -> String {
        String::from_utf8(self.entry("plugin.toml").clone()).expect("text")
    }

    /// One more entry.
    pub(crate) fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        self.entries.push((name.to_owned(), bytes.to_vec()));
        self
    }

    /// One entry less.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.entries.retain(|(entry, _)| entry != name);
        self
    }

    /// The zip.
    pub(crate) fn zip(self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in self.entries {
            zip.start_file(name, SimpleFileOptions::default()).expect("an entry");
            zip.write_all(&bytes).expect("an entry");
        }
        zip.finish().expect("a zip").into_inner()
    }

    fn entry(&mut self, name: &str) -> &mut Vec<u8> {
        let entry = self.entries.iter_mut().find(|(entry, _)| entry == name);
        &mut entry.expect("an entry of that name").1
    }
}

/// The built library of the plugin or fixture `name`.
pub(crate) fn library(name: &str) -> PathBuf {
    let path = target_folder().join("release").join(format!("lib{name}.so"));
    assert!(path.exists(), "{} is missing: cargo xtask test builds it", path.display());
    path
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

/// The source of the plugin or fixture `name`.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folders = ["plugins", "plugins/fixtures"].map(|folder| root().join(folder).join(name));
    folders.into_iter().find(|folder| folder.exists()).expect("a plugin of that name")
}

fn ui_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder.join("ui")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let file = |path: PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        (format!("ui/{name}"), std::fs::read(&path).expect("a file"))
    };
    let mut files: Vec<_> = paths.map(file).collect();
    files.sort();
    files
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let places: Vec<usize> =
        (0..bytes.len().saturating_sub(from.len() - 1)).filter(|at| bytes[*at..].starts_with(from)).collect();
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}
