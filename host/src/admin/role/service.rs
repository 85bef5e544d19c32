//! Rules about roles.
//!
//! Whatever changes a grant is in force for the very next request: it forgets what is remembered
//! of callers after the commit and before the answer.

use super::crud::{self, Links};
use super::model::{Role, RoleDraft, RoleFilter, RoleMenu, RoleScope, RoleScopeRule};
pub use super::tree::Branch;
use super::tree::tree;
use crate::admin::Clock;
use crate::admin::auth::Authenticator;
use plugin_api::db::{Database, DbError, Transaction};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the core does with roles.
#[derive(Clone)]
pub struct RoleService {
    db: Database,
    clock: Clock,
    authenticator: Arc<Authenticator>,
}

/// A role with what it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDetail {
    /// The role.
    pub role: Role,
    /// Its menu entries, in order.
    pub menus: Vec<RoleMenu>,
    /// Its data scopes, each with its rules.
    pub scopes: Vec<(RoleScope, Vec<RoleScopeRule>)>,
}

/// Why something could not be done with a role.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// There is no such role.
    #[error("no such role")]
    NotFound,
    /// A menu entry that the role should get is not there.
    #[error("no such menu")]
    MenuNotFound,
    /// A data scope that the role should get is not there.
    #[error("no such data scope")]
    ScopeNotFound,
    /// Another role has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The database.
    #[error("failed to reach the roles")]
    Storage(#[source] DbError),
}

impl From<DbError> for RoleError {
    fn from(error: DbError) -> Self {
        if error.is_unique() { Self::NameTaken } else { Self::Storage(error) }
    }
}

impl RoleService {
    /// Works on `db`.
    pub fn new(db: Database, clock: Clock, authenticator: Arc<Authenticator>) -> Self {
        Self { db, clock, authenticator }
    }

    /// Every role.
    ///
    /// # Errors
    /// [`RoleError::Storage`].
    pub async fn all(&self) -> Result<Vec<Role>, RoleError> {
        Ok(crud::all(&self.db).await?)
    }

    /// `limit` roles that pass the filter, after the first `offset`, and how many pass in all.
    ///
    /// # Errors
    /// [`RoleError::Storage`].
    pub async fn page(&self, filter: &RoleFilter, limit: u64, offset: u64) -> Result<(Vec<Role>, u64), RoleError> {
        Ok(crud::page(&self.db, filter, limit, offset).await?)
    }

    /// A role with what it grants.
    ///
    /// # Errors
    /// [`RoleError::NotFound`].
    pub async fn detail(&self, id: i64) -> Result<RoleDetail, RoleError> {
        let role = self.role(id).await?;
        let mut details = self.details(vec![role]).await?;
        details.pop().ok_or(RoleError::NotFound)
    }

    /// The menu entries of a role, as a tree.
    ///
    /// # Errors
    /// [`RoleError::NotFound`].
    pub async fn menus(&self, id: i64) -> Result<Vec<Branch>, RoleError> {
        self.role(id).await?;
        Ok(tree(crud::menus(&self.db, &[id]).await?))
    }

    /// The ids of a role's data scopes.
    ///
    /// # Errors
    /// [`RoleError::NotFound`].
    pub async fn scope_ids(&self, id: i64) -> Result<Vec<i64>, RoleError> {
        self.role(id).await?;
        let scopes = crud::scopes(&self.db, &[id]).await?;
        Ok(scopes.into_iter().map(|scope| scope.id).collect())
    }

    /// Adds a role.
    ///
    /// # Errors
    /// [`RoleError::NameTaken`].
    pub async fn create(&self, draft: &RoleDraft) -> Result<(), RoleError> {
        crud::insert(&self.db, draft, self.clock.now_ms()).await?;
        Ok(())
    }

    /// Adds a role with these menu entries and data scopes as a part of `transaction`, and gives its id.
    ///
    /// # Errors
    /// [`RoleError`] of what is taken or missing: the transaction must not be committed then.
    pub(in crate::admin) async fn add(
        &self,
        transaction: &Transaction,
        draft: &RoleDraft,
        menus: &[i64],
        scopes: &[i64],
    ) -> Result<i64, RoleError> {
        let id = crud::insert(transaction, draft, self.clock.now_ms()).await?;
        link(transaction, crud::MENUS, id, menus, RoleError::MenuNotFound).await?;
        link(transaction, crud::SCOPES, id, scopes, RoleError::ScopeNotFound).await?;
        Ok(id)
    }

    /// Changes a role.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], [`RoleError::NameTaken`].
    pub async fn update(&self, id: i64, draft: &RoleDraft) -> Result<(), RoleError> {
        let touched = crud::update(&self.db, id, draft, self.clock.now_ms()).await?;
        self.authenticator.forget_all().await;
        if touched == 0 { Err(RoleError::NotFound) } else { Ok(()) }
    }

    /// Gives a role exactly these menu entries.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], [`RoleError::MenuNotFound`]; nothing is changed then.
    pub async fn replace_menus(&self, id: i64, menus: &[i64]) -> Result<(), RoleError> {
        self.replace(id, crud::MENUS, menus, RoleError::MenuNotFound).await
    }

