//! The rules: what may be asked of notices, and what is said when it can't be done.

use crate::crud;
use crate::model::{Draft, Filter, NOTICE, Notice, Settings};
use plugin_api::prelude::*;

/// Notices, as the rest of the plugin sees them.
#[derive(Clone)]
pub(crate) struct NoticeService {
    context: PluginContext,
}

impl NoticeService {
    /// Over the host's database and clock.
    pub(crate) fn new(context: PluginContext) -> Self {
        Self { context }
    }

    /// One page of the notices that pass the filter and whoever asks may see, and how many there are on
    /// all pages.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn page(
        &self,
        asking: &RequestInfo,
        filter: &Filter,
        page: PageQuery,
    ) -> Result<(Vec<Notice>, u64), ApiError> {
        let permitted = self.permitted(asking).await?;
        Ok(crud::page(&self.context.database(), filter, &permitted, page).await?)
    }

    /// The notice of that id.
    ///
    /// # Errors
    /// 404 if there is none, or none that whoever asks may see.
    pub(crate) async fn get(&self, asking: &RequestInfo, id: i64) -> Result<Notice, ApiError> {
        let permitted = self.permitted(asking).await?;
        self.find(id, &permitted).await
    }

    /// What of the notices whoever asks may see: all, unless data rules are to be heeded.
    async fn permitted(&self, asking: &RequestInfo) -> Result<Permitted, ApiError> {
        let settings: Settings = self.context.settings().map_err(ApiError::internal)?;
        if settings.data_rules {
            return Ok(self.context.permitted(asking, NOTICE).await?);
        }
        Ok(Permitted::everything())
    }

    async fn find(&self, id: i64, permitted: &Permitted) -> Result<Notice, ApiError> {
        let found = crud::find(&self.context.database(), id, permitted).await?;
        found.ok_or_else(|| ApiError::not_found("Notice does not exist", "通知公告不存在"))
    }

    /// Adds a notice of whoever asks.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn create(&self, asking: &RequestInfo, draft: Draft) -> Result<(), ApiError> {
        Ok(crud::insert(&self.context.database(), draft, asking.user_id(), self.context.now_ms()).await?)
    }

    /// Changes a notice; gives the number of rows that were changed, 0 if somebody deleted it
    /// meanwhile. The permission decides who may, not what they see.
    ///
    /// # Errors
    /// 404 if there is none of that id.
    pub(crate) async fn update(&self, id: i64, draft: Draft) -> Result<u64, ApiError> {
        self.find(id, &Permitted::everything()).await?;
        Ok(crud::update(&self.context.database(), id, draft, self.context.now_ms()).await?)
    }

    /// Deletes notices; gives how many of these ids there were.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn delete(&self, ids: &[i64]) -> Result<u64, ApiError> {
        Ok(crud::delete(&self.context.database(), ids).await?)
    }

    /// A time as answers show it.
    pub(crate) fn shown_time(&self, unix_ms: i64) -> String {
        self.context.format_time(unix_ms)
    }
}
