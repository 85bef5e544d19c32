//! The manifest: what a bundle declares in `plugin.toml` before any of its code runs.

mod capabilities;
mod dependency;
mod fields;
mod ui;

pub use capabilities::{Capabilities, Capability, DatabaseAccess, HostPattern};
pub use dependency::Dependency;
pub use ui::Ui;

use super::id::PluginId;
use fields::Fields;
use semver::VersionReq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tags that a plugin may carry.
pub const TAGS: [&str; 9] = ["ai", "mcp", "agent", "auth", "storage", "notification", "task", "payment", "other"];
/// The databases that a plugin may support.
pub const DATABASES: [&str; 2] = ["sqlite", "postgresql"];
/// The longest time a call may be given.
const DEADLINE_MS_MAX: u64 = 600_000;
/// The largest body a plugin may ask for, 1 GiB.
const BODY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// More calls at once than any plugin needs before the machine is the limit.
const CONCURRENCY_MAX: u64 = 4096;

/// What a bundle declares. The JSON form is the one in the database and in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin.
    pub id: PluginId,
    /// Its version.
    pub version: semver::Version,
    /// One line, 1–100 characters.
    pub summary: String,
    /// A paragraph, 1–500 characters.
    pub description: String,
    /// Who made it, 1–50 characters.
    pub author: String,
    /// What it is about, some of [`TAGS`].
    pub tags: Vec<String>,
    /// On which databases it runs, some of [`DATABASES`].
    pub database: Vec<String>,
    /// Its licence.
    pub license: Option<String>,
    /// A path or URL of its icon.
    pub icon: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Plugins that must be enabled for it to work, in whatever version.
    pub depends_on: Vec<PluginId>,
    /// Plugins that it needs or uses, with the versions that will do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<PluginId, Dependency>,
    /// The versions of the server's ABI that it runs on; None leaves that to the check of its library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<VersionReq>,
    /// Where its routes hang, for clients that show it.
    pub app: Option<App>,
    /// Groups of its routes, for clients that show them.
    pub api: BTreeMap<String, ApiGroup>,
    /// What a call may cost.
    pub limits: Limits,
    /// What it asks to be allowed.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// What it brings for the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui: Option<Ui>,
}

/// Where a plugin's routes hang.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum App {
    /// Below an application of the core.
    Extend(String),
    /// Beside them, in routers of its own.
    Router(Vec<String>),
}

/// A group of routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiGroup {
    /// The path that they share.
    pub prefix: String,
    /// What they are called in the documentation.
    pub tags: String,
}

/// What the calls of a plugin may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long a call may take until its answer begins.
    pub deadline_ms: u64,
    /// How large a request's body may be.
    pub body_bytes_max: u64,
    /// How many calls may run at once.
    pub concurrency_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline_ms: 30_000, body_bytes_max: 10 * 1024 * 1024, concurrency_max: 256 }
    }
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML.
    #[error("plugin.toml is not TOML: {message}")]
    Syntax {
        /// Where and why.
        message: String,
    },
    /// A key that no manifest has.
    #[error("plugin.toml: unknown key {key}{}", suggestion(nearest.as_deref()))]
    UnknownKey {
        /// The key with its section.
        key: String,
        /// The valid key that is most like it.
        nearest: Option<String>,
    },
    /// A key that every manifest has.
    #[error("plugin.toml: {field} is missing: {accepted}")]
    Missing {
        /// The key with its section.
        field: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A value that can't be accepted.
    #[error("plugin.toml: {field} is {value}: {accepted} is accepted")]
    Invalid {
        /// The key with its section.
        field: String,
        /// What stands there.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
}

impl Manifest {
    /// Reads and checks the text of `plugin.toml`.
    ///
    /// # Errors
    /// [`ManifestError`] for the first fault, naming the key and what would be accepted.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| syntax(&error))?;
        let mut top = Fields::new("", table);
        let mut plugin = top.required_section("plugin")?;
        let manifest = Self {
            id: plugin.required("id", "a lowercase letter, then lowercase letters, digits and _ (at most 32)")?,
            version: plugin.required("version", "a version such as 1.0.0")?,
            summary: plugin.text("summary", 100)?,
            description: plugin.text("description", 500)?,
            author: plugin.text("author", 50)?,
            tags: plugin.some_of("tags", &TAGS)?,
            database: plugin.some_of("database", &DATABASES)?,
            license: plugin.optional_text("license", 100)?,
            icon: plugin.optional_text("icon", 500)?,
            homepage: plugin.optional_text("homepage", 500)?,
            depends_on: plugin.list("depends_on", "a list of plugin ids")?,
            dependencies: top.section("dependencies")?.map_or_else(|| Ok(BTreeMap::new()), dependency::dependencies)?,
            abi: abi(&mut plugin)?,
            app: top.section("app")?.map(app).transpose()?,
            api: api_groups(&mut top)?,
            limits: top.section("limits")?.map_or_else(|| Ok(Limits::default()), limits)?,
            capabilities: top.section("capabilities")?.map(capabilities::read).transpose()?.unwrap_or_default(),
            ui: top.section("ui")?.map(ui::read).transpose()?,
        };
        plugin.finish()?;
        top.finish()?;
        refuse_self_dependency(&manifest)?;
        dependency::refuse_double(&manifest.depends_on, &manifest.dependencies)?;
        Ok(manifest)
    }

    /// What it says of other plugins, wherever in the manifest it says so.
    #[must_use]
    pub fn all_dependencies(&self) -> BTreeMap<PluginId, Dependency> {
        let anyhow = self.depends_on.iter().map(|id| (id.clone(), Dependency::on_any_version()));
        anyhow.chain(self.dependencies.clone()).collect()
    }

    /// The plugins without which it can't be enabled.
    pub fn needed(&self) -> impl Iterator<Item = &PluginId> {
        let ranged = self.dependencies.iter().filter(|(_, dependency)| !dependency.optional);
        self.depends_on.iter().chain(ranged.map(|(id, _)| id))
    }
}

