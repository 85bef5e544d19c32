//! What a plugin says of itself: the descriptor that travels over the ABI as JSON.
//!
//! Authors build it with [`Contributions`](crate::Contributions); the host reads it. It is data
//! only: nothing here calls, loads or decides.

use serde::{Deserialize, Serialize};

/// Everything a library says of itself, checked by the host against the bundle's manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The plugin's id, the crate's name with `-` written as `_`.
    pub id: String,
    /// The crate's version, semver.
    pub version: String,
    /// The version of `plugin-api` it was built against, semver.
    pub api: String,
    /// The routes, in the order of the indices by which the host calls them.
    pub routes: Vec<RouteSpec>,
    /// The OpenAPI 3 document of these routes; paths are relative to the API's prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<serde_json::Value>,
    /// The schema migrations, oldest first.
    #[serde(default)]
    pub migrations: Vec<MigrationSpec>,
    /// The menu entries, as trees.
    #[serde(default)]
    pub menus: Vec<Menu>,
    /// Permission codes that the plugin's routes ask for.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// Settings that an administrator may change.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// The JSON schema of an object with all of them, if it says more than the list; see
    /// [`Descriptor::settings_schema`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_schema: Option<serde_json::Value>,
    /// Models that data rules may speak of.
    #[serde(default)]
    pub models: Vec<DataModel>,
    /// Work that is done by a timetable, in the order of the indices by which the host starts it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobSpec>,
    /// The events that the plugin handles, in the order of the indices by which it is given them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<HandlerSpec>,
    /// What other plugins may call, in the order of the indices by which the host does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceSpec>,
}

impl Descriptor {
    /// The JSON schema of an object with all settings. A property whose value is never shown has the keyword
    /// `x-secret`; one without a `default` that is `required` has to be set before the plugin starts.
    pub fn settings_schema(&self) -> serde_json::Value {
        self.settings_schema.clone().unwrap_or_else(|| crate::settings::schema_of(&self.settings))
    }

    /// The settings that hold while nothing is set.
    pub fn settings_defaults(&self) -> serde_json::Map<String, serde_json::Value> {
        let schema = self.settings_schema();
        let properties = schema.get("properties").and_then(serde_json::Value::as_object);
        let with_default = |(key, property): (&String, &serde_json::Value)| {
            property.get("default").map(|default| (key.clone(), default.clone()))
        };
        properties.into_iter().flatten().filter_map(with_default).collect()
    }
}

/// Whether a property of a settings' schema must never be shown, because it or a part of it is marked so.
pub fn is_secret_property(property: &serde_json::Value) -> bool {
    crate::settings::is_secret(property)
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSpec {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`.
    pub method: String,
    /// The path below the API's prefix, for example `/sys/notices/{pk}`. `{name}` matches one
    /// segment, a final `{*name}` the rest.
    pub path: String,
    /// Who may call it.
    pub access: Access,
    /// One line for people.
    #[serde(default)]
    pub summary: String,
}

/// Who may call a route. The host decides it before the plugin sees the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody, logged in or not.
    Public,
    /// Every logged-in user.
    #[default]
    Authenticated,
    /// Users whose roles grant this code, and super-users.
    Permission(String),
}

/// One step of the plugin's schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationSpec {
    /// The number before the first `_` of the file's name; ascending, no gaps needed.
    pub version: i64,
    /// The rest of the file's name.
    pub name: String,
    /// SQL that serves both databases (`NNNN_name.up.sql`).
    pub up: String,
    /// SQL that takes `up` back (`NNNN_name.down.sql`).
    #[serde(default)]
    pub down: Option<String>,
    /// In place of `up` on PostgreSQL (`NNNN_name.postgres.up.sql`).
    #[serde(default)]
    pub up_postgres: Option<String>,
    /// In place of `down` on PostgreSQL (`NNNN_name.postgres.down.sql`).
    #[serde(default)]
    pub down_postgres: Option<String>,
}

/// What a menu entry is. The numbers are those of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MenuKind {
    /// A folder of entries (0).
    Directory,
    /// A page (1).
    #[default]
    Page,
    /// A button on a page; never shown in the sidebar, carries a permission (2).
    Button,
    /// A page of somebody else in a frame (3).
    Embedded,
    /// A link that opens elsewhere (4).
    Link,
}

/// One entry of the menu, with the entries below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// Unique in the whole application.
    pub name: String,
    /// Text, or a key of the console's language files.
    pub title: String,
    /// The kind of entry.
    pub kind: MenuKind,
    /// The page's path in the browser, absolute. None for a button.
    #[serde(default)]
    pub path: Option<String>,
    /// `name` of the entry below which this one stands; None at the top or inside `children`.
    #[serde(default)]
    pub parent: Option<String>,
    /// Ascending.
    #[serde(default)]
    pub sort: i32,
    /// An icon's name, or a URL.
    #[serde(default)]
    pub icon: Option<String>,
    /// The front end's component that shows the page.
    #[serde(default)]
    pub component: Option<String>,
    /// Permission codes that the entry grants, separated by commas.
    #[serde(default)]
    pub perms: Option<String>,
    /// The address, for [`MenuKind::Embedded`] and [`MenuKind::Link`].
    #[serde(default)]
    pub link: Option<String>,
    /// Not shown, but still routed in the browser.
    #[serde(default)]
    pub hidden: bool,
    /// The entries below.
    #[serde(default)]
    pub children: Vec<Menu>,
}

/// A permission code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// For example `sys:notice:add`.
    pub code: String,
    /// One line for people.
    pub title: String,
}

/// A setting of the plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// `snake_case`, unique in the plugin.
    pub key: String,
    /// One line for people.
    pub title: String,
    /// Used while nothing is stored. Its JSON type is the setting's type.
    pub default: serde_json::Value,
    /// Never shown or logged.
    #[serde(default)]
    pub secret: bool,
}

/// Work that is done by a timetable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// `snake_case`, unique in the plugin.
    pub name: String,
    /// Five fields as of crontab(5), then the name of a time zone, if it is not the server's.
    pub schedule: String,
    /// One line for people.
    pub title: String,
}

/// An event that the plugin handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerSpec {
    /// `<plugin>.<name>`, unique in the plugin.
    pub event: String,
}

/// What other plugins may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// `snake_case`, unique in the plugin.
    pub name: String,
}

/// A table whose rows an administrator's data rules narrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataModel {
    /// Its name in rules, unique in the whole application; by custom in `PascalCase`.
    pub name: String,
    /// Its name in the database, in `snake_case`.
    pub table: String,
    /// What rules may compare. Leave out what nobody should find out by trying.
    #[serde(default)]
    pub columns: Vec<DataColumn>,
    /// The column with the id of the department that a row belongs to.
    #[serde(default)]
    pub dept: Option<String>,
    /// The column with the id of the user who created a row.
    #[serde(default)]
    pub creator: Option<String>,
}

/// A column that data rules may compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataColumn {
    /// Its name, in rules and in the database, in `snake_case`.
    pub name: String,
    /// A title for people, in English.
    pub english: String,
    /// The same in Chinese.
    pub chinese: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds, and so what rules may compare it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
    /// Truth values.
    Boolean,
    /// Unix milliseconds.
    Time,
}
