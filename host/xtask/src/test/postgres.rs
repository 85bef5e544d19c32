//! A PostgreSQL of the tests' own: a fresh cluster in a temporary directory, on a free port of
//! the loopback interface.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::service::{Service, free_port, on_path};
use crate::cargo::succeed;

/// Where Debian and its children keep the programs, one folder for each version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";
/// Speed before safety: the cluster lives for one run.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
];

/// A running PostgreSQL; dropping it ends it and removes its cluster.
pub(super) struct Postgres {
    programs: Programs,
    // Ends before its directory goes.
    _service: Service,
    directory: TempDir,
    port: u16,
}

/// PostgreSQL's programs, and the user who runs them: it refuses to run as root.
struct Programs {
    folder: PathBuf,
    user: Option<User>,
}

struct User {
    uid: u32,
    gid: u32,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it answers.
    pub(super) fn start() -> Result<Self> {
        let folder = find_programs().context("find initdb")?;
        let directory = tempfile::tempdir().context("make a temporary directory")?;
        let user = unprivileged(directory.path())?;
        let programs = Programs { folder, user };
        let cluster = directory.path().join("cluster");
        programs.initialise(&cluster)?;
        let port = free_port()?;
        let mut command = programs.command("postgres", &cluster);
        command.args(["-p", &port.to_string()]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let log = directory.path().join("log");
        let service = Service::start(&mut command, log, || programs.is_ready(port))?;
        Ok(Self { programs, _service: service, directory, port })
    }

    /// Where it answers, as its superuser.
    pub(super) fn url(&self) -> String {
        self.database("postgres")
    }

    /// Makes an empty database, and says where it answers.
    pub(super) fn create_database(&self, name: &str) -> Result<String> {
        let mut command = Command::new(self.programs.folder.join("createdb"));
        command.args(["--host=127.0.0.1", "--username=postgres"]).arg(format!("--port={}", self.port)).arg(name);
        succeed(&mut command)?;
        Ok(self.database(name))
    }

    fn database(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Postgres {
    /// Killing its first process alone would leave the others to find out by themselves.
    fn drop(&mut self) {
        let cluster = self.directory.path().join("cluster");
        let mut stop = self.programs.command("pg_ctl", &cluster);
        stop.args(["stop", "--mode=immediate", "--silent"]);
        // What does not stop is killed right after.
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Programs {
    fn initialise(&self, cluster: &Path) -> Result<()> {
        let mut command = self.command("initdb", cluster);
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        command.args(["--no-locale", "--no-sync"]);
        let output = command.output().context("run initdb")?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("initdb failed with {}: {}", output.status, words.trim());
        }
        Ok(())
    }

    fn is_ready(&self, port: u16) -> bool {
        let mut command = Command::new(self.folder.join("pg_isready"));
        command.args(["--quiet", "--host=127.0.0.1", "--username=postgres"]);
        command.arg(format!("--port={port}"));
        command.status().is_ok_and(|status| status.success())
    }

    fn command(&self, program: &str, cluster: &Path) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.arg("-D").arg(cluster);
        // The current directory may be closed to the other user.
        command.current_dir(cluster.parent().unwrap_or(Path::new("/")));
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

/// The folder with initdb and its companions: of the newest version, or on the path.
pub(super) fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN_FOLDER).ok().into_iter().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    folders.sort();
    folders.pop().map(|(_, folder)| folder).or_else(|| {
        let initdb = fs::canonicalize(on_path("initdb")?).ok()?;
        initdb.parent().map(Path::to_owned)
    })
}

/// For root: the user `postgres`, else `nobody`, who then owns the directory.
fn unprivileged(directory: &Path) -> Result<Option<User>> {
    let owner = fs::metadata(directory).context("look at the temporary directory")?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
    let user = find_user(&users, "postgres").or_else(|| find_user(&users, "nobody"));
    let user = user.context("find the user postgres or nobody, for PostgreSQL refuses root")?;
    give_to(directory, &user).context("hand the temporary directory over")?;
    Ok(Some(user))
}

fn give_to(directory: &Path, user: &User) -> io::Result<()> {
    std::os::unix::fs::chown(directory, Some(user.uid), Some(user.gid))
}

fn find_user(users: &str, name: &str) -> Option<User> {
    let mut lines = users.lines().map(|line| line.split(':'));
    let mut fields = lines.find(|fields| fields.clone().next() == Some(name))?;
    let uid = fields.nth(2)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_cluster_answers_and_leaves_nothing() {
        let postgres = Postgres::start().unwrap();
        let directory = postgres.directory.path().to_owned();
        let port = postgres.port;
        assert!(postgres.programs.is_ready(port), "{}", postgres.url());
        drop(postgres);
        assert!(!directory.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:1:2::/:\npostgres:x:101:104:a:/:/bin";
        let user = find_user(users, "postgres").map(|user| (user.uid, user.gid));
        assert_eq!(user, Some((101, 104)));
        assert!(find_user(users, "post").is_none());
    }
}
