//! Rules about logging in and out.

use super::authenticator::Authenticator;
use super::captcha::Captchas;
use super::lockout::{Lockout, Verdict};
use super::login_error::LoginError;
use super::model::{NewSession, Renewed};
use super::password::{self, Passwords};
use super::policy::Age;
use super::refresh_token;
use super::renewal::Grant;
use super::rules::{CurrentRules, Rules};
use super::watcher::{Attempt, LoginWatcher, Outcome};
use super::{Origin, crud};
use crate::admin::Clock;
use crate::admin::user::UserService;
use crate::admin::user::model::User;
use crate::admin::user_agent::UserAgent;
use crate::cache::Cluster;
use http::HeaderMap;
use plugin_api::db::{Database, DbError};
use std::sync::Arc;
use uuid::Uuid;

/// What the core does with sessions.
#[derive(Clone)]
pub struct AuthService {
    pub(super) db: Database,
    pub(super) clock: Clock,
    users: UserService,
    passwords: Passwords,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) terms: Terms,
    captchas: Arc<Captchas>,
    lockout: Arc<Lockout>,
}

/// How long tokens are good, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLives {
    /// An access token.
    pub access_seconds: u32,
    /// A refresh token.
    pub refresh_seconds: u32,
}

/// On what terms users log in.
#[derive(Clone)]
pub struct Terms {
    /// How long tokens are good.
    pub lives: TokenLives,
    /// What logins have to obey.
    pub rules: CurrentRules,
    /// Is told of every attempt.
    pub watcher: Arc<dyn LoginWatcher>,
}

/// What somebody shows to be let in.
#[derive(Clone)]
pub struct Credentials {
    /// The login name.
    pub username: String,
    /// The password.
    pub password: String,
    /// Which captcha was shown.
    pub captcha_uuid: Option<String>,
    /// What it says.
    pub captcha: Option<String>,
}

/// Whether a session can outlive its access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// By a refresh token.
    ByToken,
    /// Not at all.
    Never,
}

/// A session that has just begun.
#[derive(Clone, PartialEq)]
pub struct Login {
    /// The session with its tokens.
    pub grant: Grant,
    /// Days until the password has to be changed, when they are few.
    pub password_days: Option<i32>,
    /// The user, as before this login but for `last_login_time`.
    pub user: User,
}

impl AuthService {
    /// Sessions of `users`, kept in `db`, with the locks and captchas of every process of `cluster`.
    pub fn new(
        db: Database,
        clock: Clock,
        users: UserService,
        passwords: Passwords,
        authenticator: Arc<Authenticator>,
        terms: Terms,
        cluster: &Cluster,
    ) -> Self {
        let (captchas, lockout) = (Arc::new(Captchas::of(cluster)), Arc::new(Lockout::of(cluster)));
        Self { db, clock, users, passwords, authenticator, terms, captchas, lockout }
    }

    /// The captchas that logins ask for while the rules say so.
    pub fn captchas(&self) -> &Captchas {
        &self.captchas
    }

    /// Whether a login needs a captcha.
    pub async fn needs_captcha(&self) -> bool {
        self.terms.rules.get().await.captcha
    }

