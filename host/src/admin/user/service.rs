//! Rules about users: who is shown, and whose password is changed.

use super::crud;
use super::error::UserError;
use super::model::{User, UserDept, UserFilter};
use crate::admin::auth::policy::PolicyError;
use crate::admin::auth::{Authenticator, PasswordRules};
use crate::admin::role::model::Role;
use crate::admin::role::{RoleDetail, RoleService};
use crate::admin::{Clock, Happenings, NobodyTold};
use plugin_api::db::{Database, DbError};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the core does with users.
#[derive(Clone)]
pub struct UserService {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) password_rules: PasswordRules,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) roles: RoleService,
    pub(super) happenings: Arc<dyn Happenings>,
}

/// A user in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The user.
    pub user: User,
    /// The department.
    pub dept: Option<UserDept>,
    /// The roles.
    pub roles: Vec<Role>,
}

/// A user with everything around.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The user.
    pub user: User,
    /// The department.
    pub dept: Option<UserDept>,
    /// The roles with what they grant.
    pub roles: Vec<RoleDetail>,
}

impl UserService {
    /// Works on `db`.
    pub fn new(
        db: Database,
        clock: Clock,
        password_rules: PasswordRules,
        authenticator: Arc<Authenticator>,
        roles: RoleService,
    ) -> Self {
        Self { db, clock, password_rules, authenticator, roles, happenings: Arc::new(NobodyTold) }
    }

    /// The same, telling of users who come and go.
    #[must_use]
    pub fn telling(self, happenings: Arc<dyn Happenings>) -> Self {
        Self { happenings, ..self }
    }

    /// Whether there is no user at all.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_empty(&self) -> Result<bool, DbError> {
        Ok(crud::count(&self.db).await? == 0)
    }

    /// The user of a login name.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_username(&self, username: &str) -> Result<Option<User>, DbError> {
        crud::by_username(&self.db, username).await
    }

    /// `limit` users who pass the filter, newest first, after the first `offset`, and how many pass
    /// in all. A few statements, however many users there are.
    ///
    /// # Errors
    /// [`UserError::Storage`].
    pub async fn page(&self, filter: &UserFilter, limit: u64, offset: u64) -> Result<(Vec<Listed>, u64), UserError> {
        let (users, total) = crud::page(&self.db, filter, limit, offset).await?;
        let depts = self.depts(&users).await?;
        let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
        let mut roles = self.roles.of_users(&ids).await?;
        let listed = |user: User| Listed {
            dept: user.dept_id.and_then(|dept| depts.get(&dept).cloned()),
            roles: roles.remove(&user.id).unwrap_or_default(),
            user,
        };
        Ok((users.into_iter().map(listed).collect(), total))
    }

    /// A user with everything around.
    ///
    /// # Errors
    /// [`UserError::NotFound`].
    pub async fn person(&self, id: i64) -> Result<Person, UserError> {
        let user = crud::by_id(&self.db, id).await?.ok_or(UserError::NotFound)?;
        let mut depts = self.depts(std::slice::from_ref(&user)).await?;
        let roles = self.roles.of_users(&[id]).await?.remove(&id).unwrap_or_default();
        Ok(Person {
            dept: user.dept_id.and_then(|dept| depts.remove(&dept)),
            roles: self.roles.details(roles).await?,
            user,
        })
    }

    /// The roles of a user.
    ///
    /// # Errors
    /// [`UserError::NotFound`].
    pub async fn roles_of(&self, id: i64) -> Result<Vec<Role>, UserError> {
        crud::by_id(&self.db, id).await?.ok_or(UserError::NotFound)?;
        Ok(self.roles.of_users(&[id]).await?.remove(&id).unwrap_or_default())
    }

    /// Changes the password of somebody who knows the old one, and ends their sessions.
    ///
    /// # Errors
    /// [`UserError::PasswordsDiffer`], [`UserError::WrongPassword`], [`UserError::Password`].
    pub async fn change_own_password(&self, id: i64, old: &str, new: &str, again: &str) -> Result<(), UserError> {
        if new != again {
            return Err(UserError::PasswordsDiffer);
        }
        if !self.password_rules.is_current(id, old).await? {
            return Err(UserError::WrongPassword);
        }
        self.change_password(id, new).await
    }

    /// Gives a user another password, and ends the user's sessions.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::Password`].
    pub async fn change_password(&self, id: i64, new: &str) -> Result<(), UserError> {
        match self.password_rules.set_password(id, new).await {
            Err(PolicyError::NoSuchUser) => Err(UserError::NotFound),
            outcome => Ok(outcome?),
        }
    }

    /// The departments of these users, by id; deleted ones are not in it.
    async fn depts(&self, users: &[User]) -> Result<HashMap<i64, UserDept>, UserError> {
        let ids: BTreeSet<i64> = users.iter().filter_map(|user| user.dept_id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<i64> = ids.into_iter().collect();
        Ok(crud::depts(&self.db, &ids).await?.into_iter().map(|dept| (dept.id, dept)).collect())
    }
}
