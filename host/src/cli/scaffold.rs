//! `plugin new`: writes a crate that builds, packs, installs and answers.
//!
//! The texts lie beside this file in `scaffold/template`; `__NAME__` and its like are filled in.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::arguments;
use crate::plugin::{ParseIdError, PluginId};

/// How many directories upwards a checkout is looked for.
const CHECKOUT_LEVELS_MAX: usize = 8;
/// Names that cargo refuses for a crate, or that would hide a crate that the template uses.
const RESERVED: [&str; 36] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "final",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "loop",
    "match",
    "mod",
    "move",
    "plugin_api",
    "poem_openapi",
    "proc_macro",
    "pub",
    "ref",
    "self",
    "static",
    "std",
    "test",
    "use",
];

/// The files to write, and their texts.
const TEMPLATE: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("scaffold/template/Cargo.toml.txt")),
    ("plugin.toml", include_str!("scaffold/template/plugin.toml.txt")),
    ("README.md", include_str!("scaffold/template/README.md.txt")),
    ("CHANGELOG.md", include_str!("scaffold/template/CHANGELOG.md.txt")),
    (".gitignore", include_str!("scaffold/template/gitignore.txt")),
    ("src/lib.rs", include_str!("scaffold/template/lib.rs.txt")),
    ("ui/page.js", include_str!("scaffold/template/page.js.txt")),
    ("migrations/README.md", include_str!("scaffold/template/migrations.md.txt")),
];

/// Why no crate was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScaffoldError {
    /// The name cannot be a plugin's.
    #[error("{name:?} cannot name a crate (- may stand for _ in the name)")]
    Name {
        /// What was given.
        name: String,
        /// What an id looks like.
        source: ParseIdError,
    },
    /// The name is a word that Rust or the template needs.
    #[error("{name:?} cannot name a crate: the word is taken; choose another")]
    Reserved {
        /// What was given.
        name: String,
    },
    /// Something is there already.
    #[error("{} is not empty; name another directory with --path", directory.display())]
    Occupied {
        /// The directory.
        directory: PathBuf,
    },
    /// The given plugin-api is none.
    #[error("{} holds no plugin-api crate", directory.display())]
    NoApi {
        /// The directory.
        directory: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A crate that was written.
#[derive(Debug, Serialize)]
pub(super) struct Scaffold {
    /// Its directory.
    pub(super) path: PathBuf,
    /// The plugin's id.
    pub(super) id: String,
    /// How it depends on plugin-api.
    pub(super) plugin_api: String,
}

/// Writes the crate.
///
/// # Errors
/// [`ScaffoldError`], each variant by its own reason.
pub(super) fn write(order: &arguments::New) -> Result<Scaffold, ScaffoldError> {
    let id = id_of(&order.name)?;
    let directory = order.path.clone().unwrap_or_else(|| PathBuf::from(&order.name));
    refuse_occupied(&directory)?;
    let api = api_dependency(order.api_path.as_deref())?;
    for (name, text) in TEMPLATE {
        let text = text
            .replace("__NAME__", &order.name)
            .replace("__ID__", &id)
            .replace("__TYPE__", &joined_words(&id, ""))
            .replace("__TITLE__", &joined_words(&id, " "))
            .replace("__API__", &api);
        write_file(&directory.join(name), &text)?;
    }
    Ok(Scaffold { path: directory, id, plugin_api: api })
}

fn id_of(name: &str) -> Result<String, ScaffoldError> {
    let id = name.replace('-', "_");
    if RESERVED.contains(&id.as_str()) {
        return Err(ScaffoldError::Reserved { name: name.to_owned() });
    }
    match id.parse::<PluginId>() {
        Ok(id) => Ok(id.as_str().to_owned()),
        Err(source) => Err(ScaffoldError::Name { name: name.to_owned(), source }),
    }
}

fn refuse_occupied(directory: &Path) -> Result<(), ScaffoldError> {
    let is_free = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    Err(ScaffoldError::Occupied { directory: directory.to_owned() })
}

/// By path inside a checkout, else by version.
fn api_dependency(given: Option<&Path>) -> Result<String, ScaffoldError> {
    let found = match given {
        Some(directory) if is_api(directory) => Some(directory.to_owned()),
        Some(directory) => {
            return Err(ScaffoldError::NoApi { directory: directory.to_owned() });
        }
        None => find_checkout(),
    };
    let Some(directory) = found else {
        return Ok(format!("version = {:?}", env!("CARGO_PKG_VERSION")));
    };
    let directory = fs::canonicalize(&directory).map_err(|source| ScaffoldError::File { path: directory, source })?;
    let path = toml::Value::from(&*directory.to_string_lossy());
    Ok(format!("path = {path}"))
}

/// A checkout around the current directory, or around this program when it was built in one.
fn find_checkout() -> Option<PathBuf> {
    let starts = [std::env::current_dir(), std::env::current_exe()];
    starts.into_iter().flatten().find_map(|start| {
        let above = start.ancestors().take(CHECKOUT_LEVELS_MAX);
        above.map(|level| level.join("plugin-api")).find(|it| is_api(it))
    })
}

fn is_api(directory: &Path) -> bool {
    let text = fs::read_to_string(directory.join("Cargo.toml")).unwrap_or_default();
    let manifest = text.parse::<toml::Table>().unwrap_or_default();
    let package = manifest.get("package");
    package.and_then(|package| package.get("name")) == Some(&toml::Value::from("plugin-api"))
}

fn joined_words(id: &str, between: &str) -> String {
    let words: Vec<String> = id.split('_').map(capitalised).collect();
    words.join(between).trim().to_owned()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn write_file(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| ScaffoldError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Manifest;

    fn order(name: &str, path: PathBuf) -> arguments::New {
        arguments::New {
            name: name.to_owned(),
            path: Some(path),
            api_path: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-api")),
        }
    }

    #[test]
    fn names_become_ids_or_are_refused() {
        for (name, id) in [("hello", "hello"), ("my-plugin", "my_plugin"), ("a1", "a1")] {
            assert_eq!(id_of(name).unwrap(), id);
        }
        for wrong in ["", "1a", "-a", "A", "a b", "self", "plugin-api", &"a".repeat(33)] {
            assert!(id_of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_crate_is_written_whole_and_never_over_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("my-plugin");
        let written = write(&order("my-plugin", path.clone())).unwrap();
        assert_eq!(written.id, "my_plugin");
        for (name, _) in TEMPLATE {
            let text = fs::read_to_string(path.join(name)).unwrap();
            assert!(!text.contains("__"), "{name}: {text}");
        }
        let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        assert!(manifest.contains_key("workspace"));
        let declared = Manifest::parse(&fs::read_to_string(path.join("plugin.toml")).unwrap()).unwrap();
        let module = fs::read_to_string(path.join(declared.ui.unwrap().module)).unwrap();
        assert!(module.contains("'my_plugin-page': Page"), "{module}");
        assert!(matches!(write(&order("my-plugin", path)), Err(ScaffoldError::Occupied { .. })));
    }

    #[test]
    fn words_are_capitalised() {
        assert_eq!(joined_words("my_plugin", " "), "My Plugin");
        assert_eq!(joined_words("my_plugin2", ""), "MyPlugin2");
    }
}