    /// Begins a session. A user who may be logged in only once loses the others.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn login(
        &self,
        credentials: &Credentials,
        origin: &Origin,
        renewal: Renewal,
    ) -> Result<Login, LoginError> {
        let mut user_uuid = None;
        let login = self.admit(credentials, origin, renewal, &mut user_uuid).await;
        let (outcome, message) = match &login {
            Ok(_) => (Outcome::Success, ("logged in".into(), "登录成功".into())),
            Err(error) => (Outcome::Failure, error.texts()),
        };
        let username = credentials.username.clone();
        let time_ms = self.clock.now_ms();
        self.terms.watcher.attempted(&Attempt {
            user_uuid,
            username,
            outcome,
            origin: origin.clone(),
            message,
            time_ms,
        });
        login
    }

    async fn admit(
        &self,
        credentials: &Credentials,
        origin: &Origin,
        renewal: Renewal,
        user_uuid: &mut Option<String>,
    ) -> Result<Login, LoginError> {
        let rules = self.terms.rules.get().await;
        if rules.captcha {
            self.captchas.answer(credentials.captcha_uuid.as_deref(), credentials.captcha.as_deref()).await?;
        }
        let user = self.users.by_username(&credentials.username).await?;
        *user_uuid = user.as_ref().map(|user| user.uuid.clone());
        let user = self.verified(user, credentials, &rules).await?;
        // Only after the password: to anybody else a disabled user looks like none.
        if user.status != 1 {
            return Err(LoginError::Disabled);
        }
        let password_days = self.password_days(&user, &rules).await?;
        self.lockout.clear(&user.username).await;
        let (grant, user) = self.begin(user, origin, renewal).await?;
        Ok(Login { grant, password_days, user })
    }

    /// The user, if the password is theirs and the name is not locked.
    async fn verified(&self, user: Option<User>, credentials: &Credentials, rules: &Rules) -> Result<User, LoginError> {
        let Credentials { username, password, .. } = credentials;
        if let Some(left) = self.lockout.locked_for(username).await {
            return Err(LoginError::Locked(left));
        }
        let hash = user.as_ref().and_then(|user| user.password.clone());
        let matches = self.passwords.verify(password, hash.as_deref()).await?;
        match (self.lockout.settle(username, matches, rules).await, user) {
            (Verdict::Admitted, Some(user)) => self.strengthened(user, password).await,
            (Verdict::Locked(left), _) => Err(LoginError::Locked(left)),
            _ => Err(LoginError::WrongCredentials),
        }
    }

    /// Puts our own hash in the place of one that came from elsewhere, now that the password is at hand.
    async fn strengthened(&self, mut user: User, password: &str) -> Result<User, LoginError> {
        if let Some(old) = user.password.as_deref().filter(|hash| password::is_foreign(hash)) {
            let new = self.passwords.hash(password).await?;
            crud::replace_hash(&self.db, user.id, old, &new).await?;
            user.password = Some(new);
        }
        Ok(user)
    }

    async fn password_days(&self, user: &User, rules: &Rules) -> Result<Option<i32>, LoginError> {
        let changed = crud::password(&self.db, user.id).await?.and_then(|row| row.last_password_changed_time);
        match rules.age(changed, self.clock.now_ms()) {
            Age::Good => Ok(None),
            Age::Ending(days) => Ok(Some(days)),
            Age::Expired => Err(LoginError::PasswordExpired),
        }
    }

    async fn begin(&self, mut user: User, origin: &Origin, renewal: Renewal) -> Result<(Grant, User), LoginError> {
        let now_ms = self.clock.now_ms();
        let renewed = Renewed::random(self.terms.lives, now_ms);
        let (refresh_token, kept) = match renewal {
            Renewal::ByToken => (Some(renewed.refresh.text.clone()), Some(&renewed)),
            Renewal::Never => (None, None),
        };
        let session = NewSession {
            session: renewed.session,
            family: Uuid::new_v4(),
            user_id: user.id,
            username: user.username.clone(),
            nickname: user.nickname.clone(),
            ip: origin.ip.map(|ip| ip.to_string()),
            agent: UserAgent::parse(&origin.user_agent),
            refresh: kept.map(|renewed| (renewed.refresh.hash.clone(), renewed.refresh_expire_time)),
            now_ms,
            expire_time: renewed.expire_time,
        };
        let grant = self.grant(user.id, &renewed, refresh_token)?;
        crud::delete_expired(&self.db, now_ms).await?;
        let transaction = self.db.begin().await?;
        let hash = user.password.as_deref().unwrap_or_default();
        // First: logins of one user wait here for each other, and for a change of the password.
        if crud::note_login(&transaction, user.id, hash, now_ms).await? == 0 {
            return Err(LoginError::WrongCredentials);
        }
        if !user.is_multi_login {
            crud::spend_tokens_of(&transaction, user.id).await?;
            crud::delete_sessions_of(&transaction, user.id).await?;
        }
        crud::insert_session(&transaction, &session).await?;
        transaction.commit().await?;
        self.authenticator.forget_user(user.id).await;
        user.last_login_time = Some(now_ms);
        Ok((grant, user))
    }

    /// Ends the sessions of a request: that of its access token, and that of its refresh token.
    /// Tokens that are not good are no error.
    ///
    /// # Errors
    /// The database's.
    pub async fn logout(&self, headers: &HeaderMap, refresh_token: Option<&str>) -> Result<(), DbError> {
        if let Some(session) = self.authenticator.session_of(headers) {
            crud::delete_session(&self.db, session).await?;
            self.authenticator.forget_session(session).await;
        }
        if let Some(hash) = refresh_token.map(refresh_token::hash)
            && let Some(row) = crud::refreshable(&self.db, &hash).await?
        {
            crud::delete_family(&self.db, &row.family_uuid).await?;
            self.authenticator.forget_user(row.user_id).await;
        }
        Ok(())
    }

    /// Ends one session of a user, also by a name that it had before it was renewed. Its next
    /// request is a 401. One that is not there is no error.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, user_id: i64, session: Uuid) -> Result<(), DbError> {
        crud::delete_session_of(&self.db, user_id, session).await?;
        self.authenticator.forget_user(user_id).await;
        Ok(())
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_sessions(&self, user_id: i64) -> Result<(), DbError> {
        crud::delete_sessions_of(&self.db, user_id).await?;
        self.authenticator.forget_user(user_id).await;
        Ok(())
    }
}
