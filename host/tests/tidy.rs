//! The house rules that the compiler does not hold: arrows, `unsafe`, sizes.

use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

/// Each room, and the rooms it must not use.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("loader", &["app", "cli", "http", "admin", "plugin", "import", "store", "db", "cache", "config"]),
    ("store", &["app", "cli", "http", "admin", "plugin", "loader", "db", "cache"]),
    ("db", &["app", "cli", "http", "admin", "plugin", "import", "loader", "store", "cache"]),
    ("cache", &["app", "cli", "http", "admin", "plugin", "import", "loader", "store", "db", "config"]),
    ("plugin", &["app", "cli", "http", "admin", "import"]),
    ("import", &["app", "cli", "http", "admin", "plugin", "loader", "store", "cache", "config"]),
    ("admin", &["app", "cli", "store", "loader", "import"]),
    ("http", &["app", "cli"]),
    ("app", &["cli"]),
];

/// Crates that a room must not know.
const FORBIDDEN_CRATES: &[(&str, &[&str])] = &[
    ("plugin", &["poem", "poem_openapi", "libloading", "redis"]),
    ("store", &["poem", "libloading", "sqlx"]),
    ("loader", &["poem", "sqlx"]),
    ("http", &["sqlx", "libloading", "redis"]),
    ("admin", &["libloading", "sqlx"]),
    ("import", &["poem", "libloading", "sqlx"]),
    ("db", &["poem", "libloading"]),
    ("cache", &["poem", "libloading", "sqlx"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "no Rust files below {}", folder.display());
    files
}

fn room(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root().join("host/src")).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn refuse(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut faults = Vec::new();
    for file in rust_files(&root().join("host/src")) {
        let text = std::fs::read_to_string(&file).expect("a file");
        let Some(room) = room(&file) else { continue };
        let rooms = FORBIDDEN.iter().filter(|(from, _)| *from == room).flat_map(|(_, to)| *to);
        let crates = FORBIDDEN_CRATES.iter().filter(|(from, _)| *from == room).flat_map(|(_, to)| *to);
        let words: Vec<String> =
            rooms.map(|to| format!("crate::{to}::")).chain(crates.map(|to| format!("{to}::"))).collect();
        for (at, line) in code_lines(&text) {
            for word in &words {
                let found = line.find(word.as_str()).is_some_and(|at| {
                    !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
                });
                if found {
                    faults.push(format!("{}:{at}: {room} must not use {word}", file.display()));
                }
            }
        }
    }
    refuse(faults);
}

#[test]
fn unsafe_stays_in_its_two_rooms() {
    let rooms = [root().join("host/src/loader"), root().join("plugin-api/src/abi")];
    let mut faults = Vec::new();
    for folder in ["host/src", "plugin-api/src", "plugins/config", "plugins/dict", "plugins/hello", "plugins/notice"] {
        for file in rust_files(&root().join(folder)) {
            let stem = file.with_extension("");
            if rooms.iter().any(|room| stem.starts_with(room)) {
                continue;
            }
            let text = std::fs::read_to_string(&file).expect("a file");
            for (at, line) in code_lines(&text) {
                let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "#[unsafe"];
                if words.iter().any(|word| line.contains(word)) {
                    faults.push(format!("{}:{at}: unsafe outside loader and abi", file.display()));
                }
            }
        }
    }
    refuse(faults);
}

#[test]
fn files_stay_readable() {
    let mut faults = Vec::new();
    for folder in ["host", "plugin-api", "plugins"] {
        for file in rust_files(&root().join(folder)) {
            let lines = std::fs::read_to_string(&file).expect("a file").lines().count();
            if lines > LINES_MAX {
                faults.push(format!("{}: {lines} lines, {LINES_MAX} at most", file.display()));
            }
        }
    }
    refuse(faults);
}

#[test]
fn only_known_names_stand_at_the_top() {
    const KNOWN: &[&str] = &[
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "LICENSE",
        "config",
        "host",
        "migrations",
        "plugin-api",
        "plugins",
        "target",
        "data",
    ];
    let names = std::fs::read_dir(root()).expect("the workspace").map(|entry| entry.expect("an entry").file_name());
    let unknown = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !KNOWN.contains(&name.as_str()));
    refuse(unknown.map(|name| format!("{name}: nothing else stands at the top level")).collect());
}
