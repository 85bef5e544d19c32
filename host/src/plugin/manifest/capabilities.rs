//! What a plugin asks to be allowed.

use super::ManifestError;
use super::fields::Fields;
use crate::plugin::id::PluginId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name that the DNS has.
const HOST_BYTES_MAX: usize = 253;

/// What a plugin asks to be allowed, from `[capabilities]`. Without that section: its own tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Which tables.
    pub database: DatabaseAccess,
    /// Which hosts it sends requests to.
    pub http: Vec<HostPattern>,
    /// A folder of its own.
    pub files: bool,
    /// Publishing events, and handling those of others and of the server.
    pub events: bool,
    /// Work at given times.
    pub jobs: bool,
    /// Which other plugins it calls.
    pub services: Vec<PluginId>,
}

/// Which tables a plugin may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseAccess {
    /// Those that its own migrations create.
    #[default]
    Own,
    /// Those; and it may read all others.
    Read,
}

/// A host, or with `*.` before it all hosts below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostPattern(String);

/// One capability, as it is granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Capability {
    /// `database`, `http`, `files`, `events`, `jobs` or `services`.
    pub name: &'static str,
    /// How far: `read`, a host, a plugin. Empty where there is no more to say.
    pub detail: String,
}

impl Capabilities {
    /// One by one.
    #[must_use]
    pub fn list(&self) -> Vec<Capability> {
        let one = |name: &'static str, detail: &str| Capability { name, detail: detail.to_owned() };
        let database = match self.database {
            DatabaseAccess::Own => "own",
            DatabaseAccess::Read => "read",
        };
        let mut all = vec![one("database", database)];
        all.extend(self.http.iter().map(|host| one("http", &host.0)));
        let flags = [("files", self.files), ("events", self.events), ("jobs", self.jobs)];
        all.extend(flags.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| one(name, "")));
        all.extend(self.services.iter().map(|id| one("services", id.as_str())));
        all
    }
}

impl HostPattern {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the name of `host`, which is in lower case.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        self.0 == host
    }

    /// Whether it is a `*.` above `host`, which is in lower case.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let above = self.0.strip_prefix("*.").and_then(|above| host.strip_suffix(above));
        above.and_then(|below| below.strip_suffix('.')).is_some_and(|below| !below.is_empty())
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => formatter.write_str(self.name),
            detail => write!(formatter, "{} {detail}", self.name),
        }
    }
}

impl FromStr for HostPattern {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let host = text.strip_prefix("*.").unwrap_or(text);
        let label = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(plain)
        };
        let good = text.len() <= HOST_BYTES_MAX && host.split('.').all(label);
        if good { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl FromStr for DatabaseAccess {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "own" => Ok(Self::Own),
            "read" => Ok(Self::Read),
            _ => Err(()),
        }
    }
}

/// The section `[capabilities]`.
pub(super) fn read(mut section: Fields) -> Result<Capabilities, ManifestError> {
    let capabilities = Capabilities {
        database: section.optional("database", "\"own\" or \"read\"")?.unwrap_or_default(),
        http: section.list("http", "a list of hosts such as \"api.example.com\" or \"*.example.org\"")?,
        files: section.flag("files")?,
        events: section.flag("events")?,
        jobs: section.flag("jobs")?,
        services: section.list("services", "a list of plugin ids")?,
    };
    section.finish()?;
    Ok(capabilities)
}
