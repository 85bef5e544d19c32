//! The rules: what may be asked of parameters, and what is said when it can't be done.

use crate::crud;
use crate::model::{Change, Config, Draft, Filter};
use plugin_api::db::{DbError, Transaction};
use plugin_api::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;

/// Parameters, as the rest of the plugin sees them.
#[derive(Clone)]
pub(crate) struct ConfigService {
    context: PluginContext,
}

impl ConfigService {
    /// Over the host's database and clock.
    pub(crate) fn new(context: PluginContext) -> Self {
        Self { context }
    }

    /// Every parameter of a type, or every one.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn all(&self, kind: Option<&str>) -> Result<Vec<Config>, ApiError> {
        Ok(crud::all(&self.context.database(), kind).await?)
    }

    /// One page of the parameters that pass the filter, and how many there are on all pages.
    ///
    /// # Errors
    /// Only the database's.
    pub(crate) async fn page(&self, filter: &Filter, page: PageQuery) -> Result<(Vec<Config>, u64), ApiError> {
        Ok(crud::page(&self.context.database(), filter, page).await?)
    }

    /// The parameter of that id.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(crate) async fn get(&self, id: i64) -> Result<Config, ApiError> {
        let found = crud::find(&self.context.database(), id).await?;
        found.ok_or_else(|| ApiError::not_found("Parameter does not exist", "参数配置不存在"))
    }

    /// Adds a parameter.
    ///
    /// # Errors
    /// 409 if another has its key.
    pub(crate) async fn create(&self, draft: Draft) -> Result<(), ApiError> {
        let key = draft.key.clone();
        let inserted = crud::insert(&self.context.database(), draft, self.context.now_ms()).await;
        inserted.map_err(|error| refused(error, &key))
    }

    /// Changes a parameter; gives the number of rows that were changed, 0 if somebody deleted it
    /// meanwhile.
    ///
    /// # Errors
    /// 404 if there is none of that id, 409 if another has the key.
    pub(crate) async fn update(&self, id: i64, draft: Draft) -> Result<u64, ApiError> {
        self.get(id).await?;
        let key = draft.key.clone();
        let updated = crud::update(&self.context.database(), id, draft, self.context.now_ms()).await;
        updated.map_err(|error| refused(error, &key))
    }

    /// Changes several parameters, all or none; gives how many.
    ///
    /// # Errors
    /// 422 if an id comes twice, 409 if a key comes twice or another parameter has it, 404 if there is
    /// none of an id; each names all that it is about.
    pub(crate) async fn update_all(&self, changes: Vec<Change>) -> Result<u64, ApiError> {
        refuse_repeated(&changes)?;
        if changes.is_empty() {
            return Ok(0);
        }
        let tx = self.context.database().begin().await?;
        free_keys(&tx, &changes).await?;
        let mut rows = 0;
        for Change { id, draft } in changes {
            let key = draft.key.clone();
            let updated = crud::update(&tx, id, draft, self.context.now_ms()).await;
            rows += updated.map_err(|error| refused(error, &key))?;
        }
        tx.commit().await?;
        Ok(rows)
    }

    /// Deletes parameters; gives how many of these ids there were.
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

/// Sets the old keys aside of those parameters that get another: they may exchange theirs.
async fn free_keys(tx: &Transaction, changes: &[Change]) -> Result<(), ApiError> {
    let ids: Vec<i64> = changes.iter().map(|change| change.id).collect();
    let known: HashMap<i64, String> = crud::keys(tx, &ids).await?.into_iter().collect();
    let missing: Vec<i64> = ids.into_iter().filter(|id| !known.contains_key(id)).collect();
    if !missing.is_empty() {
        let missing = joined(&missing);
        return Err(ApiError::not_found(
            format!("Parameter {missing} does not exist"),
            format!("参数配置 {missing} 不存在"),
        ));
    }
    for change in changes.iter().filter(|change| known.get(&change.id) != Some(&change.draft.key)) {
        crud::set_key_aside(tx, change.id).await?;
    }
    Ok(())
}

fn refuse_repeated(changes: &[Change]) -> Result<(), ApiError> {
    let ids = repeated(changes.iter().map(|change| change.id));
    if !ids.is_empty() {
        let ids = joined(&ids);
        return Err(ApiError::invalid(
            format!("Parameter {ids} is given more than once"),
            format!("参数配置 {ids} 重复提交"),
        ));
    }
    let keys = repeated(changes.iter().map(|change| change.draft.key.as_str()));
    if !keys.is_empty() {
        let keys = joined(&keys);
        return Err(ApiError::conflict(
            format!("Parameter key {keys} is given more than once"),
            format!("参数键名 {keys} 重复"),
        ));
    }
    Ok(())
}

/// Those that come more than once.
fn repeated<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let again: BTreeSet<T> = values.filter(|value| !seen.insert(*value)).collect();
    again.into_iter().collect()
}

fn joined(values: &[impl Display]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn refused(error: DbError, key: &str) -> ApiError {
    if error.is_unique() {
        return ApiError::conflict(format!("Parameter {key} already exists"), format!("参数配置 {key} 已存在"));
    }
    error.into()
}
