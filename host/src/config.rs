//! The configuration: `config/default.toml`, then a file, then the environment.
//!
//! Invariant: a key exists if and only if it is in `config/default.toml`; everything else is
//! refused with its place and the nearest key that exists.

mod effective;
mod error;
mod layers;
mod plugins;

pub use error::ConfigError;
pub use layers::Origin;
pub use plugins::{Plugins, Unload};

use crate::db::PART_MAX;
use crate::http::Language;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The lowest layer, complete and commented.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Fewest characters of a configured signing secret: HS256 wants 32 bytes (RFC 7518, 3.2).
const SECRET_CHARACTERS_MIN: usize = 32;

/// Most characters that a password may be allowed: logins take no longer ones.
const PASSWORD_CHARACTERS_MAX: u32 = 256;
/// Most former passwords that are remembered.
const PASSWORD_HISTORY_MAX: u32 = 24;

/// Everything an operator may turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Listening and answering.
    pub server: Server,
    /// Where rows are kept.
    pub database: Database,
    /// The keys of new rows.
    pub ids: Ids,
    /// Where several nodes meet.
    pub redis: Redis,
    /// The first administrator.
    pub admin: Admin,
    /// Tokens.
    pub auth: Auth,
    /// How users log in.
    pub login: Login,
    /// Which passwords are taken.
    pub password: Password,
    /// How often one client may ask.
    pub limits: Limits,
    /// The web page.
    pub console: Console,
    /// How plugins are loaded and run.
    pub plugins: Plugins,
    /// Encryption of connections.
    pub tls: Tls,
    /// Where addresses are.
    pub location: Location,
    /// What is written for the operator.
    pub log: Log,
}

/// Listening and answering.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// The product's name.
    pub name: String,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 takes any.
    pub port: u16,
    /// IANA name of the zone of times in the API.
    pub time_zone: String,
    /// `zh-CN` or `en-US`.
    pub language: String,
    /// Whether `/docs` is there.
    pub docs: bool,
    /// Other origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// Origins that may show pages of this server in a frame, beside itself and `cors_origins`.
    pub frame_origins: Vec<String>,
    /// Proxies that are believed about the client's address.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether answers are compressed.
    pub compression: bool,
    /// How long requests may take to end at shutdown.
    pub shutdown_deadline_ms: u64,
    /// Whether everything that would change something is refused.
    pub demo: bool,
}

/// Where rows are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`, with `{data}` for the data directory.
    pub url: String,
}

/// The keys of new rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ids {
    /// Who makes them.
    pub kind: IdKind,
    /// The first part of this process' number.
    pub datacenter: u8,
    /// The second part of this process' number.
    pub worker: u8,
}

/// Who makes the keys of new rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdKind {
    /// The database.
    Autoincrement,
    /// Each process.
    Snowflake,
}

/// Where several nodes meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redis {
    /// Empty for a single node.
    pub url: String,
}

/// The first administrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Admin {
    /// Empty for a random one.
    pub password: String,
}

/// Tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Auth {
    /// Empty for one of the process' own making.
    pub jwt_secret: String,
    /// Life of an access token.
    pub access_token_seconds: u32,
    /// Life of a refresh token.
    pub refresh_token_seconds: u32,
    /// Of the refresh token; empty for one made of the product's name.
    pub cookie_name: String,
}

/// How users log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// Whether a captcha is asked for.
    pub captcha: bool,
    /// Failures that lock a user name; 0 never locks.
    pub lock_failures: u32,
    /// How long it is locked.
    pub lock_seconds: u32,
}

/// Which passwords are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Password {
    /// Fewest characters.
    pub min_length: u32,
    /// Most characters.
    pub max_length: u32,
    /// Whether a character is needed that is neither letter nor digit.
    pub require_special: bool,
    /// Former passwords that may not be taken again.
    pub history: u32,
    /// Life of a password; 0 for ever.
    pub expire_days: u32,
    /// How early its end is told.
    pub reminder_days: u32,
}

/// How often one client may ask; 0 is no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Logins.
    pub login_per_minute: u32,
    /// Captchas.
    pub captcha_per_half_minute: u32,
}

/// The web page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Console {
    /// Its directory; empty for the built-in page.
    pub dir: PathBuf,
}

/// Encryption of connections; both are empty for none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tls {
    /// A file in PEM form: the server's certificate and those that lead to its issuer.
    pub certificate: PathBuf,
    /// A file in PEM form with the certificate's private key.
    pub key: PathBuf,
}

/// Where addresses are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// A file in MMDB format; empty for none.
    pub database: PathBuf,
}

/// What is written for the operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// A level or directives.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
    /// Which requests the operation log has.
    pub operations: Operations,
}

/// Which requests the operation log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operations {
    /// Every request to the API.
    All,
    /// Those that may change something.
    Writes,
    /// None.
    None,
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

