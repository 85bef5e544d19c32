//! The configuration for people to look at: no secret is in it.

use super::Config;
use serde_json::Value;

/// Put in a secret's place.
const HIDDEN: &str = "********";

/// Keys whose whole value is secret.
const SECRETS: [&str; 2] = ["admin.password", "auth.jwt_secret"];
/// Keys that hold an address in which a password may be.
const ADDRESSES: [&str; 2] = ["database.url", "redis.url"];

/// Whether a key's value must never be shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key) || ADDRESSES.contains(&key)
}

/// The configuration as JSON, with secrets hidden. Settings of plugins are hidden too: which of
/// them are secret only the plugin knows.
pub(super) fn redact(config: &Config) -> Value {
    let mut all = serde_json::to_value(config).unwrap_or(Value::Null);
    for key in SECRETS {
        if let Some(value) = at(&mut all, key)
            && value.as_str() != Some("")
        {
            *value = Value::from(HIDDEN);
        }
    }
    for key in ADDRESSES {
        if let Some(value) = at(&mut all, key) {
            *value = Value::from(without_password(value.as_str().unwrap_or_default()));
        }
    }
    for (id, settings) in &config.plugins.settings {
        for key in settings.keys() {
            all["plugins"][id][key] = Value::from(HIDDEN);
        }
    }
    all
}

fn at<'a>(all: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    let (section, key) = key.split_once('.')?;
    all.get_mut(section)?.get_mut(key)
}

/// `scheme://user:password@host/…` with the password hidden; also `?password=…`.
fn without_password(address: &str) -> String {
    let (address, query) = match address.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (address, None),
    };
    let mut shown = match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", without_credentials(rest)),
        None => address.to_owned(),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(without_password_pair).collect();
        shown.push('?');
        shown.push_str(&pairs.join("&"));
    }
    shown
}

fn without_credentials(rest: &str) -> String {
    // The last @: a password may hold one that was not escaped.
    let Some((credentials, host)) = rest.rsplit_once('@') else {
        return rest.to_owned();
    };
    let user = credentials.split(':').next().unwrap_or_default();
    if user.len() == credentials.len() { format!("{user}@{host}") } else { format!("{user}:{HIDDEN}@{host}") }
}

fn without_password_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    }
}
