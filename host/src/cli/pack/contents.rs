//! What goes into a bundle, by its name in there.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Doubt, PackError};
use crate::plugin::{Manifest, pages};
use crate::store::ui;

const MANIFEST: &str = "plugin.toml";
const README: &str = "README.md";
const OPTIONAL_FILES: [&str; 3] = ["CHANGELOG.md", "LICENSE", "icon.svg"];
const OPTIONAL_FOLDERS: [&str; 2] = ["ui", "locales"];

/// The files of a bundle, sorted by name.
#[derive(Debug)]
pub(super) struct Contents {
    manifest: Manifest,
    version: String,
    entries: BTreeMap<String, PathBuf>,
    libraries: BTreeMap<String, PathBuf>,
}

impl Contents {
    /// Everything but the libraries, from the crate's directory.
    pub(super) fn of(directory: &Path) -> Result<Self, PackError> {
        let manifest = read_manifest(directory)?;
        let mut contents = Self {
            version: manifest.version.to_string(),
            manifest,
            entries: BTreeMap::new(),
            libraries: BTreeMap::new(),
        };
        for file in [MANIFEST, README] {
            if !contents.add_if_there(directory, file)? {
                return Err(missing(file, directory));
            }
        }
        for file in OPTIONAL_FILES {
            contents.add_if_there(directory, file)?;
        }
        for folder in OPTIONAL_FOLDERS {
            contents.add_folder(&directory.join(folder), folder)?;
        }
        contents.refuse_what_is_not_served()?;
        Ok(contents)
    }

    /// The plugin's id.
    pub(super) fn id(&self) -> &str {
        self.manifest.id.as_str()
    }

    /// The plugin's version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The files, by their names in the bundle.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Path)> {
        let entries = self.entries.iter();
        entries.map(|(name, path)| (name.as_str(), path.as_path()))
    }

    /// The targets that there are libraries for.
    pub(super) fn targets(&self) -> Vec<String> {
        self.libraries.keys().cloned().collect()
    }

    /// The library for this target.
    pub(super) fn library_for(&self, target: &str) -> Option<&Path> {
        self.libraries.get(target).map(PathBuf::as_path)
    }

    /// Adds a library, once for a target.
    pub(super) fn add_library(&mut self, target: &str, file: &Path) -> Result<(), PackError> {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let name = format!("lib/{target}/{}.{}", self.id(), extension.unwrap_or("so"));
        fs::metadata(file).map_err(PackError::file("read", file))?;
        let earlier = self.libraries.insert(target.to_owned(), file.to_owned());
        if earlier.is_some() {
            return Err(PackError::TwoLibraries { target: target.to_owned() });
        }
        self.entries.insert(name, file.to_owned());
        Ok(())
    }

    /// Compares with what somebody else says of the plugin.
    pub(super) fn compare(&self, other: &'static str, id: &str, version: &str) -> Vec<Doubt> {
        let fields = [("id", self.id(), id), ("version", self.version(), version)];
        let different = fields.into_iter().filter(|(_, ours, found)| ours != found);
        different
            .map(|(field, ours, found)| Doubt::Disagreement {
                field,
                manifest: ours.to_owned(),
                other,
                found: found.to_owned(),
            })
            .collect()
    }

    /// A server would refuse it too, but only when it is uploaded.
    fn refuse_what_is_not_served(&self) -> Result<(), PackError> {
        let mut files = Vec::new();
        for (name, path) in self.entries() {
            files.push((name, fs::metadata(path).map_err(PackError::file("read", path))?.len()));
        }
        ui::check(files)?;
        Ok(pages::refuse_missing_module(&self.manifest, self.entries.keys().map(String::as_str))?)
    }

    fn add_if_there(&mut self, directory: &Path, name: &str) -> Result<bool, PackError> {
        let path = directory.join(name);
        if !path.exists() && !path.is_symlink() {
            return Ok(false);
        }
        self.add_file(path, name)?;
        Ok(true)
    }

    fn add_folder(&mut self, folder: &Path, name: &str) -> Result<(), PackError> {
        if !folder.exists() && !folder.is_symlink() {
            return Ok(());
        }
        let unreadable = || PackError::file("read", folder);
        for entry in fs::read_dir(folder).map_err(unreadable())? {
            let path = entry.map_err(unreadable())?.path();
            let Some(last) = path.file_name().and_then(|last| last.to_str()) else {
                continue;
            };
            let name = format!("{name}/{last}");
            if path.is_dir() && !path.is_symlink() {
                self.add_folder(&path, &name)?;
            } else {
                self.add_file(path, &name)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf, name: &str) -> Result<(), PackError> {
        if path.is_symlink() {
            return Err(PackError::Link { path });
        }
        self.entries.insert(name.to_owned(), path);
        Ok(())
    }
}

fn read_manifest(directory: &Path) -> Result<Manifest, PackError> {
    let path = directory.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(missing(MANIFEST, directory));
        }
        Err(error) => return Err(PackError::file("read", &path)(error)),
    };
    Ok(Manifest::parse(&text)?)
}