fn abi(plugin: &mut Fields) -> Result<Option<VersionReq>, ManifestError> {
    let text = plugin.optional_text("abi", 100)?;
    text.map(|text| dependency::range(plugin, "abi", &text)).transpose()
}

fn app(mut section: Fields) -> Result<App, ManifestError> {
    let routers: Vec<String> = section.list("router", "a list of names")?;
    let extend = section.optional_text("extend", 64)?;
    section.finish()?;
    match (extend, routers.is_empty()) {
        (Some(extend), true) => Ok(App::Extend(extend)),
        (None, false) => Ok(App::Router(routers)),
        _ => Err(ManifestError::Missing {
            field: "app.extend".to_owned(),
            accepted: "either extend = \"admin\" or router = [\"v1\"]".to_owned(),
        }),
    }
}

fn api_groups(top: &mut Fields) -> Result<BTreeMap<String, ApiGroup>, ManifestError> {
    let Some(section) = top.section("api")? else {
        return Ok(BTreeMap::new());
    };
    let mut groups = BTreeMap::new();
    for (name, mut group) in section.into_sections()? {
        let prefix = group.text("prefix", 100)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_/-".contains(&byte);
        if !prefix.starts_with('/') || !prefix.bytes().all(plain) {
            return Err(group.invalid("prefix", &prefix, "a path of letters, digits, _, - and / that begins with /"));
        }
        let tags = group.text("tags", 100)?;
        group.finish()?;
        groups.insert(name, ApiGroup { prefix, tags });
    }
    Ok(groups)
}

fn limits(mut section: Fields) -> Result<Limits, ManifestError> {
    let usual = Limits::default();
    let concurrency_usual = u64::try_from(usual.concurrency_max).unwrap_or(CONCURRENCY_MAX);
    let concurrency = section.number("concurrency_max", concurrency_usual, CONCURRENCY_MAX)?;
    let limits = Limits {
        deadline_ms: section.number("deadline_ms", usual.deadline_ms, DEADLINE_MS_MAX)?,
        body_bytes_max: section.number("body_bytes_max", usual.body_bytes_max, BODY_BYTES_MAX)?,
        concurrency_max: usize::try_from(concurrency).unwrap_or(usual.concurrency_max),
    };
    section.finish()?;
    Ok(limits)
}

fn refuse_self_dependency(manifest: &Manifest) -> Result<(), ManifestError> {
    let field = match (manifest.depends_on.contains(&manifest.id), manifest.dependencies.contains_key(&manifest.id)) {
        (true, _) => "plugin.depends_on",
        (_, true) => "dependencies",
        _ => return Ok(()),
    };
    Err(ManifestError::Invalid {
        field: field.to_owned(),
        value: format!("a list with {} itself", manifest.id),
        accepted: "a list of other plugins".to_owned(),
    })
}

fn syntax(error: &toml::de::Error) -> ManifestError {
    // The first line says where and what; the rest draws the place.
    let message = error.to_string();
    ManifestError::Syntax { message: message.lines().next().unwrap_or_default().to_owned() }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(", did you mean {nearest}?"))
}

#[cfg(test)]
mod tests;
