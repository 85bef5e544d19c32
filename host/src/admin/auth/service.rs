//! Rules about logging in and out.

use super::authenticator::Authenticator;
use super::login_error::Texts;
use super::model::NewSession;
use super::password::{PasswordError, Passwords};
use super::token::Claims;
use super::watcher::{Attempt, LoginWatcher, Outcome};
use super::{Identity, Origin, crud};
use crate::admin::Clock;
use crate::admin::user::UserService;
use crate::admin::user::model::User;
use plugin_api::db::{Database, DbError};
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// What the core does with sessions.
#[derive(Clone)]
pub struct AuthService {
    db: Database,
    clock: Clock,
    users: UserService,
    passwords: Passwords,
    authenticator: Arc<Authenticator>,
    token_seconds: u32,
    watcher: Arc<dyn LoginWatcher>,
}

/// A session that has just begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// The token, good until `expire_time`.
    pub access_token: String,
    /// Unix milliseconds.
    pub expire_time: i64,
    /// The session.
    pub session: Uuid,
    /// The user, as before this login but for `last_login_time`.
    pub user: User,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, or not this password. Which of them is not said, nor told by the time it took.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// The password is right and the user disabled.
    #[error("user disabled")]
    Disabled,
    /// The database.
    #[error("failed to begin a session")]
    Storage(#[from] DbError),
    /// The password could not be checked.
    #[error("failed to check a password")]
    Password(#[from] PasswordError),
    /// The token could not be signed.
    #[error("failed to sign a token")]
    Token(#[from] jsonwebtoken::errors::Error),
}

impl AuthService {
    /// Sessions of `users`, kept in `db`, with tokens good for `token_seconds`; `watcher` is told of logins.
    pub fn new(
        db: Database,
        clock: Clock,
        users: UserService,
        passwords: Passwords,
        authenticator: Arc<Authenticator>,
        token_seconds: u32,
        watcher: Arc<dyn LoginWatcher>,
    ) -> Self {
        Self { db, clock, users, passwords, authenticator, token_seconds, watcher }
    }

    /// Begins a session. A user who may be logged in only once loses the others.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn login(&self, username: &str, password: &str, origin: Origin) -> Result<Login, LoginError> {
        let user = self.users.by_username(username).await?;
        let user_uuid = user.as_ref().map(|user| user.uuid.clone());
        let ended = self.checked(user, password, origin.ip).await;
        self.watcher.attempted(&Attempt {
            user_uuid,
            username: username.to_owned(),
            outcome: if ended.is_ok() { Outcome::Success } else { Outcome::Failure },
            origin,
            message: texts(&ended),
            time_ms: self.clock.now_ms(),
        });
        ended
    }

    async fn checked(&self, user: Option<User>, password: &str, ip: Option<IpAddr>) -> Result<Login, LoginError> {
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        let matches = self.passwords.verify(password, hash).await?;
        let Some(mut user) = user.filter(|_| matches) else {
            return Err(LoginError::WrongCredentials);
        };
        // Only after the password: to anybody else a disabled user looks like none.
        if user.status != 1 {
            return Err(LoginError::Disabled);
        }
        let (login_time, claims) = self.claims(&user);
        let access_token = self.authenticator.key().sign(&claims)?;
        let expire_time = i64::try_from(claims.exp).unwrap_or(i64::MAX / 1000) * 1000;
        self.begin(&user, &claims, ip, login_time, expire_time).await?;
        user.last_login_time = Some(login_time);
        Ok(Login { access_token, expire_time, session: claims.session_uuid, user })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database's.
    pub async fn logout(&self, identity: &Identity) -> Result<(), DbError> {
        crud::delete_session(&self.db, identity.session).await?;
        self.authenticator.forget_session(identity.session);
        Ok(())
    }

    fn claims(&self, user: &User) -> (i64, Claims) {
        let exp = jsonwebtoken::get_current_timestamp() + u64::from(self.token_seconds);
        let claims = Claims { session_uuid: Uuid::new_v4(), exp, sub: user.id.to_string() };
        (self.clock.now_ms(), claims)
    }

    async fn begin(
        &self,
        user: &User,
        claims: &Claims,
        ip: Option<IpAddr>,
        now_ms: i64,
        expire_time: i64,
    ) -> Result<(), DbError> {
        let session = NewSession {
            session: claims.session_uuid,
            user_id: user.id,
            username: user.username.clone(),
            nickname: user.nickname.clone(),
            ip: ip.map(|ip| ip.to_string()),
            now_ms,
            expire_time,
        };
        let transaction = self.db.begin().await?;
        crud::delete_expired(&transaction, now_ms).await?;
        if !user.is_multi_login {
            crud::delete_sessions_of(&transaction, user.id).await?;
        }
        crud::insert_session(&transaction, &session).await?;
        transaction.commit().await?;
        if !user.is_multi_login {
            self.authenticator.forget_user(user.id);
        }
        self.users.logged_in(user.id, now_ms).await
    }
}

/// How an attempt ended, in words.
fn texts(ended: &Result<Login, LoginError>) -> Texts {
    let (english, chinese) = match ended {
        Ok(_) => ("logged in", "登录成功"),
        Err(LoginError::WrongCredentials) => ("wrong user name or password", "用户名或密码有误"),
        Err(LoginError::Disabled) => ("the user is disabled; ask an administrator", "用户已被锁定，请联系系统管理员"),
        Err(_) => ("Internal Server Error", "服务器内部错误"),
    };
    (english.into(), chinese.into())
}
