//! The rules of dictionary entries.

use super::no_such_type;
use crate::crud::{data as crud, types};
use crate::model::{DataDraft, DataFilter, DictData};
use plugin_api::db::{Database, DbError, DbErrorKind};
use plugin_api::prelude::*;

/// Dictionary entries, as the rest of the plugin sees them.
#[derive(Clone)]
pub(crate) struct DataService {
    context: PluginContext,
}

impl DataService {
    /// Over the host's database and clock.
    pub(crate) fn new(context: PluginContext) -> Self {
        Self { context }
    }

    /// Every entry of every type.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn all(&self) -> Result<Vec<DictData>, ApiError> {
        Ok(crud::all(&self.context.database()).await?)
    }

    /// The enabled entries of the type of that code.
    ///
    /// # Errors
    /// 404 if there are none.
    pub(crate) async fn enabled_of(&self, type_code: &str) -> Result<Vec<DictData>, ApiError> {
        let entries = crud::enabled_of(&self.context.database(), type_code).await?;
        if entries.is_empty() { Err(no_such_entry()) } else { Ok(entries) }
    }

    /// One page of the entries that pass the filter, and how many there are on all pages.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn page(&self, filter: &DataFilter, page: PageQuery) -> Result<(Vec<DictData>, u64), ApiError> {
        Ok(crud::page(&self.context.database(), filter, page).await?)
    }

    /// The entry of that id.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(crate) async fn get(&self, id: i64) -> Result<DictData, ApiError> {
        crud::find(&self.context.database(), id).await?.ok_or_else(no_such_entry)
    }

    /// Adds an entry to its type.
    ///
    /// # Errors
    /// 404 if there is no such type, 409 if the type has the label already.
    pub(crate) async fn create(&self, draft: DataDraft) -> Result<(), ApiError> {
        let db = self.context.database();
        let type_code = code_of(&db, draft.type_id).await?;
        let label = draft.label.clone();
        let inserted = crud::insert(&db, draft, type_code, self.context.now_ms()).await;
        inserted.map_err(|error| refused(error, &label))
    }

    /// Changes an entry; gives the number of rows that were changed, 0 if somebody deleted it meanwhile.
    ///
    /// # Errors
    /// 404 if there is none of that id or no such type, 409 if the type has the label already.
    pub(crate) async fn update(&self, id: i64, draft: DataDraft) -> Result<u64, ApiError> {
        self.get(id).await?;
        let db = self.context.database();
        let type_code = code_of(&db, draft.type_id).await?;
        let label = draft.label.clone();
        let updated = crud::update(&db, id, draft, type_code, self.context.now_ms()).await;
        updated.map_err(|error| refused(error, &label))
    }

    /// Deletes entries; gives how many of these ids there were.
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

async fn code_of(db: &Database, type_id: i64) -> Result<String, ApiError> {
    let found = types::find(db, type_id).await?.ok_or_else(no_such_type)?;
    Ok(found.code)
}

fn no_such_entry() -> ApiError {
    ApiError::not_found("Dictionary entry does not exist", "字典数据不存在")
}

fn refused(error: DbError, label: &str) -> ApiError {
    match error.kind {
        DbErrorKind::Unique => ApiError::conflict(
            format!("Dictionary entry {label} already exists in this type"),
            format!("字典数据 {label} 已存在"),
        ),
        // The type was deleted, or its code changed, since it was looked up.
        DbErrorKind::ForeignKey => no_such_type(),
        _ => error.into(),
    }
}
