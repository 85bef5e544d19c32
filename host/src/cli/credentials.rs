//! The tokens that `backplane login` obtained, one per server.
//!
//! They lie in the user's own configuration directory, in a file that only the user can read:
//! never in the data directory, which is copied and backed up, nor in a source tree.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// Why the tokens could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialsError {
    /// Neither `XDG_CONFIG_HOME` nor `HOME` (nor `APPDATA`) says where the file belongs.
    #[error("cannot tell where your configuration directory is: set HOME or XDG_CONFIG_HOME")]
    NoHome,
    /// The file is there but cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not what `backplane login` writes.
    #[error("{} is damaged: delete it and log in again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it is damaged.
        source: serde_json::Error,
    },
}

/// One login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Credential {
    /// Who logged in.
    pub(super) username: String,
    /// The access token.
    pub(super) token: String,
    /// When the token ends, as the server wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
}

/// The file with all logins.
#[derive(Debug)]
pub(super) struct Credentials {
    path: PathBuf,
    servers: BTreeMap<String, Credential>,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    servers: BTreeMap<String, Credential>,
}

impl Credentials {
    /// Opens the file of the user who runs this process; a missing file holds no logins.
    ///
    /// # Errors
    /// [`CredentialsError`], each variant by its own reason.
    pub(super) fn of_user() -> Result<Self, CredentialsError> {
        let directory = configuration_directory(|name| std::env::var_os(name).map(PathBuf::from))
            .ok_or(CredentialsError::NoHome)?;
        Self::open(directory.join("backplane").join("credentials.json"))
    }

    /// Opens this file; a missing file holds no logins.
    ///
    /// # Errors
    /// [`CredentialsError::File`] and [`CredentialsError::Damaged`].
    pub(super) fn open(path: PathBuf) -> Result<Self, CredentialsError> {
        let stored = match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice::<Stored>(&bytes) {
                Ok(stored) => stored,
                Err(source) => return Err(CredentialsError::Damaged { path, source }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stored::default(),
            Err(source) => return Err(CredentialsError::File { path, source }),
        };
        Ok(Self { path, servers: stored.servers })
    }

    /// The file.
    #[must_use]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The login at this server.
    #[must_use]
    pub(super) fn get(&self, url: &str) -> Option<&Credential> {
        self.servers.get(url)
    }

    /// Keeps a login in place of an older one at the same server, readable by this user only.
    ///
    /// # Errors
    /// [`CredentialsError::File`].
    pub(super) fn keep(&mut self, url: &str, credential: Credential) -> Result<(), CredentialsError> {
        self.servers.insert(url.to_owned(), credential);
        let stored = Stored { servers: self.servers.clone() };
        write_private(&self.path, &stored).map_err(|source| CredentialsError::File { path: self.path.clone(), source })
    }
}

fn configuration_directory(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| path.is_absolute());
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config"))).or_else(|| set("APPDATA"))
}

/// Writes a new file beside the old one and renames it, so that no reader sees half a file.
/// Temporary files are made with mode 0600.
fn write_private(path: &Path, stored: &Stored) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_private_directory(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut file, stored)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn create_private_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn create_private_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(token: &str) -> Credential {
        Credential { username: "admin".into(), token: token.into(), expires: None }
    }

    #[test]
    fn a_kept_login_is_found_again_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backplane/credentials.json");
        let mut credentials = Credentials::open(path.clone()).unwrap();
        assert_eq!(credentials.get("http://a"), None);
        credentials.keep("http://a", credential("1")).unwrap();
        credentials.keep("http://b", credential("2")).unwrap();
        credentials.keep("http://a", credential("3")).unwrap();

        let again = Credentials::open(path.clone()).unwrap();
        assert_eq!(again.get("http://a"), Some(&credential("3")));
        assert_eq!(again.get("http://b"), Some(&credential("2")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.json");
        fs::write(&path, "{").unwrap();
        let error = Credentials::open(path.clone()).unwrap_err();
        assert!(error.to_string().contains(&*path.to_string_lossy()));
    }

    #[test]
    fn the_configuration_directory_follows_xdg_then_home() {
        let with = |pairs: &'static [(&str, &str)]| {
            configuration_directory(move |name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| PathBuf::from(value))
            })
        };
        assert_eq!(with(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]), Some("/x".into()));
        assert_eq!(with(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]), Some("/h/.config".into()));
        assert_eq!(with(&[]), None);
    }
}