    /// Gives a role exactly these data scopes.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], [`RoleError::ScopeNotFound`]; nothing is changed then.
    pub async fn replace_scopes(&self, id: i64, scopes: &[i64]) -> Result<(), RoleError> {
        self.replace(id, crud::SCOPES, scopes, RoleError::ScopeNotFound).await
    }

    /// Deletes roles, takes them from their members, and gives how many there were.
    ///
    /// # Errors
    /// [`RoleError::Storage`].
    pub async fn delete(&self, ids: &[i64]) -> Result<u64, RoleError> {
        let ids = distinct(ids);
        if ids.is_empty() {
            return Ok(0);
        }
        let transaction = self.db.begin().await?;
        let deleted = crud::delete(&transaction, &ids).await?;
        crud::delete_links(&transaction, &ids).await?;
        transaction.commit().await?;
        self.authenticator.forget_all().await;
        Ok(deleted)
    }

    /// The roles of each of these users, by one statement; users without one are not in it.
    ///
    /// # Errors
    /// [`RoleError::Storage`].
    pub async fn of_users(&self, user_ids: &[i64]) -> Result<HashMap<i64, Vec<Role>>, RoleError> {
        let mut roles: HashMap<i64, Vec<Role>> = HashMap::new();
        if user_ids.is_empty() {
            return Ok(roles);
        }
        for membership in crud::of_users(&self.db, user_ids).await? {
            roles.entry(membership.user_id).or_default().push(membership.role());
        }
        Ok(roles)
    }

    /// Roles with what they grant, by three statements.
    ///
    /// # Errors
    /// [`RoleError::Storage`].
    pub async fn details(&self, roles: Vec<Role>) -> Result<Vec<RoleDetail>, RoleError> {
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = roles.iter().map(|role| role.id).collect();
        let mut menus: HashMap<i64, Vec<RoleMenu>> = HashMap::new();
        for menu in crud::menus(&self.db, &ids).await? {
            menus.entry(menu.role_id).or_default().push(menu);
        }
        let mut scopes = self.scopes_of_roles(&ids).await?;
        let detail = |role: Role| RoleDetail {
            menus: menus.remove(&role.id).unwrap_or_default(),
            scopes: scopes.remove(&role.id).unwrap_or_default(),
            role,
        };
        Ok(roles.into_iter().map(detail).collect())
    }

    /// Gives a user exactly these roles, as a part of `transaction`. The caller keeps other changes
    /// of the user away, and forgets the user after the commit.
    ///
    /// # Errors
    /// [`RoleError::NotFound`]: the transaction must not be committed then.
    pub async fn assign(&self, transaction: &Transaction, user_id: i64, ids: &[i64]) -> Result<(), RoleError> {
        let ids = distinct(ids);
        crud::leave_all(transaction, user_id).await?;
        if !ids.is_empty() && crud::join(transaction, user_id, &ids).await? != ids.len() as u64 {
            return Err(RoleError::NotFound);
        }
        Ok(())
    }

    async fn role(&self, id: i64) -> Result<Role, RoleError> {
        crud::by_id(&self.db, id).await?.ok_or(RoleError::NotFound)
    }

    async fn replace(&self, id: i64, links: Links, ids: &[i64], missing: RoleError) -> Result<(), RoleError> {
        let transaction = self.db.begin().await?;
        // The role's row is locked first: two replacements at once would leave both sets.
        if crud::lock(&transaction, id).await? == 0 {
            return Err(RoleError::NotFound);
        }
        crud::unlink(&transaction, links, id).await?;
        link(&transaction, links, id, ids, missing).await?;
        transaction.commit().await?;
        self.authenticator.forget_all().await;
        Ok(())
    }

    async fn scopes_of_roles(
        &self,
        role_ids: &[i64],
    ) -> Result<HashMap<i64, Vec<(RoleScope, Vec<RoleScopeRule>)>>, RoleError> {
        let scopes = crud::scopes(&self.db, role_ids).await?;
        let ids = distinct(&scopes.iter().map(|scope| scope.id).collect::<Vec<_>>());
        let mut rules: HashMap<i64, Vec<RoleScopeRule>> = HashMap::new();
        if !ids.is_empty() {
            for rule in crud::rules(&self.db, &ids).await? {
                rules.entry(rule.scope_id).or_default().push(rule);
            }
        }
        let mut of_roles: HashMap<i64, Vec<(RoleScope, Vec<RoleScopeRule>)>> = HashMap::new();
        for scope in scopes {
            let rules = rules.get(&scope.id).cloned().unwrap_or_default();
            of_roles.entry(scope.role_id).or_default().push((scope, rules));
        }
        Ok(of_roles)
    }
}

/// Links a role with all of `ids`; `missing` is the error if one of them is not there.
async fn link(
    transaction: &Transaction,
    links: Links,
    role: i64,
    ids: &[i64],
    missing: RoleError,
) -> Result<(), RoleError> {
    let ids = distinct(ids);
    if !ids.is_empty() && crud::link(transaction, links, role, &ids).await? != ids.len() as u64 {
        return Err(missing);
    }
    Ok(())
}

/// Each id once, ascending.
fn distinct(ids: &[i64]) -> Vec<i64> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}