fn missing(file: &'static str, directory: &Path) -> PackError {
    PackError::Missing { file, directory: directory.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[plugin]\nid = \"demo\"\nversion = \"1.0.0\"\nsummary = \"A demo\"\n\
        description = \"A demo\"\nauthor = \"Somebody\"\ntags = [\"other\"]\n\
        database = [\"sqlite\", \"postgresql\"]\n";

    fn crate_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        directory
    }

    #[test]
    fn a_bundle_holds_what_it_should_and_nothing_else() {
        let directory = crate_with(&[
            ("plugin.toml", TEXT),
            ("README.md", "# Demo"),
            ("Cargo.toml", ""),
            ("src/lib.rs", ""),
            ("ui/page/index.js", ""),
            ("locales/en.json", "{}"),
            ("lib.so", ""),
        ]);
        let mut contents = Contents::of(directory.path()).unwrap();
        let library = directory.path().join("lib.so");
        contents.add_library("a-b-c", &library).unwrap();
        assert!(contents.add_library("a-b-c", &library).is_err());
        let names: Vec<_> = contents.entries().map(|(name, _)| name).collect();
        assert_eq!(names, ["README.md", "lib/a-b-c/demo.so", "locales/en.json", "plugin.toml", "ui/page/index.js"]);
        assert!(contents.compare("x", "demo", "1.0.0").is_empty());
        let doubts = contents.compare("Cargo.toml", "demo", "1.0.1");
        let text = doubts[0].to_string();
        assert!(text.contains("version") && text.contains("1.0.1"), "{text}");
    }

    #[test]
    fn what_is_not_served_to_browsers_is_not_packed() {
        let with_module = format!("{TEXT}[ui]\nmodule = \"ui/demo.js\"\n");
        let cases = [
            ("ui/demo.js", TEXT, None),
            ("ui/demo.js", &with_module, None),
            ("ui/.DS_Store", TEXT, Some("hidden files are not served")),
            ("ui/demo.ts", TEXT, Some("below ui/ stand files that end in js")),
            ("ui/other.js", &with_module, Some("not in the bundle; below ui/ it brings ui/other.js")),
        ];
        for (file, manifest, expected) in cases {
            let directory = crate_with(&[("plugin.toml", manifest), ("README.md", "# Demo"), (file, "x")]);
            let said = Contents::of(directory.path()).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(said, None, "{file}"),
                Some(words) => assert!(said.as_ref().is_some_and(|said| said.contains(words)), "{file}: {said:?}"),
            }
        }
        #[cfg(unix)]
        {
            let directory = crate_with(&[("plugin.toml", TEXT), ("README.md", "# Demo"), ("ui/demo.js", "x")]);
            std::os::unix::fs::symlink("/etc/passwd", directory.path().join("ui/passwd.txt")).unwrap();
            let said = Contents::of(directory.path()).unwrap_err().to_string();
            assert!(said.contains("symbolic link"), "{said}");
        }
    }

    #[test]
    fn a_missing_readme_and_a_link_are_named() {
        let directory = crate_with(&[("plugin.toml", TEXT)]);
        let error = Contents::of(directory.path()).unwrap_err();
        assert!(error.to_string().contains("README.md"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/passwd", directory.path().join("README.md")).unwrap();
            let error = Contents::of(directory.path()).unwrap_err();
            assert!(error.to_string().contains("symbolic link"));
        }
    }
}
