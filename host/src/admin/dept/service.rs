//! Rules about departments: where one may stand, and when it may go.

use super::crud;
use super::model::{Dept, Draft, Search};
use crate::admin::auth::{Authenticator, Identity};
use crate::admin::data_rule::registry::DEPT;
use crate::admin::data_scope::DataScopeService;
use crate::admin::tree::{self, Node};
use crate::admin::{Clock, Happening, Happenings};
use plugin_api::db::{Database, DbError, Statements, Transaction};
use std::sync::Arc;

/// Steps up the tree after which it is taken for a circle.
const DEPTH_MAX: usize = 64;

/// What the core does with departments.
#[derive(Clone)]
pub struct DeptService {
    db: Database,
    clock: Clock,
    scopes: DataScopeService,
    authenticator: Arc<Authenticator>,
    happenings: Arc<dyn Happenings>,
}

/// Why something was not done with a department.
#[derive(Debug, thiserror::Error)]
pub enum DeptError {
    /// No living department has this id.
    #[error("no such department")]
    Missing,
    /// The department above does not exist.
    #[error("no such parent")]
    NoParent,
    /// It would stand below itself.
    #[error("parent is the department itself")]
    OwnParent,
    /// It would stand below one that stands below it, or deeper than a tree may be.
    #[error("parent stands below the department")]
    Circle,
    /// Another living department has this name.
    #[error("name taken")]
    NameTaken,
    /// Departments stand below it.
    #[error("has children")]
    HasChildren,
    /// Users belong to it.
    #[error("has users")]
    HasUsers,
    /// The database.
    #[error("failed to store departments")]
    Storage(#[source] DbError),
}

impl From<DbError> for DeptError {
    fn from(error: DbError) -> Self {
        if error.is_unique() { Self::NameTaken } else { Self::Storage(error) }
    }
}

impl DeptService {
    /// Works on `db`; lists are narrowed by `scopes`, `authenticator` and `happenings` learn of changes.
    pub fn new(
        db: Database,
        clock: Clock,
        scopes: DataScopeService,
        authenticator: Arc<Authenticator>,
        happenings: Arc<dyn Happenings>,
    ) -> Self {
        Self { db, clock, scopes, authenticator, happenings }
    }

    /// The departments that somebody is permitted to see, as trees.
    ///
    /// # Errors
    /// The database's.
    pub async fn tree(&self, identity: &Identity, search: &Search) -> Result<Vec<Node<Dept>>, DbError> {
        let permitted = self.scopes.permitted(identity.into(), &DEPT).await?;
        Ok(tree::grow(crud::list(&self.db, search, &permitted).await?))
    }

    /// The department of an id.
    ///
    /// # Errors
    /// [`DeptError::Missing`], or the database's.
    pub async fn get(&self, id: i64) -> Result<Dept, DeptError> {
        crud::by_id(&self.db, id).await?.ok_or(DeptError::Missing)
    }

    /// Adds a department.
    ///
    /// # Errors
    /// [`DeptError`].
    pub(super) async fn create(&self, draft: &Draft) -> Result<(), DeptError> {
        let transaction = self.db.begin().await?;
        self.add(&transaction, draft).await?;
        Ok(transaction.commit().await?)
    }

    /// Adds a department as a part of `transaction`, and gives its id.
    ///
    /// # Errors
    /// [`DeptError`]: the transaction must not be committed then.
    pub(in crate::admin) async fn add(&self, transaction: &Transaction, draft: &Draft) -> Result<i64, DeptError> {
        crud::lock_tree(transaction).await?;
        if let Some(parent) = draft.parent_id {
            place(transaction, None, parent).await?;
        }
        Ok(crud::insert(transaction, draft, self.clock.now_ms()).await?)
    }

    /// Changes a department; gives the number of rows changed.
    ///
    /// # Errors
    /// [`DeptError`].
    pub(super) async fn update(&self, id: i64, draft: &Draft) -> Result<u64, DeptError> {
        let transaction = self.db.begin().await?;
        crud::lock_tree(&transaction).await?;
        crud::by_id(&transaction, id).await?.ok_or(DeptError::Missing)?;
        if let Some(parent) = draft.parent_id {
            place(&transaction, Some(id), parent).await?;
        }
        let rows = crud::update(&transaction, id, draft, self.clock.now_ms()).await?;
        transaction.commit().await?;
        // A disabled department locks its users out.
        self.authenticator.forget_all().await;
        Ok(rows)
    }

    /// Marks a department as deleted; gives the number of rows changed.
    ///
    /// # Errors
    /// [`DeptError`].
    pub async fn delete(&self, id: i64) -> Result<u64, DeptError> {
        let transaction = self.db.begin().await?;
        crud::lock_tree(&transaction).await?;
        crud::by_id(&transaction, id).await?.ok_or(DeptError::Missing)?;
        if crud::children(&transaction, id).await? > 0 {
            return Err(DeptError::HasChildren);
        }
        if crud::users(&transaction, id).await? > 0 {
            return Err(DeptError::HasUsers);
        }
        let rows = crud::bury(&transaction, id, self.clock.now_ms()).await?;
        self.happenings.tell(&transaction, Happening::DeptDeleted, id).await?;
        transaction.commit().await?;
        self.happenings.told();
        self.authenticator.forget_all().await;
        Ok(rows)
    }
}

/// Checks that a department, new if it has no id yet, may stand below `parent`.
async fn place(db: &impl Statements, id: Option<i64>, parent: i64) -> Result<(), DeptError> {
    if id == Some(parent) {
        return Err(DeptError::OwnParent);
    }
    let mut above = crud::by_id(db, parent).await?.ok_or(DeptError::NoParent)?;
    for _ in 0..DEPTH_MAX {
        let Some(next) = above.parent_id else { return Ok(()) };
        if id == Some(next) {
            return Err(DeptError::Circle);
        }
        let Some(found) = crud::by_id(db, next).await? else { return Ok(()) };
        above = found;
    }
    Err(DeptError::Circle)
}
