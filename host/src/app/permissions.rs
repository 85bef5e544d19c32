//! What the core's data scopes permit of plugins' models.

use crate::admin::data_scope::{DataScopeService, Viewer};
use crate::loader::Asker;
use crate::plugin::DataPermissions;
use futures_util::future::BoxFuture;
use plugin_api::Permitted;
use plugin_api::db::DbError;
use plugin_api::descriptor::DataModel;
use std::sync::Arc;

/// By the core's data scopes.
pub(super) struct Permissions(pub(super) DataScopeService);

impl DataPermissions for Permissions {
    fn permitted(&self, asker: Asker, model: Arc<DataModel>) -> BoxFuture<'static, Result<Permitted, DbError>> {
        let scopes = self.0.clone();
        let viewer = Viewer { user_id: asker.user_id, is_superuser: asker.is_superuser };
        Box::pin(async move { scopes.permitted(viewer, &model).await })
    }
}
