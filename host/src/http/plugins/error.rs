//! What a refused or failed operation is in HTTP.

use super::settings;
use crate::http::{ApiError, Message};
use crate::plugin::OperationError;
use crate::store::{BundleError, StagingError};
use poem::http::StatusCode;

/// No such plugin is installed.
const UNKNOWN_ZH: &str = "插件不存在";
/// Another one, or the same, is installed.
const INSTALLED_ZH: &str = "此插件已安装";
/// The file is no zip.
const NOT_A_ZIP_ZH: &str = "插件压缩包格式非法";
/// A file that every bundle has is missing.
const MISSING_ZH: &str = "插件压缩包内缺少必要文件";
/// The fault is this server's own.
const FAILED: Message = Message::fixed("the server failed to do it; its log says why", "插件操作失败，请稍后重试");

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        if let OperationError::Settings { faults, .. } = &error {
            return settings::invalid(faults);
        }
        let message = Message::new(error.chain(), chinese(&error));
        match status(&error) {
            StatusCode::INTERNAL_SERVER_ERROR => Self::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED).with_cause(error),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(message, 1),
            status => Self::new(status, message),
        }
    }
}

/// The fault of a bundle is 400, of the moment 409, of this server 500.
fn status(error: &OperationError) -> StatusCode {
    use OperationError as E;
    match error {
        E::Unknown { .. } | E::NoPlan { .. } | E::NoSnapshot { .. } | E::NoJob { .. } => StatusCode::NOT_FOUND,
        E::Settings { .. } | E::SettingsRefused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        E::Staging(StagingError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        E::AlreadyInstalled { .. }
        | E::OtherBytes { .. }
        | E::OtherVersion { .. }
        | E::NoPrevious { .. }
        | E::Outdated { .. }
        | E::NotKept { .. }
        | E::NotQuarantined { .. }
        | E::SafeMode { .. }
        | E::Dependency(_)
        | E::Contracts { .. }
        | E::Unproven { .. }
        | E::CapabilitiesAdded { .. }
        | E::JobRuns { .. }
        | E::NoJobsNow { .. }
        | E::SnapshotElsewhere { .. }
        | E::Conflict(_) => StatusCode::CONFLICT,
        E::Bundle(BundleError::Io(_))
        | E::Staging(_)
        | E::Store(_)
        | E::Database(_)
        | E::Row(_)
        | E::Step { .. }
        | E::Snapshot { .. }
        | E::NoBundle { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        E::ShuttingDown | E::Turn(_) | E::Overtaken => StatusCode::SERVICE_UNAVAILABLE,
        E::Bundle(_)
        | E::Required { .. }
        | E::Manifest(_)
        | E::WrongDatabase { .. }
        | E::Preflight { .. }
        | E::Disagree { .. }
        | E::Contribution { .. }
        | E::Unasked { .. }
        | E::Page(_)
        | E::Id(_)
        | E::OtherPlugin { .. }
        | E::Load { .. }
        | E::Start { .. }
        | E::Migrate { .. }
        | E::Migrations { .. }
        | E::Setting(_) => StatusCode::BAD_REQUEST,
    }
}

/// The words of the contract where it has some; the rest names the fault as far as values go.
fn chinese(error: &OperationError) -> String {
    use OperationError as E;
    match error {
        E::Unknown { nearest: None, .. } => UNKNOWN_ZH.to_owned(),
        E::Unknown { nearest: Some(nearest), .. } => format!("{UNKNOWN_ZH}，您是否要找 {nearest}？"),
        E::AlreadyInstalled { .. } => INSTALLED_ZH.to_owned(),
        E::OtherBytes { version, installed, offered, .. } => {
            format!(
                "{INSTALLED_ZH}：版本 {version} 的内容不同，已安装 sha256 {installed}，上传 sha256 {offered}，请更换版本号"
            )
        }
        E::OtherVersion { installed, offered, .. } => {
            format!("{INSTALLED_ZH}：当前版本为 {installed}，如需安装 {offered} 请使用升级")
        }
        E::OtherPlugin { asked, found } => format!("插件包属于 {found}，而不是 {asked}"),
        E::Unproven { id, version, .. } => {
            format!("插件 {id} 的数据表无法还原到版本 {version} 的结构，请保留现有数据表进行回滚")
        }
        E::NoPlan { .. } => "变更计划不存在或已过期，请重新生成".to_owned(),
        E::Outdated { differences, .. } => {
            format!("变更计划已失效（{} 已变化），请重新生成", differences.join("、"))
        }
        E::Step { step, reason } => format!("步骤 {step} 失败：{reason}"),
        E::NoPrevious { id, version } => format!("插件 {id} {version} 没有可回滚的版本"),
        E::NotKept { id, version, kept } => {
            let kept = kept.iter().map(ToString::to_string).collect::<Vec<_>>().join("、");
            format!("插件 {id} 未保留版本 {version}，可回滚的版本：{kept}")
        }
        E::NotQuarantined { id } => format!("插件 {id} 未被隔离，无需解除"),
        E::SafeMode { .. } => {
            "服务正以安全模式运行，不加载任何插件代码：请去掉 --safe-mode 并设置 plugins.safe_mode = false 后重新启动；当前仍可停用、卸载和解除隔离"
                .to_owned()
        }
        E::Dependency(refusal) => super::dependency::chinese(refusal),
        E::Required { id } => format!("插件 {id} 为必需插件（配置项 plugins.required），禁止停用或卸载"),
        E::Conflict(conflict) => format!("插件冲突：{conflict}"),
        E::Bundle(fault) => bundle_in_chinese(fault),
        E::Manifest(fault) => format!("插件清单非法：{fault}"),
        E::Staging(StagingError::TooLarge { bytes_max }) => format!("插件压缩包超过 {bytes_max} 字节"),
        E::WrongDatabase { id, database, .. } => format!("插件 {id} 不支持当前数据库 {database}"),
        E::Preflight { id, .. } => format!("插件 {id} 未通过预检：{}", error.chain()),
        E::Unasked { id, version, what, capability } => {
            format!("插件 {id} {version} 提供了 {what}，但 plugin.toml 未申请，请在 [capabilities] 中加入 {capability} = true")
        }
        E::NoJob { .. } | E::JobRuns { .. } | E::NoJobsNow { .. } => job_in_chinese(error),
        E::Disagree { .. } | E::Contribution { .. } | E::Page(_) | E::Id(_) => format!("插件内容非法：{}", error.chain()),
        E::Load { id, .. } | E::Start { id, .. } => format!("插件 {id} 启动失败：{}", error.chain()),
        E::Migrate { id, .. } => format!("插件 {id} 数据库迁移失败：{}", error.chain()),
        E::Contracts { id, serving, .. } => {
            format!(
                "插件 {id} 的数据库迁移会影响正在运行的版本 {serving}，请先停用插件，或使用先排空再升级（drain=true）：{error}"
            )
        }
        E::SnapshotElsewhere { id, number, file } => {
            format!("插件 {id} 的快照 {number} 不在本服务器上，请在创建它的服务器上还原，或找回文件 {file}")
        }
        E::NoSnapshot { id, number } => format!("插件 {id} 没有快照 {number}"),
        E::Migrations { id, .. } => format!("插件 {id} 的数据库迁移被拒绝：{error}"),
        E::CapabilitiesAdded { id, version, added } => {
            let added = added.iter().map(ToString::to_string).collect::<Vec<_>>().join("、");
            format!("插件 {id} {version} 请求了尚未授权的能力：{added}，如需授权请以 accept_capabilities=true 升级")
        }
        E::Settings { .. } => format!("插件设置非法：{}", error.chain()),
        E::SettingsRefused { id, source, .. } => format!("插件 {id} 未接受设置，未作更改：{source}"),
        E::Setting(fault) => format!("插件设置非法：{fault}"),
        E::ShuttingDown => "服务正在关闭".to_owned(),
        E::Turn(_) | E::Overtaken => "其他节点正在变更插件，请稍后重试".to_owned(),
        E::Staging(_) | E::Store(_) | E::Database(_) | E::Row(_) | E::Snapshot { .. } | E::NoBundle { .. } => {
            "插件操作失败，请稍后重试".to_owned()
        }
    }
}

fn bundle_in_chinese(fault: &BundleError) -> String {
    match fault {
        BundleError::NotAZip => NOT_A_ZIP_ZH.to_owned(),
        BundleError::Empty => "插件压缩包内容为空".to_owned(),
        BundleError::Missing { name } => format!("{MISSING_ZH}：{name}"),
        BundleError::WrongTarget { wanted, .. } => format!("插件压缩包内缺少适用于 {wanted} 的动态库"),
        fault => format!("{NOT_A_ZIP_ZH}：{fault}"),
    }
}

/// Of the refusals that are about jobs.
fn job_in_chinese(error: &OperationError) -> String {
    match error {
        OperationError::NoJob { id, version, name, known } => {
            format!("插件 {id} {version} 没有任务 {name}，已有任务：{}", known.join("、"))
        }
        OperationError::JobRuns { id, name } => format!("插件 {id} 的任务 {name} 正在运行，请等待其结束"),
        OperationError::NoJobsNow { id } => format!("插件 {id} 当前不运行任务：需启用插件并授予 jobs 能力"),
        other => other.to_string(),
    }
}
