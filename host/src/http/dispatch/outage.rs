//! Why a plugin's route is not served, for whoever has asked for it.

use crate::http::{ApiError, Message};
use crate::plugin::{PluginId, PluginStatus, Plugins, Quarantine};
use poem::http::StatusCode;
use serde_json::json;

/// The code in the body for a plugin that the host has taken out.
const QUARANTINED_CODE: i32 = 50301;
/// The code in the body while no plugin is loaded.
const SAFE_MODE_CODE: i32 = 50302;

/// The refusal for a route of `plugin`, which does not serve: 503 where it should, 404 where it should not.
pub(super) fn of(plugin: &PluginId, plugins: &Plugins) -> ApiError {
    let Some(status) = plugins.get(plugin) else { return disabled(plugin) };
    match &status.guard.quarantine {
        _ if status.is_held_back() => safe_mode(plugin),
        Some(quarantine) if is_out(status) => quarantined(plugin, quarantine),
        _ => disabled(plugin),
    }
}

fn is_out(status: &PluginStatus) -> bool {
    status.observed == crate::plugin::Observed::Quarantined
}

/// Nobody knows when somebody will release it, so there is no `Retry-After`. The plugin's own words stay with the
/// administrators.
fn quarantined(plugin: &PluginId, quarantine: &Quarantine) -> ApiError {
    let (english, chinese) = (quarantine.summary(), quarantine.summary_zh());
    let message = Message::new(
        format!("plugin {plugin} was taken out of service: {english}; ask an administrator"),
        format!("插件 {plugin} 已被隔离：{chinese}，请联系系统管理员"),
    );
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
        .with_code(QUARANTINED_CODE)
        .with_payload(json!({"plugin": plugin, "reason": english}))
}

fn safe_mode(plugin: &PluginId) -> ApiError {
    let message = Message::new(
        format!("plugin {plugin} does not serve while the server runs in safe mode; ask an administrator"),
        format!("服务正以安全模式运行，插件 {plugin} 未加载，请联系系统管理员"),
    );
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
        .with_code(SAFE_MODE_CODE)
        .with_payload(json!({"plugin": plugin, "reason": "safe mode"}))
}

fn disabled(plugin: &PluginId) -> ApiError {
    ApiError::not_found(Message::new(
        format!("plugin {plugin} is disabled; ask an administrator"),
        format!("插件 {plugin} 未启用，请联系系统管理员"),
    ))
}
