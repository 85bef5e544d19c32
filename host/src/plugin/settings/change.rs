//! A change of settings, before it is made.

use super::Configured;
use super::declared::Declared;
use super::effective::{Effective, gather};
use super::stored::Stored;
use crate::plugin::id::PluginId;
use serde_json::{Map, Value};
use std::fmt;

/// What is wrong with one setting. No value is in it: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting.
    pub key: String,
    /// The way to the value inside it.
    pub path: Vec<String>,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What would be accepted, in English.
    pub english: String,
    /// The same in Chinese.
    pub chinese: String,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// There is no such setting.
    Unknown,
    /// The operator's configuration has it.
    Locked,
    /// It has to be set.
    Missing,
    /// Its value does not fit.
    Wrong,
}

/// A change that the declaration allows.
#[derive(Debug)]
pub(in crate::plugin) struct Change {
    /// Key and value; None takes a value away.
    pub(in crate::plugin) writes: Vec<(String, Option<Value>)>,
    /// What holds before.
    pub(in crate::plugin) before: Effective,
    /// What holds then.
    pub(in crate::plugin) next: Effective,
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plugin) enum Completeness {
    /// A plugin runs with it.
    Whole,
    /// More may be set before the plugin is started.
    Partial,
}

/// What `asked` comes to: null takes a value away.
///
/// # Errors
/// Every fault.
pub(in crate::plugin) fn change(
    id: &PluginId,
    declared: &Declared,
    (mut stored, configured): (Stored, &Configured),
    asked: Map<String, Value>,
    completeness: Completeness,
) -> Result<Change, Vec<SettingFault>> {
    let locked = |key: &String| configured.get(id.as_str()).is_some_and(|values| values.contains_key(key));
    let before = gather(id, declared, &stored, configured);
    let mut faults = Vec::new();
    let mut writes = Vec::with_capacity(asked.len());
    for (key, value) in asked {
        if declared.field(&key).is_none() {
            faults.push(unknown(id, declared, key));
        } else if locked(&key) {
            faults.push(is_locked(id, key));
        } else {
            let value = Some(value).filter(|value| !value.is_null());
            match &value {
                Some(value) => stored.insert(key.clone(), Some(value.clone())),
                None => stored.remove(&key),
            };
            writes.push((key, value));
        }
    }
    let next = gather(id, declared, &stored, configured);
    faults.extend(next.unreadable.iter().map(|key| unreadable(key)));
    let misfits = declared.misfits(&next.values).into_iter();
    let misfits = misfits.filter(|misfit| !misfit.missing || completeness == Completeness::Whole);
    let misfits = misfits.filter(|misfit| !next.unreadable.contains(&misfit.key));
    faults.extend(misfits.map(|misfit| SettingFault {
        key: misfit.key,
        path: misfit.path,
        kind: if misfit.missing { FaultKind::Missing } else { FaultKind::Wrong },
        english: format!("must be {}", misfit.accepted.english),
        chinese: format!("应为{}", misfit.accepted.chinese),
    }));
    if faults.is_empty() { Ok(Change { writes, before, next }) } else { Err(faults) }
}

fn unknown(id: &PluginId, declared: &Declared, key: String) -> SettingFault {
    let known = declared.fields().iter().map(|field| field.key.as_str()).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none".to_owned() } else { known };
    SettingFault {
        english: format!("is no setting of plugin {id}; there are: {known}"),
        chinese: format!("不是插件 {id} 的设置，可用：{known}"),
        key,
        path: Vec::new(),
        kind: FaultKind::Unknown,
    }
}

fn is_locked(id: &PluginId, key: String) -> SettingFault {
    SettingFault {
        english: format!("is set by the configuration (plugins.{id}.{key}) and can only be changed there"),
        chinese: format!("由服务器配置 plugins.{id}.{key} 指定，只能在配置中修改"),
        key,
        path: Vec::new(),
        kind: FaultKind::Locked,
    }
}

fn unreadable(key: &str) -> SettingFault {
    SettingFault {
        key: key.to_owned(),
        path: Vec::new(),
        kind: FaultKind::Missing,
        english: "can't be decrypted, since it was stored under another secret of the server; set it again".to_owned(),
        chinese: "无法解密（服务器密钥已更换），请重新设置".to_owned(),
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = std::iter::once(&self.key).chain(&self.path).map(String::as_str).collect::<Vec<_>>().join(".");
        write!(formatter, "{place} {}", self.english)
    }
}
