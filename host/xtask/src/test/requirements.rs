//! What the tests need beside Rust, from the distribution's packages.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{postgres, service::on_path};
use crate::{cargo::succeed, console};

/// A program that the tests use.
struct Requirement {
    /// The package that brings it, in Debian and its children.
    package: &'static str,
    /// What it is for.
    purpose: &'static str,
    /// Whether it is there.
    is_there: fn() -> bool,
}

/// One line for each program.
const REQUIREMENTS: [Requirement; 7] = [
    Requirement {
        package: "postgresql",
        purpose: "a private PostgreSQL",
        is_there: || postgres::find_programs().is_some(),
    },
    Requirement { package: "redis-server", purpose: "a private Redis", is_there: || on_path("redis-server").is_some() },
    // Plugins must load whichever compiler built them: a second one, besides rustup's.
    Requirement {
        package: "rustc-web",
        purpose: "a second compiler, /usr/bin/rustc",
        is_there: || Path::new("/usr/bin/rustc").is_file(),
    },
    Requirement {
        package: "cargo-web",
        purpose: "its cargo, /usr/bin/cargo",
        is_there: || Path::new("/usr/bin/cargo").is_file(),
    },
    Requirement { package: "nodejs", purpose: "Node 20 or newer", is_there: console::has_node },
    Requirement { package: "chromium", purpose: "a browser", is_there: || on_path("chromium").is_some() },
    // It has no program of its own.
    Requirement { package: "python3-venv", purpose: "Python with virtual environments", is_there: makes_environments },
];

/// Installs what is missing.
///
/// # Errors
/// When something is missing and cannot be installed from here: says what to install.
pub(super) fn provide() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|one| one.package).collect();
    eprintln!("installing {}", packages.join(", "));
    install(&packages).with_context(|| advice(&missing))?;
    let still = self::missing();
    if !still.is_empty() {
        bail!("{}", advice(&still));
    }
    Ok(())
}

fn missing() -> Vec<&'static Requirement> {
    let requirements = REQUIREMENTS.iter();
    requirements.filter(|one| !(one.is_there)()).collect()
}

fn makes_environments() -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn advice(missing: &[&Requirement]) -> String {
    let needs: Vec<String> = missing.iter().map(|one| format!("{} (package {})", one.purpose, one.package)).collect();
    format!("the tests need {}; install it and run this again", needs.join(", "))
}

fn install(packages: &[&str]) -> Result<()> {
    if on_path("apt-get").is_none() {
        bail!("there is no apt-get on this system");
    }
    let root = is_root();
    if !root && !sudo_asks_nothing() {
        bail!("neither root nor sudo without a password: sudo apt-get install {}", packages.join(" "));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["--non-interactive", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(arguments).stdin(Stdio::null());
        succeed(&mut command)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// The owner of `/proc/self` is the user who runs this.
fn is_root() -> bool {
    fs::metadata("/proc/self").map_or_else(|_| env::var("USER").is_ok_and(|user| user == "root"), |own| own.uid() == 0)
}

fn sudo_asks_nothing() -> bool {
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", "true"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
