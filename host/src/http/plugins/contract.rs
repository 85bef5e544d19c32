//! `/sys/plugins`: the routes of the contract. Their effects are immediate.

use super::descriptor::descriptor;
use super::download::Download;
use super::in_name_of;
use super::upload::BundleUpload;
use crate::http::{Answer, ApiError, Message, SuperCaller};
use crate::plugin::{AfterInstall, Data, Dependents, Observed, SupervisorHandle};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Enum, OpenApi};
use serde_json::Value;

/// `/sys/plugins`
pub struct ContractPluginsApi {
    supervisor: SupervisorHandle,
}

/// Where a plugin is installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub(super) enum Source {
    /// From an uploaded bundle.
    Zip,
    /// From a repository: known to clients, not offered here.
    Git,
}

impl ContractPluginsApi {
    /// The routes over `supervisor`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle) -> Self {
        Self { supervisor }
    }
}

#[OpenApi(prefix_path = "/sys/plugins", tag = "crate::http::plugins::model::Tag::Plugins")]
impl ContractPluginsApi {
    /// List the installed plugins
    #[oai(path = "/", method = "get")]
    async fn list(&self, _caller: SuperCaller) -> Result<Answer<Vec<Value>>, ApiError> {
        Ok(Answer::of(self.supervisor.list().iter().map(|status| descriptor(status)).collect()))
    }

    /// Say whether a restart is needed: never
    #[oai(path = "/changed", method = "get")]
    async fn changed(&self, _caller: SuperCaller) -> Result<Answer<bool>, ApiError> {
        Ok(Answer::of(false))
    }

    /// Install a plugin and enable it
    #[oai(path = "/", method = "post")]
    async fn install(
        &self,
        caller: SuperCaller,
        #[oai(name = "type")] source: Query<Source>,
        repo_url: Query<Option<String>>,
        upload: BundleUpload,
    ) -> Result<Answer<Value>, ApiError> {
        if source.0 == Source::Git {
            return Err(refuse_git(repo_url.0.as_deref()));
        }
        let staged = upload.receive(&self.supervisor).await?;
        let status = in_name_of(&caller, &self.supervisor).install(staged, AfterInstall::Enable).await?;
        let id = status.id();
        Ok(Answer::done().with_message(Message::new(
            format!("plugin {id} is installed and enabled; its README.md says how to configure it"),
            format!("插件 {id} 安装成功，请根据插件说明（README.md）进行相关配置"),
        )))
    }

    /// Uninstall a plugin; its data is kept
    #[oai(path = "/:plugin", method = "delete")]
    async fn uninstall(&self, caller: SuperCaller, plugin: Path<String>) -> Result<Answer<Value>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        in_name_of(&caller, &self.supervisor).uninstall(&id, Data::Keep, Dependents::Keep).await?;
        Ok(Answer::done().with_message(Message::new(
            format!("plugin {id} is uninstalled; its README.md says which configuration can go"),
            format!("插件 {id} 卸载成功，请根据插件说明（README.md）移除相关配置"),
        )))
    }

    /// Enable a disabled plugin, disable an enabled one
    #[oai(path = "/:plugin/status", method = "put")]
    async fn toggle(&self, caller: SuperCaller, plugin: Path<String>) -> Result<Answer<Value>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        match self.supervisor.installed(&id)?.observed {
            Observed::Enabled => in_name_of(&caller, &self.supervisor).disable(&id, Dependents::Keep).await?,
            Observed::Disabled | Observed::Failed | Observed::Quarantined => {
                in_name_of(&caller, &self.supervisor).enable(&id).await?
            }
        };
        Ok(Answer::done())
    }

    /// Download the bundle of the installed version
    #[oai(path = "/:plugin", method = "get")]
    async fn download(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Download, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        Download::of(&*self.supervisor.installed(&id)?, &self.supervisor).await
    }
}

fn refuse_git(repo_url: Option<&str>) -> ApiError {
    let repo_url = repo_url.unwrap_or_default().trim();
    ApiError::bad_request(if repo_url.is_empty() {
        Message::fixed("the repository's address is missing", "Git 仓库地址不能为空")
    } else if !repo_url.starts_with("http://") && !repo_url.starts_with("https://") {
        Message::fixed(
            "the repository's address must begin with http:// or https://",
            "Git 仓库地址格式非法，仅支持 HTTP/HTTPS 协议",
        )
    } else {
        Message::fixed(
            "plugins are not installed from repositories: upload a bundle (type=zip)",
            "不支持从 Git 仓库安装插件，请上传 ZIP 压缩包（type=zip）",
        )
    })
}
