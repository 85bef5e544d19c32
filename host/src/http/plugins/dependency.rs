//! What plugins need of each other, as the fuller routes show it, and refusals about it in Chinese.

use crate::plugin::dependencies::{Clash, DependencyError, Dependent, Found, wanted};
use crate::plugin::{Dependency, Manifest, Observed, PluginId, PluginStatus, SupervisorHandle};
use poem_openapi::Object;
use std::sync::Arc;

/// What a plugin needs of another one.
#[derive(Debug, Clone, Object)]
pub struct DependencyDto {
    /// The other one.
    pub id: String,
    /// The versions that will do, as a range.
    pub version: String,
    /// Whether it can do without.
    pub optional: bool,
    /// The version that is installed.
    pub installed: Option<String>,
    /// Whether that one serves and will do.
    pub met: bool,
}

/// A plugin that needs another one.
#[derive(Debug, Clone, Object)]
pub struct DependentDto {
    /// Its id.
    pub id: String,
    /// The versions that will do for it, as a range.
    pub version: String,
    /// Whether it can do without.
    pub optional: bool,
    /// Whether it serves.
    pub enabled: bool,
}

/// What a plugin needs.
pub(super) fn dependencies(manifest: &Manifest, supervisor: &SupervisorHandle) -> Vec<DependencyDto> {
    let dto = |(id, dependency): (PluginId, Dependency)| {
        let there = supervisor.installed(&id).ok();
        let will_do = |status: &PluginStatus| {
            status.observed == Observed::Enabled && dependency.version.matches(status.version())
        };
        DependencyDto {
            id: id.to_string(),
            version: dependency.version.to_string(),
            optional: dependency.optional,
            met: there.as_deref().is_some_and(will_do),
            installed: there.map(|status| status.version().to_string()),
        }
    };
    manifest.all_dependencies().into_iter().map(dto).collect()
}

/// Who needs a plugin.
pub(super) fn dependents(id: &PluginId, supervisor: &SupervisorHandle) -> Vec<DependentDto> {
    let dto = |status: Arc<PluginStatus>| {
        let dependency = status.release.manifest.all_dependencies().remove(id)?;
        Some(DependentDto {
            id: status.id().to_string(),
            version: dependency.version.to_string(),
            optional: dependency.optional,
            enabled: status.observed == Observed::Enabled,
        })
    };
    supervisor.list().into_iter().filter_map(dto).collect()
}

/// What a refusal says.
pub(super) fn chinese(refusal: &DependencyError) -> String {
    match refusal {
        DependencyError::Unmet(clashes) => clashes.iter().map(clash).collect::<Vec<_>>().join("；"),
        DependencyError::Cycle(cycle) => {
            let cycle: Vec<&str> = cycle.iter().map(PluginId::as_str).collect();
            format!("插件循环依赖：{}，请将其中一个依赖改为可选（optional = true）", cycle.join(" -> "))
        }
        DependencyError::NeededBy { id, version, by } => {
            format!("插件 {id} {version} 被以下插件依赖，请先停用或使用级联操作：{}", listed(by))
        }
        DependencyError::NeededByRequired { id, by } => {
            format!("插件 {id} 被必需插件 {by} 依赖（配置项 plugins.required），禁止停用或卸载，可以升级")
        }
    }
}

fn clash(clash: &Clash) -> String {
    match clash {
        Clash::Needs { id, version, on, range, found } => {
            let needs = format!("插件 {id} {version} 依赖 {}", wanted(on, range));
            match found {
                Found::Nothing => format!("{needs}，但其未安装，请先安装 {}", wanted(on, range)),
                Found::Off(there) => format!("{needs}，但 {on} {there} 未启用，请先启用 {on}"),
                Found::Other { version: there, previous: Some(previous) } => {
                    format!("{needs}，但当前安装的是 {on} {there}，请先将其回滚到 {previous}")
                }
                Found::Other { version: there, previous: None } => {
                    format!(
                        "{needs}，但当前安装的是 {on} {there}，请先将 {on} 变更为 {range} 范围内的版本，或使用兼容 {on} {there} 的 {id}"
                    )
                }
            }
        }
        Clash::Needed { id, version, by, by_version, range } => {
            format!(
                "插件 {by} {by_version} 依赖 {id} {range}，与 {id} {version} 不兼容，请使用 {range} 范围内的 {id}，或先升级或停用 {by}"
            )
        }
        Clash::Abi { id, version, range, offered } => {
            format!("插件 {id} {version} 需要 ABI {range}，当前服务提供 ABI {}.{}", offered.major, offered.minor)
        }
    }
}

fn listed(by: &[Dependent]) -> String {
    let one = |dependent: &Dependent| {
        format!("{} {}（依赖 {}）", dependent.id, dependent.version, wanted(&dependent.on, &dependent.range))
    };
    by.iter().map(one).collect::<Vec<_>>().join("、")
}
