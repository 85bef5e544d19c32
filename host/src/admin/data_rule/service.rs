//! Rules about data rules: what they may say.

use super::crud;
use super::model::{DataRule, Draft};
use super::operand::{self, OperandError};
use super::registry::Models;
use crate::admin::Clock;
use crate::admin::filter::Filter;
use plugin_api::db::{Database, DbError, Statements};

/// What the core does with data rules.
#[derive(Debug, Clone)]
pub struct DataRuleService {
    db: Database,
    clock: Clock,
    models: Models,
}

/// Why something was not done with a rule.
#[derive(Debug, thiserror::Error)]
pub enum DataRuleError {
    /// No rule has this id.
    #[error("no such data rule")]
    Missing,
    /// Another rule has this name.
    #[error("name taken")]
    NameTaken,
    /// No model has this name.
    #[error("no such model")]
    NoModel,
    /// The model has no such column.
    #[error("no such column")]
    NoColumn,
    /// The value does not fit the column.
    #[error("value does not fit the column")]
    Value(#[source] OperandError),
    /// The database.
    #[error("failed to store data rules")]
    Storage(#[source] DbError),
}

impl From<DbError> for DataRuleError {
    fn from(error: DbError) -> Self {
        if error.is_unique() { Self::NameTaken } else { Self::Storage(error) }
    }
}

impl DataRuleService {
    /// Works on `db`; rules speak of `models`.
    pub fn new(db: Database, clock: Clock, models: Models) -> Self {
        Self { db, clock, models }
    }

    /// What rules may speak of.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Every rule.
    ///
    /// # Errors
    /// The database's.
    pub async fn all(&self) -> Result<Vec<DataRule>, DbError> {
        crud::all(&self.db).await
    }

    /// Some of the rules whose name contains `name`, and how many there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn page(&self, name: Option<&str>, limit: i64, offset: i64) -> Result<(Vec<DataRule>, u64), DbError> {
        let filter = Filter::new().containing("r.name", name);
        let total = crud::count(&self.db, &filter).await?;
        Ok((crud::page(&self.db, &filter, limit, offset).await?, total))
    }

    /// The rule of an id.
    ///
    /// # Errors
    /// [`DataRuleError::Missing`], or the database's.
    pub async fn get(&self, id: i64) -> Result<DataRule, DataRuleError> {
        crud::by_id(&self.db, id).await?.ok_or(DataRuleError::Missing)
    }

    /// The rules of a scope.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_scope(&self, scope_id: i64) -> Result<Vec<DataRule>, DbError> {
        crud::of_scope(&self.db, scope_id).await
    }

    /// The rules that apply to a user.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_user(&self, user_id: i64) -> Result<Vec<DataRule>, DbError> {
        crud::of_user(&self.db, user_id).await
    }

    /// Whether there is a rule of this id, as `db` sees it.
    ///
    /// # Errors
    /// The database's.
    pub async fn exists(&self, db: &impl Statements, id: i64) -> Result<bool, DbError> {
        crud::exists(db, id).await
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// [`DataRuleError`].
    pub(super) async fn create(&self, draft: &Draft) -> Result<(), DataRuleError> {
        self.check(draft)?;
        crud::insert(&self.db, draft, self.clock.now_ms()).await?;
        Ok(())
    }

    /// Changes a rule; gives the number of rows changed.
    ///
    /// # Errors
    /// [`DataRuleError`].
    pub(super) async fn update(&self, id: i64, draft: &Draft) -> Result<u64, DataRuleError> {
        self.get(id).await?;
        self.check(draft)?;
        Ok(crud::update(&self.db, id, draft, self.clock.now_ms()).await?)
    }

    /// Deletes rules, also out of scopes; gives how many of these ids there were.
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

    fn check(&self, draft: &Draft) -> Result<(), DataRuleError> {
        let columns = self.models.columns(&draft.model).ok_or(DataRuleError::NoModel)?;
        let column = columns.iter().find(|column| column.name == draft.column).ok_or(DataRuleError::NoColumn)?;
        operand::parse(&draft.value, draft.expression, column.kind, &self.clock).map_err(DataRuleError::Value)?;
        Ok(())
    }
}