impl Config {
    /// Reads the layers: built-in, `file` if given, then `environment` (pairs of name and value,
    /// of which only `APP__…` count).
    ///
    /// # Errors
    /// [`ConfigError`], naming the key and where it was set.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = layers::Layers::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            layers.add_file(path, &text)?;
        }
        layers.add_environment(environment)?;
        let config = layers.finish()?;
        config.validate(&layers)?;
        Ok(config)
    }

    /// The configuration with secrets hidden, for people.
    pub fn effective(&self) -> serde_json::Value {
        effective::redact(self)
    }

    /// The database's address, with the data directory in its place.
    pub fn database_url(&self, data: &Path) -> String {
        self.database.url.replace("{data}", &data.to_string_lossy())
    }

    /// The name of the cookie with the refresh token: the configured one, or one made of the
    /// product's name in lower case, with `_` for what a cookie's name should not hold.
    pub fn cookie_name(&self) -> String {
        if !self.auth.cookie_name.is_empty() {
            return self.auth.cookie_name.clone();
        }
        let words: Vec<String> = self
            .server
            .name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .chain(["refresh_token".to_owned()])
            .collect();
        words.join("_")
    }

    /// What only a look at the whole value can refuse.
    fn validate(&self, layers: &layers::Layers) -> Result<(), ConfigError> {
        let wrong = |key: &str, expected: &str, found: &str| {
            Err(ConfigError::WrongValue {
                key: key.to_owned(),
                origin: layers.origin(key),
                expected: expected.to_owned(),
                found: found.to_owned(),
            })
        };
        let cookie = &self.auth.cookie_name;
        if !cookie.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return wrong("auth.cookie_name", "letters, digits, _ and -", &format!("{cookie:?}"));
        }
        let password = &self.password;
        if password.max_length > PASSWORD_CHARACTERS_MAX || password.max_length < password.min_length {
            let expected = format!("at least password.min_length and at most {PASSWORD_CHARACTERS_MAX}");
            return wrong("password.max_length", &expected, &password.max_length.to_string());
        }
        if password.history > PASSWORD_HISTORY_MAX {
            return wrong(
                "password.history",
                &format!("at most {PASSWORD_HISTORY_MAX}"),
                &password.history.to_string(),
            );
        }
        let secret = &self.auth.jwt_secret;
        if !secret.is_empty() && secret.chars().count() < SECRET_CHARACTERS_MIN {
            return wrong("auth.jwt_secret", "empty or at least 32 characters", "something shorter");
        }
        if jiff::tz::TimeZone::get(&self.server.time_zone).is_err() {
            return wrong("server.time_zone", "an IANA name such as Asia/Shanghai", &self.server.time_zone);
        }
        if Language::of_tag(&self.server.language).is_none() {
            return wrong("server.language", "zh-CN or en-US", &self.server.language);
        }
        if let Some(other) = self.server.frame_origins.iter().find(|origin| !is_origin(origin)) {
            return wrong("server.frame_origins", "origins such as https://portal.example.com", &format!("{other:?}"));
        }
        let url = &self.database.url;
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return wrong("database.url", "sqlite://… or postgres://…", "another address");
        }
        if let Err(error) = self.log.level.parse::<tracing_subscriber::EnvFilter>() {
            return wrong("log.level", "a level or directives", &format!("{:?} ({error})", self.log.level));
        }
        let console = &self.console.dir;
        if !console.as_os_str().is_empty() && !console.join("index.html").is_file() {
            return wrong("console.dir", "a directory with an index.html", &console.display().to_string());
        }
        let files = [
            ("tls.certificate", &self.tls.certificate, &self.tls.key, "a file, since tls.key is one"),
            ("tls.key", &self.tls.key, &self.tls.certificate, "a file, since tls.certificate is one"),
            ("location.database", &self.location.database, &PathBuf::new(), "a file in MMDB format"),
        ];
        for (key, file, other, expected) in files {
            let is_wanted = [file, other].iter().any(|path| !path.as_os_str().is_empty());
            if is_wanted && !file.is_file() {
                return wrong(key, expected, &format!("{:?}", file.display().to_string()));
            }
        }
        self.validate_numbers(layers)
    }

    fn validate_numbers(&self, layers: &layers::Layers) -> Result<(), ConfigError> {
        for (key, part) in [("ids.datacenter", self.ids.datacenter), ("ids.worker", self.ids.worker)] {
            if part > PART_MAX {
                return Err(ConfigError::WrongValue {
                    key: key.to_owned(),
                    origin: layers.origin(key),
                    expected: format!("at most {PART_MAX}"),
                    found: part.to_string(),
                });
            }
        }
        let positive = [
            ("server.shutdown_deadline_ms", self.server.shutdown_deadline_ms),
            ("auth.access_token_seconds", u64::from(self.auth.access_token_seconds)),
            ("auth.refresh_token_seconds", u64::from(self.auth.refresh_token_seconds)),
            ("login.lock_seconds", u64::from(self.login.lock_seconds)),
            ("password.min_length", u64::from(self.password.min_length)),
        ];
        match positive.into_iter().chain(self.plugins.positive()).find(|(_, value)| *value == 0) {
            None => Ok(()),
            Some((key, _)) => Err(ConfigError::WrongValue {
                key: (*key).to_owned(),
                origin: layers.origin(key),
                expected: "at least 1".to_owned(),
                found: "0".to_owned(),
            }),
        }
    }
}

/// Whether a policy of browsers may name it: a scheme, a host, `*.` before it for all below, perhaps a port.
fn is_origin(text: &str) -> bool {
    let host = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or_default();
    let host = host.strip_prefix("*.").unwrap_or(host);
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
}

impl Server {
    /// The language for clients that ask for none of ours.
    pub fn default_language(&self) -> Language {
        Language::of_tag(&self.language).unwrap_or_default()
    }

    /// The zone of times in the API.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// How long running requests may take to end at shutdown.
    pub fn shutdown_deadline(&self) -> Duration {
        Duration::from_millis(self.shutdown_deadline_ms)
    }
}

#[cfg(test)]
mod tests;
