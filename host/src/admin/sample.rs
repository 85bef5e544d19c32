//! A small company of nobody, so that a trial installation looks alive.
//!
//! It is added whole or not at all, by the same rules as what people add: nothing that is there is
//! touched, and a name that is taken refuses all of it.

mod company;

use super::auth::password;
use super::dept::model::Draft;
use super::dept::{DeptError, DeptService};
use super::menu::MenuService;
use super::role::model::RoleDraft;
use super::role::{RoleError, RoleService};
use super::user::model::UserDraft;
use super::user::{UserError, UserService};
use company::{DEPTS, PEOPLE, ROLES, SampleDept, SamplePerson, SampleRole};
use plugin_api::db::{Database, DbError, Transaction};
use std::collections::HashMap;

/// Adds the company.
pub struct Sample {
    db: Database,
    depts: DeptService,
    roles: RoleService,
    menus: MenuService,
    users: UserService,
}

/// Somebody who was added.
#[derive(Clone, PartialEq, Eq)]
pub struct SampleAccount {
    /// The login name.
    pub username: &'static str,
    /// The department's name.
    pub dept: &'static str,
    /// The role's name.
    pub role: &'static str,
    /// In clear, for the last time.
    pub password: String,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The first user that there is decides that no administrator is made at the first start.
    #[error(
        "nothing was added: there is no user yet; start the server once, or run `backplane user create-admin NAME`"
    )]
    NoAdministrator,
    /// A department.
    #[error("nothing was added because of the department {name}")]
    Dept {
        /// Its name.
        name: &'static str,
        /// What is in the way.
        source: DeptError,
    },
    /// A role.
    #[error("nothing was added because of the role {name}")]
    Role {
        /// Its name.
        name: &'static str,
        /// What is in the way.
        source: RoleError,
    },
    /// A user.
    #[error("nothing was added because of the user {name}")]
    User {
        /// The login name.
        name: &'static str,
        /// What is in the way.
        source: Box<UserError>,
    },
    /// The database.
    #[error("nothing was added: the database refused")]
    Storage(#[from] DbError),
}

/// The ids of what was added, by names.
type Ids = HashMap<&'static str, i64>;

impl Sample {
    /// Adds to `db` by these services.
    pub fn new(db: Database, depts: DeptService, roles: RoleService, menus: MenuService, users: UserService) -> Self {
        Self { db, depts, roles, menus, users }
    }

    /// Adds the company. Everybody gets `password` or, without one, a random one of their own.
    ///
    /// # Errors
    /// [`SampleError`]: there is no administrator yet, or with the name that is taken or the password that is too weak.
    pub async fn add(&self, password: Option<&str>) -> Result<Vec<SampleAccount>, SampleError> {
        if self.users.is_empty().await? {
            return Err(SampleError::NoAdministrator);
        }
        let grants = self.grants().await?;
        let transaction = self.db.begin().await?;
        let mut depts = Ids::new();
        for dept in &DEPTS {
            let id = self.add_dept(&transaction, dept, &depts).await;
            depts.insert(dept.name, id.map_err(|source| SampleError::Dept { name: dept.name, source })?);
        }
        let mut roles = Ids::new();
        for (role, menus) in ROLES.iter().zip(grants) {
            let id = self.add_role(&transaction, role, &menus).await;
            roles.insert(role.name, id.map_err(|source| SampleError::Role { name: role.name, source })?);
        }
        let mut accounts = Vec::with_capacity(PEOPLE.len());
        for person in &PEOPLE {
            let account = SampleAccount {
                username: person.username,
                dept: person.dept,
                role: person.role,
                password: password.map_or_else(password::random, str::to_owned),
            };
            let added = self.add_person(&transaction, person, &account, depts[person.dept], roles[person.role]).await;
            added.map_err(|source| SampleError::User { name: person.username, source: Box::new(source) })?;
            accounts.push(account);
        }
        transaction.commit().await?;
        Ok(accounts)
    }

    /// The menu entries of each role.
    async fn grants(&self) -> Result<Vec<Vec<i64>>, DbError> {
        let mut grants = Vec::with_capacity(ROLES.len());
        for role in &ROLES {
            grants.push(self.menus.ids_of(role.entries).await?);
        }
        Ok(grants)
    }

    async fn add_dept(&self, transaction: &Transaction, dept: &SampleDept, known: &Ids) -> Result<i64, DeptError> {
        let draft = Draft {
            name: dept.name.to_owned(),
            parent_id: dept.parent.map(|parent| known[parent]),
            sort: dept.sort,
            leader: Some(dept.leader.to_owned()),
            phone: None,
            email: Some(dept.email.to_owned()),
            status: 1,
        };
        self.depts.add(transaction, &draft).await
    }

    async fn add_role(&self, transaction: &Transaction, role: &SampleRole, menus: &[i64]) -> Result<i64, RoleError> {
        let draft = RoleDraft {
            name: role.name.to_owned(),
            status: 1,
            is_filter_scopes: Some(!role.scopes.is_empty()),
            remark: Some(Some(role.remark.to_owned())),
        };
        self.roles.add(transaction, &draft, menus, role.scopes).await
    }

    async fn add_person(
        &self,
        transaction: &Transaction,
        person: &SamplePerson,
        account: &SampleAccount,
        dept_id: i64,
        role_id: i64,
    ) -> Result<i64, UserError> {
        let draft = UserDraft {
            username: person.username.to_owned(),
            nickname: Some(person.nickname.to_owned()),
            password: account.password.clone(),
            email: Some(format!("{}@example.com", person.username)),
            phone: None,
            dept_id,
            roles: vec![role_id],
        };
        let user = self.users.prepared(draft).await?;
        self.users.add(transaction, &user, &[role_id]).await
    }
}
