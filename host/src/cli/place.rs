//! Which server a command speaks to: the one that was named, the one that runs on the data
//! directory, or none.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The file in which a running server says where it answers.
const SERVER_FILE: &str = "server.json";
/// The file that a running server, or an offline command, holds locked.
const LOCK_FILE: &str = "lock";

/// Why the data directory could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    /// A file of the data directory cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The URL is not one.
    #[error("{text:?} is no server URL: write it like http://127.0.0.1:8000")]
    Url {
        /// What was given.
        text: String,
    },
    /// There is neither a server nor a data directory.
    #[error(
        "there is no server to ask and no data directory {}: name a server with --url, or a \
         directory with --data",
        directory.display()
    )]
    Nowhere {
        /// The data directory.
        directory: PathBuf,
    },
    /// Only a server can answer, and none runs.
    #[error(
        "no server runs on {}: name one with --url, or start one with `backplane serve`",
        directory.display()
    )]
    NotRunning {
        /// The data directory.
        directory: PathBuf,
    },
}

/// Where the plugins are that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// A server answers.
    Running(Target),
    /// No server runs on the data directory; the command works on it itself.
    AtRest,
    /// There is no data directory.
    Nowhere,
}

/// A server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Where, without a `/` at its end.
    pub(super) url: String,
    /// The file with the only certificates that are believed; None to believe the usual issuers.
    pub(super) certificate: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ServerFile {
    url: String,
    #[serde(default)]
    certificate: Option<PathBuf>,
}

/// Finds out what a command should speak to. A server that is found by its data directory is known by its
/// certificate, whatever name is in it, unless `named` says which certificates to believe.
///
/// # Errors
/// [`PlaceError::Url`] when `url` is none, [`PlaceError::File`] when the lock cannot be tried.
pub(super) fn find(url: Option<&str>, named: Option<&Path>, data: &Path) -> Result<Whereabouts, PlaceError> {
    let named = named.map(Path::to_owned);
    match url {
        Some(url) => Ok(Whereabouts::Running(Target { url: tidy_url(url)?, certificate: named })),
        None => running_on(data, named),
    }
}

/// Like [`find`], for commands that only a server can answer.
///
/// # Errors
/// Those of [`find`], and [`PlaceError::NotRunning`].
pub(super) fn find_running(url: Option<&str>, named: Option<&Path>, data: &Path) -> Result<Target, PlaceError> {
    match find(url, named, data)? {
        Whereabouts::Running(target) => Ok(target),
        Whereabouts::AtRest | Whereabouts::Nowhere => Err(PlaceError::NotRunning { directory: data.to_owned() }),
    }
}

/// A server that was killed leaves its file behind, but not its lock.
fn running_on(data: &Path, named: Option<PathBuf>) -> Result<Whereabouts, PlaceError> {
    if !data.is_dir() {
        return Ok(Whereabouts::Nowhere);
    }
    let Some(server) = read_server_file(&data.join(SERVER_FILE)) else {
        return Ok(Whereabouts::AtRest);
    };
    if is_locked(&data.join(LOCK_FILE))? {
        Ok(Whereabouts::Running(Target { url: tidy_url(&server.url)?, certificate: named.or(server.certificate) }))
    } else {
        Ok(Whereabouts::AtRest)
    }
}

fn read_server_file(path: &Path) -> Option<ServerFile> {
    let bytes = fs::read(path).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn is_locked(path: &Path) -> Result<bool, PlaceError> {
    let failed = |source| PlaceError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Without a `/` at the end, and with an address that one can connect to.
fn tidy_url(text: &str) -> Result<String, PlaceError> {
    let wrong = || PlaceError::Url { text: text.to_owned() };
    let mut url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    let reachable = match url.host_str() {
        Some("0.0.0.0") => Some("127.0.0.1"),
        Some("[::]") => Some("[::1]"),
        _ => None,
    };
    if reachable.is_some() {
        url.set_host(reachable).map_err(|_| wrong())?;
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_with(server: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(SERVER_FILE), server).unwrap();
        fs::write(directory.path().join(LOCK_FILE), "").unwrap();
        directory
    }

    fn running(url: &str) -> Whereabouts {
        Whereabouts::Running(Target { url: url.to_owned(), certificate: None })
    }

    #[test]
    fn a_named_server_wins() {
        let found = find(Some("http://example.org:1/"), None, Path::new("/nowhere")).unwrap();
        assert_eq!(found, running("http://example.org:1"));
        for wrong in ["example.org", "ftp://example.org", "http://", ""] {
            assert!(find(Some(wrong), None, Path::new("/nowhere")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_running_server_is_found_by_its_file_and_lock() {
        let data = data_with(r#"{"url":"http://0.0.0.0:8123","pid":1}"#);
        let lock = File::open(data.path().join(LOCK_FILE)).unwrap();
        lock.try_lock().unwrap();
        assert_eq!(find(None, None, data.path()).unwrap(), running("http://127.0.0.1:8123"));
        lock.unlock().unwrap();
        assert_eq!(find(None, None, data.path()).unwrap(), Whereabouts::AtRest);
        assert!(find_running(None, None, data.path()).is_err());
    }

    #[test]
    fn an_empty_directory_is_at_rest() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(find(None, None, data.path()).unwrap(), Whereabouts::AtRest);
        let missing = data.path().join("missing");
        assert_eq!(find(None, None, &missing).unwrap(), Whereabouts::Nowhere);
    }
}
