//! Rules about data scopes, and what they permit.

use super::crud;
use super::model::DataScope;
use super::permitted::{self, Asking};
use crate::admin::Clock;
use crate::admin::auth::Identity;
use crate::admin::data_rule::{DataRule, DataRuleService};
use crate::admin::filter::Filter;
use plugin_api::Permitted;
use plugin_api::db::{Database, DbError};
use plugin_api::descriptor::DataModel;
use std::collections::BTreeSet;

/// What the core does with data scopes.
#[derive(Debug, Clone)]
pub struct DataScopeService {
    db: Database,
    clock: Clock,
    rules: DataRuleService,
}

/// Whose view is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The row's id.
    pub user_id: i64,
    /// Sees everything.
    pub is_superuser: bool,
}

/// Why something was not done with a scope.
#[derive(Debug, thiserror::Error)]
pub enum DataScopeError {
    /// No scope has this id.
    #[error("no such data scope")]
    Missing,
    /// No rule has an id that was named.
    #[error("no such data rule")]
    NoRule,
    /// Another scope has this name.
    #[error("name taken")]
    NameTaken,
    /// The database.
    #[error("failed to store data scopes")]
    Storage(#[source] DbError),
}

impl From<DbError> for DataScopeError {
    fn from(error: DbError) -> Self {
        if error.is_unique() { Self::NameTaken } else { Self::Storage(error) }
    }
}

impl From<&Identity> for Viewer {
    fn from(identity: &Identity) -> Self {
        Self { user_id: identity.user_id, is_superuser: identity.is_superuser }
    }
}

impl DataScopeService {
    /// Works on `db`, with scopes of `rules`.
    pub fn new(db: Database, clock: Clock, rules: DataRuleService) -> Self {
        Self { db, clock, rules }
    }

    /// What somebody is permitted to see of `model`. Read anew each time, so that every change
    /// counts at the next request.
    ///
    /// # Errors
    /// The database's.
    pub async fn permitted(&self, viewer: Viewer, model: &DataModel) -> Result<Permitted, DbError> {
        let user_id = viewer.user_id;
        if viewer.is_superuser || crud::unfiltered_roles(&self.db, user_id).await? > 0 {
            return Ok(Permitted::everything());
        }
        let rules = self.rules.of_user(user_id).await?;
        if rules.is_empty() {
            return Ok(Permitted::nothing());
        }
        let dept_id = crud::dept_of(&self.db, user_id).await?;
        Ok(permitted::by_rules(&rules, model, &Asking { user_id, dept_id, clock: &self.clock }))
    }

    /// Every scope.
    ///
    /// # Errors
    /// The database's.
    pub async fn all(&self) -> Result<Vec<DataScope>, DbError> {
        crud::all(&self.db).await
    }

    /// Some of the scopes with a part of a name and a status, and how many there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn page(
        &self,
        name: Option<&str>,
        status: Option<i32>,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<DataScope>, u64), DbError> {
        let filter = Filter::new().containing("name", name).equal("status", status);
        let total = crud::count(&self.db, &filter).await?;
        Ok((crud::page(&self.db, &filter, limit, offset).await?, total))
    }

    /// The scope of an id.
    ///
    /// # Errors
    /// [`DataScopeError::Missing`], or the database's.
    pub async fn get(&self, id: i64) -> Result<DataScope, DataScopeError> {
        crud::by_id(&self.db, id).await?.ok_or(DataScopeError::Missing)
    }

    /// A scope with its rules.
    ///
    /// # Errors
    /// As [`DataScopeService::get`].
    pub async fn with_rules(&self, id: i64) -> Result<(DataScope, Vec<DataRule>), DataScopeError> {
        let scope = self.get(id).await?;
        Ok((scope, self.rules.of_scope(id).await?))
    }

    /// Adds a scope.
    ///
    /// # Errors
    /// [`DataScopeError::NameTaken`], or the database's.
    pub async fn create(&self, name: &str, status: i32) -> Result<(), DataScopeError> {
        crud::insert(&self.db, name, status, self.clock.now_ms()).await?;
        Ok(())
    }

    /// Changes a scope; gives the number of rows changed.
    ///
    /// # Errors
    /// [`DataScopeError`].
    pub async fn update(&self, id: i64, name: &str, status: i32) -> Result<u64, DataScopeError> {
        self.get(id).await?;
        Ok(crud::update(&self.db, id, name, status, self.clock.now_ms()).await?)
    }

    /// Gives a scope these rules and no others.
    ///
    /// # Errors
    /// [`DataScopeError::Missing`], [`DataScopeError::NoRule`], or the database's.
    pub async fn set_rules(&self, id: i64, rules: &[i64]) -> Result<(), DataScopeError> {
        let transaction = self.db.begin().await?;
        if crud::touch(&transaction, id, self.clock.now_ms()).await? == 0 {
            return Err(DataScopeError::Missing);
        }
        crud::remove_rules(&transaction, id).await?;
        for rule in BTreeSet::from_iter(rules) {
            if !self.rules.exists(&transaction, *rule).await? {
                return Err(DataScopeError::NoRule);
            }
            crud::add_rule(&transaction, id, *rule).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Deletes scopes, also out of roles; gives how many of these ids there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete(&self, ids: &[i64]) -> Result<u64, DbError> {
        let transaction = self.db.begin().await?;
        let mut deleted = 0;
        for id in ids {
            deleted += crud::delete(&transaction, *id).await?;
        }
        transaction.commit().await?;
        Ok(deleted)
    }
}
