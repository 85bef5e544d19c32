//! From a request's headers to the user behind them.

use super::Identity;
use super::token::{TokenError, TokenKey};
use crate::cache::{Announcement, Announcements, Memory};
use futures_util::future::BoxFuture;
use http::{HeaderMap, header};
use parking_lot::Mutex;
use plugin_api::db::DbError;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Tokens remembered at once; the least used ones go first.
const REMEMBERED_MAX: usize = 10_000;
/// How long an identity is believed without looking again. Changes are seen at once, those of other
/// processes too; this bounds what was changed past all of them.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);

/// Why a token does not make its bearer a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// It was never one of ours.
    #[error("token invalid")]
    Invalid,
    /// Its time is over, or its session was ended.
    #[error("token expired")]
    Expired,
    /// The user was disabled.
    #[error("user disabled")]
    UserDisabled,
    /// The user's department was disabled or deleted.
    #[error("department disabled")]
    DeptDisabled,
    /// Every role of the user is disabled.
    #[error("every role disabled")]
    RolesDisabled,
    /// The session could not be looked up.
    #[error("failed to load the session")]
    Storage(#[source] DbError),
}

/// Where sessions are looked up when they are not remembered.
pub trait SessionSource: Send + Sync + 'static {
    /// The user of a live session.
    fn load(&self, session: Uuid) -> BoxFuture<'_, Result<Identity, AuthError>>;
}

/// Tells who is calling. One per process; shared by the core's routes and the plugins'.
pub struct Authenticator {
    key: TokenKey,
    sessions: Box<dyn SessionSource>,
    announcements: Announcements,
    known: Arc<Known>,
}

/// Who is remembered.
struct Known {
    remembered: Cache<String, Remembered>,
    /// Counts invalidations, so that a load that began before one is not remembered after it. Held
    /// while somebody is remembered or forgotten.
    epoch: Mutex<u64>,
}

#[derive(Clone)]
struct Remembered {
    identity: Arc<Identity>,
    /// Unix seconds.
    expires_at: u64,
    since: Instant,
}

impl Authenticator {
    /// Verifies with `key`, looks sessions up in `sessions`; what is forgotten here is forgotten by
    /// every process that hears `announcements`.
    pub fn new(key: TokenKey, sessions: impl SessionSource, announcements: Announcements) -> Self {
        let known = Arc::new(Known { remembered: Cache::new(REMEMBERED_MAX), epoch: Mutex::new(0) });
        announcements.enlist(&known);
        Self { key, sessions: Box::new(sessions), announcements, known }
    }

    /// The key that signs this process' tokens.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// How many tokens are remembered.
    pub fn remembered(&self) -> usize {
        self.known.remembered.len()
    }

    /// The user whose token the request carries; None if it carries no Bearer token.
    ///
    /// # Errors
    /// [`AuthError`] if it carries one that is not good.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Option<Arc<Identity>>, AuthError> {
        match bearer(headers) {
            None => Ok(None),
            Some(token) => self.identity_of(token).await.map(Some),
        }
    }

    /// The session that a request's token names, if the token is one of ours and in time; whether
    /// the session is still there is not asked.
    pub fn session_of(&self, headers: &HeaderMap) -> Option<Uuid> {
        let claims = self.key.verify(bearer(headers)?).ok()?;
        Some(claims.session_uuid)
    }

    async fn identity_of(&self, token: &str) -> Result<Arc<Identity>, AuthError> {
        if let Some(known) = self.known.remembered.get(token)
            && known.since.elapsed() < REMEMBERED_FOR
            && self.announcements.are_heard()
        {
            return if known.expires_at > jsonwebtoken::get_current_timestamp() {
                Ok(known.identity)
            } else {
                Err(AuthError::Expired)
            };
        }
        let claims = self.key.verify(token).map_err(|error| match error {
            TokenError::Expired => AuthError::Expired,
            TokenError::Invalid => AuthError::Invalid,
        })?;
        let epoch = *self.known.epoch.lock();
        let identity = Arc::new(self.sessions.load(claims.session_uuid).await?);
        if identity.user_id.to_string() != claims.sub {
            return Err(AuthError::Invalid);
        }
        let remembered = Remembered { identity: identity.clone(), expires_at: claims.exp, since: Instant::now() };
        let now = self.known.epoch.lock();
        if *now == epoch {
            self.known.remembered.insert(token.to_owned(), remembered);
        }
        Ok(identity)
    }

    /// Forgets every session of a user, in every process: what they may do has changed.
    pub async fn forget_user(&self, user_id: i64) {
        self.announcements.tell(Announcement::User(user_id)).await;
    }

    /// Forgets one session, in every process: it has ended.
    pub async fn forget_session(&self, session: Uuid) {
        self.announcements.tell(Announcement::Session(session)).await;
    }

    /// Forgets everybody, in every process: roles or menus have changed.
    pub async fn forget_all(&self) {
        self.announcements.tell(Announcement::Everybody).await;
    }
}

