//! The rules of dictionary types.

use super::no_such_type;
use crate::crud::types as crud;
use crate::model::{DictType, TypeDraft, TypeFilter};
use plugin_api::db::DbError;
use plugin_api::prelude::*;

/// Dictionary types, as the rest of the plugin sees them.
#[derive(Clone)]
pub(crate) struct TypeService {
    context: PluginContext,
}

impl TypeService {
    /// Over the host's database and clock.
    pub(crate) fn new(context: PluginContext) -> Self {
        Self { context }
    }

    /// Every type.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn all(&self) -> Result<Vec<DictType>, ApiError> {
        Ok(crud::all(&self.context.database()).await?)
    }

    /// One page of the types that pass the filter, and how many there are on all pages.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn page(&self, filter: &TypeFilter, page: PageQuery) -> Result<(Vec<DictType>, u64), ApiError> {
        Ok(crud::page(&self.context.database(), filter, page).await?)
    }

    /// The type of that id.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(crate) async fn get(&self, id: i64) -> Result<DictType, ApiError> {
        crud::find(&self.context.database(), id).await?.ok_or_else(no_such_type)
    }

    /// Adds a type.
    ///
    /// # Errors
    /// 409 if another has its code.
    pub(crate) async fn create(&self, draft: TypeDraft) -> Result<(), ApiError> {
        let code = draft.code.clone();
        let inserted = crud::insert(&self.context.database(), draft, self.context.now_ms()).await;
        inserted.map_err(|error| refused(error, &code))
    }

    /// Changes a type, and with its code the code in its entries; gives the number of types that were
    /// changed, 0 if somebody deleted it meanwhile.
    ///
    /// # Errors
    /// 404 if there is none of that id, 409 if another has the code.
    pub(crate) async fn update(&self, id: i64, draft: TypeDraft) -> Result<u64, ApiError> {
        self.get(id).await?;
        let code = draft.code.clone();
        let updated = crud::update(&self.context.database(), id, draft, self.context.now_ms()).await;
        updated.map_err(|error| refused(error, &code))
    }

    /// Deletes types with their entries; gives how many of these ids there were.
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

fn refused(error: DbError, code: &str) -> ApiError {
    if error.is_unique() {
        return ApiError::conflict(format!("Dictionary type {code} already exists"), format!("字典类型 {code} 已存在"));
    }
    error.into()
}
