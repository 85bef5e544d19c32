//! `plugin settings`: shown, set and taken back.

use serde_json::{Map, Value};

use super::{MissingData, connect, finish};
use crate::cli::{
    Context,
    admin::Admin,
    arguments::{SettingsOf, SettingsOrder},
    error::CliError,
    output::table,
};
use crate::plugin::PluginId;

pub(super) async fn run(order: &SettingsOf, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let settings = finish(answer(order, admin.as_ref()).await, admin).await?;
    context.output.answer(&settings, || text(&settings))?;
    Ok(())
}

async fn answer(order: &SettingsOf, admin: &dyn Admin) -> Result<Value, CliError> {
    match &order.order {
        None | Some(SettingsOrder::Get) => admin.settings(&order.id).await,
        Some(SettingsOrder::Set { values }) => admin.configure(&order.id, asked(values, &order.id, admin).await?).await,
        Some(SettingsOrder::Unset { keys }) => {
            admin.configure(&order.id, keys.iter().map(|key| (key.clone(), Value::Null)).collect()).await
        }
    }
}

/// What the schema wants as a text is one, whatever it looks like.
async fn asked(values: &[String], id: &PluginId, admin: &dyn Admin) -> Result<Map<String, Value>, CliError> {
    let schema = admin.settings(id).await?["schema"].take();
    let mut changes = Map::new();
    for value in values {
        let Some((key, text)) = value.split_once('=') else {
            return Err(CliError::Usage(format!("{value:?} should be KEY=VALUE, for example page_size=50")));
        };
        let is_text = schema["properties"][key]["type"] == "string";
        let json = serde_json::from_str(text).ok().filter(|_| !is_text);
        changes.insert(key.to_owned(), json.unwrap_or_else(|| Value::from(text)));
    }
    Ok(changes)
}

fn text(settings: &Value) -> String {
    let Some(values) = settings["values"].as_object().filter(|values| !values.is_empty()) else {
        return "the plugin has no settings".to_owned();
    };
    let row = |(key, value): (&String, &Value)| {
        let property = &settings["schema"]["properties"][key];
        let about = property["title"].as_str().or_else(|| property["description"].as_str()).unwrap_or_default();
        let shown = match (property["x-secret"] == true, settings["set"][key] == true) {
            (true, true) => "(set)".to_owned(),
            (true, false) => "(not set)".to_owned(),
            (false, _) => value.to_string(),
        };
        vec![key.clone(), shown, settings["origin"][key].as_str().unwrap_or_default().to_owned(), about.to_owned()]
    };
    table(&["KEY", "VALUE", "FROM", "ABOUT"], &values.iter().map(row).collect::<Vec<_>>())
}
