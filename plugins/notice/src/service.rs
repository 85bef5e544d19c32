//! The rules: what may be asked of notices, and what is said when it can't be done.

use crate::crud;
use crate::model::{Draft, Filter, Notice};
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

    /// One page of the notices that pass the filter, and how many there are on all pages.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn page(&self, filter: &Filter, page: PageQuery) -> Result<(Vec<Notice>, u64), ApiError> {
        let db = self.context.database();
        let total = crud::count(&db, filter).await?;
        Ok((crud::list(&db, filter, page).await?, total))
    }

    /// The notice of that id.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(crate) async fn get(&self, id: i64) -> Result<Notice, ApiError> {
        let found = crud::find(&self.context.database(), id).await?;
        found.ok_or_else(|| ApiError::not_found("Notice does not exist", "通知公告不存在"))
    }

    /// Adds a notice.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn create(&self, draft: Draft) -> Result<(), ApiError> {
        Ok(crud::insert(&self.context.database(), draft, self.context.now_ms()).await?)
    }

    /// Changes a notice; gives the number of rows that were changed, 0 if somebody deleted it
    /// meanwhile.
    ///
    /// # Errors
    /// 404 if there is none of that id.
    pub(crate) async fn update(&self, id: i64, draft: Draft) -> Result<u64, ApiError> {
        self.get(id).await?;
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
