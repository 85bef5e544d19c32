//! Adding, changing and deleting users.
//!
//! What a change allows or takes away holds for the user's very next request: the user is
//! forgotten after the commit and before the answer.

use super::crud;
use super::error::UserError;
use super::model::{NewUser, Rank, Switch, UserChange, UserDraft};
use super::service::{Person, UserService};
use crate::admin::Happening;
use crate::admin::auth::{Identity, policy, sessions};
use plugin_api::db::{DbError, Transaction};

impl UserService {
    /// Adds an ordinary user and gives it.
    ///
    /// # Errors
    /// [`UserError`] of what is missing, taken or weak; nothing is changed then.
    pub async fn create(&self, draft: UserDraft) -> Result<Person, UserError> {
        let roles = draft.roles.clone();
        let user = self.prepared(draft).await?;
        let transaction = self.db.begin().await?;
        let id = self.add(&transaction, &user, &roles).await?;
        transaction.commit().await?;
        self.happenings.told();
        self.person(id).await
    }

    /// The row of an ordinary user. It takes as long as the hash of a password does.
    ///
    /// # Errors
    /// [`UserError::Password`].
    pub(in crate::admin) async fn prepared(&self, draft: UserDraft) -> Result<NewUser, UserError> {
        Ok(NewUser {
            uuid: uuid::Uuid::new_v4().to_string(),
            nickname: draft.nickname.filter(|name| !name.is_empty()).unwrap_or_else(|| draft.username.clone()),
            username: draft.username,
            password: self.password_rules.hash_first(&draft.password).await?,
            email: draft.email,
            phone: draft.phone,
            dept_id: Some(draft.dept_id),
            rank: Rank::Member,
            now_ms: self.clock.now_ms(),
        })
    }

    /// Adds a user with these roles as a part of `transaction`, and gives its id.
    ///
    /// # Errors
    /// [`UserError`] of what is missing or taken: the transaction must not be committed then.
    pub(in crate::admin) async fn add(
        &self,
        transaction: &Transaction,
        user: &NewUser,
        roles: &[i64],
    ) -> Result<i64, UserError> {
        find_dept(transaction, user.dept_id).await?;
        let id = match crud::insert(transaction, user).await {
            Ok(id) => id,
            // The transaction has ended with the statement.
            Err(error) => return Err(self.taken(&user.username, None, error).await),
        };
        self.roles.assign(transaction, id, roles).await?;
        self.happenings.tell(transaction, Happening::UserAdded, id).await?;
        Ok(id)
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`UserError`] of what is missing or taken; nothing is changed then.
    pub async fn update(&self, id: i64, change: UserChange) -> Result<(), UserError> {
        let transaction = self.db.begin().await?;
        let touched = match crud::update(&transaction, id, &change, self.clock.now_ms()).await {
            Ok(touched) => touched,
            // The transaction has ended with the statement.
            Err(error) => return Err(self.taken(&change.username, Some(id), error).await),
        };
        if touched == 0 {
            return Err(UserError::NotFound);
        }
        find_dept(&transaction, change.dept_id.flatten()).await?;
        self.roles.assign(&transaction, id, &change.roles).await?;
        transaction.commit().await?;
        self.authenticator.forget_user(id).await;
        Ok(())
    }

    /// Turns a switch of another user over.
    ///
    /// # Errors
    /// [`UserError::OwnPermissions`], [`UserError::NotFound`], [`UserError::LastAdministrator`].
    pub async fn toggle(&self, caller: i64, id: i64, switch: Switch) -> Result<(), UserError> {
        if caller == id {
            return Err(UserError::OwnPermissions);
        }
        let transaction = self.db.begin().await?;
        let administrators = crud::lock_administrators(&transaction).await?;
        if crud::toggle(&transaction, id, switch, self.clock.now_ms()).await? == 0 {
            return Err(UserError::NotFound);
        }
        self.commit_unless_last(transaction, administrators, id).await
    }

    /// Deletes another user, whose sessions end.
    ///
    /// # Errors
    /// [`UserError::OwnAccount`], [`UserError::NotFound`], [`UserError::AboveCaller`],
    /// [`UserError::LastAdministrator`].
    pub async fn delete(&self, caller: &Identity, id: i64) -> Result<(), UserError> {
        if caller.user_id == id {
            return Err(UserError::OwnAccount);
        }
        let transaction = self.db.begin().await?;
        let administrators = crud::lock_administrators(&transaction).await?;
        let user = crud::by_id(&transaction, id).await?.ok_or(UserError::NotFound)?;
        if user.is_superuser && !caller.is_superuser {
            return Err(UserError::AboveCaller);
        }
        crud::delete(&transaction, id).await?;
        self.roles.assign(&transaction, id, &[]).await?;
        sessions::end_all_of(&transaction, id).await?;
        policy::forget(&transaction, id).await?;
        self.happenings.tell(&transaction, Happening::UserDeleted, id).await?;
        self.commit_unless_last(transaction, administrators, id).await?;
        self.happenings.told();
        Ok(())
    }

    /// Gives somebody another name to be shown.
    ///
    /// # Errors
    /// [`UserError::NotFound`].
    pub async fn set_nickname(&self, id: i64, nickname: &str) -> Result<(), UserError> {
        let rows = crud::set_nickname(&self.db, id, nickname, self.clock.now_ms()).await?;
        self.authenticator.forget_user(id).await;
        touched(rows)
    }

    /// Gives somebody another picture.
    ///
    /// # Errors
    /// [`UserError::NotFound`].
    pub async fn set_avatar(&self, id: i64, avatar: &str) -> Result<(), UserError> {
        let rows = crud::set_avatar(&self.db, id, avatar, self.clock.now_ms()).await?;
        self.authenticator.forget_user(id).await;
        touched(rows)
    }

    /// Commits a change of user `id`, unless it leaves nobody of the `administrators` there were.
    async fn commit_unless_last(
        &self,
        transaction: Transaction,
        administrators: u64,
        id: i64,
    ) -> Result<(), UserError> {
        if administrators > 0 && crud::count_administrators(&transaction).await? == 0 {
            return Err(UserError::LastAdministrator);
        }
        transaction.commit().await?;
        self.authenticator.forget_user(id).await;
        Ok(())
    }

    /// What a refused row contradicts. `own` is the user whose row it is.
    async fn taken(&self, username: &str, own: Option<i64>, error: DbError) -> UserError {
        if !error.is_unique() {
            return error.into();
        }
        match crud::by_username(&self.db, username).await {
            Ok(Some(user)) if Some(user.id) != own => UserError::NameTaken,
            Ok(_) => UserError::EmailTaken,
            Err(error) => error.into(),
        }
    }
}

async fn find_dept(transaction: &Transaction, id: Option<i64>) -> Result<(), UserError> {
    let Some(id) = id else { return Ok(()) };
    if crud::depts(transaction, &[id]).await?.is_empty() { Err(UserError::DeptNotFound) } else { Ok(()) }
}

fn touched(rows: u64) -> Result<(), UserError> {
    if rows == 0 { Err(UserError::NotFound) } else { Ok(()) }
}
