//! Routes that both logs have alike.

use super::entries::{Entries, Entry};
use super::filter::LogFilter;
use crate::http::cursor::{self, CursorPage};
use crate::http::{Answer, ApiError, Done, Page, PageQuery};
use plugin_api::Id;
use poem::http::Uri;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use poem_openapi::{Object, Union};

/// A page of a log or, if a cursor was sent, a part of it.
#[derive(Debug, Union)]
pub enum LogList<T: ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// Asked for by `page`.
    Page(Page<T>),
    /// Asked for by `cursor`.
    Part(CursorPage<T>),
}

/// Which entries of a log to delete.
#[derive(Debug, Object)]
#[oai(rename = "DeleteLogs")]
pub struct Selection {
    /// Their ids.
    #[oai(validator(max_items = 1000))]
    pub pks: Vec<Id>,
}

impl<R: Entry> Entries<R> {
    /// The entries that fit, by the `page` of `uri` or by the cursor, each as `view` shows it.
    pub async fn answer<T: ParseFromJSON + ToJSON + Type + Send + Sync>(
        &self,
        uri: &Uri,
        filter: &LogFilter,
        cursor: Option<&str>,
        view: impl Fn(R) -> T,
    ) -> Result<Answer<LogList<T>>, ApiError> {
        let query = PageQuery::of(uri)?;
        if let Some(sent) = cursor {
            let before = cursor::last_seen(sent)?;
            let rows = self.older(filter, before, query.limit() + 1).await.map_err(ApiError::internal)?;
            return Ok(Answer::of(LogList::Part(cursor::part(rows, query.size(), R::id, view))));
        }
        let page = self.page(filter, query.limit(), query.offset()).await.map_err(ApiError::internal)?;
        let items = page.rows.into_iter().map(view).collect();
        Ok(Answer::of(LogList::Page(query.answer(uri, items, page.total))))
    }

    /// Deletes what was selected.
    pub async fn delete_selected(&self, selection: &Selection) -> Result<Done, ApiError> {
        let deleted = self.delete(&Id::all(selection.pks.iter().copied())).await.map_err(ApiError::internal)?;
        Ok(if deleted == 0 { Done::nothing_done() } else { Done::done() })
    }

    /// Deletes everything.
    pub async fn delete_all(&self) -> Result<Done, ApiError> {
        self.clear().await.map_err(ApiError::internal)?;
        Ok(Done::done())
    }
}