impl Memory for Known {
    fn forget(&self, what: &Announcement) {
        let mut epoch = self.epoch.lock();
        match what {
            Announcement::User(id) => self.remembered.retain(|_, known| known.identity.user_id != *id),
            Announcement::Session(id) => self.remembered.retain(|_, known| known.identity.session != *id),
            // The menu entries of plugins carry permissions.
            Announcement::Everybody | Announcement::Plugins | Announcement::Everything => self.remembered.clear(),
            Announcement::Logs => return,
        }
        *epoch += 1;
    }
}

/// The token of an `Authorization: Bearer …` header; None for no header and for other schemes.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::auth::Profile;
    use crate::admin::auth::token::Claims;
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counting(Arc<AtomicUsize>);

    impl SessionSource for Counting {
        fn load(&self, session: Uuid) -> BoxFuture<'_, Result<Identity, AuthError>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                Ok(Identity {
                    user_id: 7,
                    uuid: String::new(),
                    username: "bob".to_owned(),
                    is_superuser: false,
                    is_staff: false,
                    permissions: Arc::new(HashSet::new()),
                    session,
                    has_roles: false,
                    has_menus: false,
                    profile: Profile::default(),
                })
            })
        }
    }

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    fn token(sub: &str) -> String {
        let claims = Claims { session_uuid: Uuid::from_u128(1), exp: u64::from(u32::MAX), sub: sub.to_owned() };
        TokenKey::new(b"k").sign(&claims).unwrap()
    }

    #[tokio::test]
    async fn a_session_is_looked_up_once_until_it_is_forgotten() {
        let loads = Arc::new(AtomicUsize::new(0));
        let authenticator = Authenticator::new(TokenKey::new(b"k"), Counting(loads.clone()), Announcements::default());
        let headers = headers(&format!("Bearer {}", token("7")));
        for _ in 0..3 {
            assert_eq!(authenticator.identify(&headers).await.unwrap().unwrap().user_id, 7);
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        authenticator.forget_user(8).await;
        authenticator.identify(&headers).await.unwrap();
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        for what in [
            Announcement::User(7),
            Announcement::Session(Uuid::from_u128(1)),
            Announcement::Everybody,
            Announcement::Plugins,
        ] {
            let before = loads.load(Ordering::SeqCst);
            authenticator.announcements.tell(what).await;
            authenticator.identify(&headers).await.unwrap();
            assert_eq!(loads.load(Ordering::SeqCst), before + 1);
        }
    }

    #[tokio::test]
    async fn other_schemes_are_no_token_and_bad_tokens_are_errors() {
        let authenticator = Authenticator::new(TokenKey::new(b"k"), Counting(Arc::default()), Announcements::default());
        assert_eq!(authenticator.identify(&HeaderMap::new()).await, Ok(None));
        assert_eq!(authenticator.identify(&headers("Basic YTpi")).await, Ok(None));
        assert_eq!(authenticator.identify(&headers("Bearer x")).await, Err(AuthError::Invalid));
        let of_another = headers(&format!("bearer {}", token("8")));
        assert_eq!(authenticator.identify(&of_another).await, Err(AuthError::Invalid));
    }
}
