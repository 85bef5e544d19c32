//! What of a plugin's own models its callers are permitted to see.
//!
//! The plugin says for whom it asks, and is not believed: the answer is for whom the host let in. That
//! is known only while the call runs, so a task that outlives its call gets a refusal, not an answer.

use super::id::PluginId;
use crate::loader::Asker;
use futures_util::future::BoxFuture;
use plugin_api::Permitted;
use plugin_api::db::{DbError, DbErrorKind};
use plugin_api::descriptor::DataModel;
use std::sync::Arc;

type Answer = BoxFuture<'static, Result<Permitted, DbError>>;

/// Decides what data rules permit. The core does.
pub trait DataPermissions: Send + Sync + 'static {
    /// What of the rows of `model` is permitted to `asker`, a user.
    fn permitted(&self, asker: Asker, model: Arc<DataModel>) -> BoxFuture<'static, Result<Permitted, DbError>>;
}

/// The models that one version of a plugin contributes, and who decides about them.
#[derive(Clone)]
pub struct OwnModels {
    id: PluginId,
    models: Vec<Arc<DataModel>>,
    permissions: Option<Arc<dyn DataPermissions>>,
}

impl OwnModels {
    /// The `models` of plugin `id`, about which `permissions` decides.
    #[must_use]
    pub fn new(id: PluginId, models: Vec<Arc<DataModel>>, permissions: Arc<dyn DataPermissions>) -> Self {
        Self { id, models, permissions: Some(permissions) }
    }

    /// No model of plugin `id`.
    #[must_use]
    pub fn none(id: PluginId) -> Self {
        Self { id, models: Vec::new(), permissions: None }
    }

    /// What of the rows of `model` is permitted to whoever asks in the call that is running on this
    /// thread. `user_id` is the plugin's word for who that is.
    pub(super) fn permitted(&self, user_id: i64, model: &str) -> Answer {
        let refused = |refusal| ready(Err(DbError::new(DbErrorKind::Refused, refusal)));
        self.asked(user_id, model).unwrap_or_else(refused)
    }

    fn asked(&self, user_id: i64, model: &str) -> Result<Answer, String> {
        let (model, permissions) = self.known(model)?;
        let asker = self.asker(user_id, model)?;
        if asker.user_id == 0 {
            return Ok(ready(Ok(Permitted::nothing())));
        }
        Ok(permissions.permitted(asker, Arc::clone(model)))
    }

    fn known(&self, name: &str) -> Result<(&Arc<DataModel>, &dyn DataPermissions), String> {
        let model = self.models.iter().find(|model| model.name == name);
        model
            .zip(self.permissions.as_deref())
            .ok_or_else(|| format!("plugin {} contributes no model {name:?}", self.id))
    }

    fn asker(&self, user_id: i64, model: &DataModel) -> Result<Asker, String> {
        let refusal = |fault| format!("plugin {} asks what is permitted of {} {fault}", self.id, model.name);
        match Asker::now() {
            Some(asker) if asker.user_id == user_id => Ok(asker),
            Some(_) => Err(refusal("with another request than the one it answers")),
            None => Err(refusal("outside of the handler of a request")),
        }
    }
}

fn ready(answer: Result<Permitted, DbError>) -> Answer {
    Box::pin(std::future::ready(answer))
}
