//! `config`: the settings in effect, secrets hidden; and how every command reads them.

use serde_json::Value;

use super::{Context, arguments::Place, error::CliError};
use crate::config::{Config, ConfigError};

/// Reads the layers: built-in, the file that was named, the environment.
pub(super) fn load(place: &Place) -> Result<Config, ConfigError> {
    // A variable that is not text cannot be one of ours.
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.into_string().ok()?))
    });
    Config::load(place.config.as_deref(), variables)
}

pub(super) fn run(context: &Context) -> Result<(), CliError> {
    let effective = load(&context.place)?.effective();
    context.output.answer(&effective, || lines(&effective))?;
    Ok(())
}

/// One line for each key, as `--config` files and `APP__SECTION__KEY` name it.
fn lines(settings: &Value) -> String {
    let mut text = String::new();
    add_lines(&mut text, "", settings);
    text
}

fn add_lines(text: &mut String, key: &str, value: &Value) {
    let Value::Object(fields) = value else {
        text.push_str(&format!("{key} = {value}\n"));
        return;
    };
    for (name, value) in fields {
        let key = match key {
            "" => name.clone(),
            above => format!("{above}.{name}"),
        };
        add_lines(text, &key, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_lines_with_whole_keys() {
        let text = lines(&json!({"server": {"port": 8000, "cors_origins": ["a"]}, "a": {}}));
        assert_eq!(text, "server.port = 8000\nserver.cors_origins = [\"a\"]\n");
    }
}
