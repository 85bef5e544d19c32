//! The console: built below `target/console`, where its packages are, into `host/console/dist`, from
//! where the server takes it in.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};

use crate::cargo::succeed;

/// Its sources.
const FOLDER: &str = "host/console";
/// What of them is needed to build and to test.
const PARTS: [&str; 10] = [
    "src",
    "public",
    "scripts",
    "tests",
    "index.html",
    "openapi.json",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];
/// Their tests may change without making the build stale.
const TESTS: &str = "tests";
/// The oldest Node that Vite runs on.
const NODE_MAJOR_MIN: u32 = 20;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was built.
    Built,
    /// Nothing has changed since it was built.
    Fresh,
    /// There is no Node, or it is too old.
    NoNode,
}

/// Builds the console if its sources are newer than what was built.
pub(crate) fn build(root: &Path) -> Result<Outcome> {
    if is_fresh(root)? {
        return Ok(Outcome::Fresh);
    }
    if !has_node() {
        return Ok(Outcome::NoNode);
    }
    let workplace = prepare(root)?;
    succeed(npm(&workplace).args(["run", "--silent", "build"]).env("CONSOLE_DIST", dist(root)))?;
    Ok(Outcome::Built)
}

/// Copies the sources to where they are built, with exactly the locked packages, and says where.
pub(crate) fn prepare(root: &Path) -> Result<PathBuf> {
    let workplace = target_directory(root).join("console");
    fs::create_dir_all(&workplace).with_context(|| format!("make {}", workplace.display()))?;
    for part in PARTS {
        let (from, to) = (root.join(FOLDER).join(part), workplace.join(part));
        replace(&from, &to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
    }
    let (locked, installed) = (workplace.join("package-lock.json"), workplace.join("node_modules/.installed"));
    let wanted = fs::read(&locked).with_context(|| format!("read {}", locked.display()))?;
    if !fs::read(&installed).is_ok_and(|present| present == wanted) {
        let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        succeed(npm(&workplace).arg("ci").args(quiet))?;
        fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    }
    Ok(workplace)
}

/// Whether Node is there, and new enough.
pub(crate) fn has_node() -> bool {
    let output = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    major(&version).is_some_and(|major| major >= NODE_MAJOR_MIN)
}

/// `npm` in a directory.
fn npm(directory: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(directory);
    command
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn dist(root: &Path) -> PathBuf {
    root.join(FOLDER).join("dist")
}

fn target_directory(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into)
}

fn is_fresh(root: &Path) -> Result<bool> {
    let Ok(built) = fs::metadata(dist(root).join("index.html")).and_then(|index| index.modified()) else {
        return Ok(false);
    };
    let sources = PARTS.iter().filter(|part| **part != TESTS).map(|part| root.join(FOLDER).join(part));
    for source in sources {
        let newest = newest(&source).with_context(|| format!("look at {}", source.display()))?;
        if newest > built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When a file, or anything in a folder, was last changed. What is made of the API's document does
/// not count.
fn newest(path: &Path) -> io::Result<SystemTime> {
    let own = fs::metadata(path)?;
    let mut newest = if own.is_dir() { SystemTime::UNIX_EPOCH } else { own.modified()? };
    if own.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_name() != "schema.d.ts" {
                newest = newest.max(self::newest(&entry.path())?);
            }
        }
    }
    Ok(newest)
}

fn replace(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(to)?,
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        replace(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Fails when the console is not there to be tested.
pub(crate) fn require(root: &Path) -> Result<()> {
    match build(root)? {
        Outcome::Built | Outcome::Fresh => Ok(()),
        Outcome::NoNode => bail!("the console needs Node {NODE_MAJOR_MIN} or newer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        for (text, expected) in [("v20.20.2\n", Some(20)), ("v8.1.0", Some(8)), ("20.1", None), ("", None)] {
            assert_eq!(major(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_copy_has_nothing_that_its_source_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::write(from.join("inner/new"), "new").unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("old"), "old").unwrap();
        replace(&from, &to).unwrap();
        assert!(to.join("inner/new").is_file() && !to.join("old").exists());
    }

    #[test]
    fn a_folder_is_as_new_as_the_newest_file_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("inner")).unwrap();
        let file = folder.path().join("inner/file");
        fs::write(&file, "x").unwrap();
        assert_eq!(newest(folder.path()).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    }
}
