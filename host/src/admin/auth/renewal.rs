//! How a session outlives its access token: by a refresh token, which is replaced each time.

use super::authenticator::AuthError;
use super::model::Renewed;
use super::refresh_token::{self, RefreshToken};
use super::service::{AuthService, TokenLives};
use super::token::Claims;
use super::{crud, sessions};
use plugin_api::db::DbError;
use uuid::Uuid;

/// A session with its tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token, good until `expire_time`.
    pub access_token: String,
    /// Unix milliseconds.
    pub expire_time: i64,
    /// The session.
    pub session: Uuid,
    /// What the session is renewed with.
    pub refresh_token: Option<String>,
}

/// Why a session was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The token, or its user.
    #[error(transparent)]
    Refused(#[from] AuthError),
    /// The user may be logged in only once, and has logged in again.
    #[error("logged in elsewhere")]
    Elsewhere,
    /// The database.
    #[error("failed to renew a session")]
    Storage(#[from] DbError),
    /// The token could not be signed.
    #[error("failed to sign a token")]
    Token(#[from] jsonwebtoken::errors::Error),
}

impl AuthService {
    /// Renews the session of a refresh token: another session, another access token and another
    /// refresh token take its place. A token that is shown a second time was copied, and nobody
    /// knows by whom: everything that came of its login ends.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(&self, token: &str) -> Result<Grant, RefreshError> {
        let hash = refresh_token::hash(token);
        let Some(row) = crud::refreshable(&self.db, &hash).await? else {
            return Err(self.refused(&hash).await?);
        };
        let now_ms = self.clock.now_ms();
        if row.refresh_expire_time <= now_ms {
            return Err(AuthError::Expired.into());
        }
        sessions::check_user(row.status, row.dept_status, row.dept_deleted)?;
        if !row.is_multi_login && crud::has_later_login(&self.db, &row).await? {
            return Err(RefreshError::Elsewhere);
        }
        let renewed = Renewed::random(self.terms.lives, now_ms);
        let grant = self.grant(row.user_id, &renewed, Some(renewed.refresh.text.clone()))?;
        let transaction = self.db.begin().await?;
        if crud::renew(&transaction, &hash, &renewed, now_ms).await? == 0 {
            drop(transaction);
            return Err(self.refused(&hash).await?);
        }
        crud::spend_token(&transaction, &hash, &row).await?;
        transaction.commit().await?;
        self.authenticator.forget_user(row.user_id).await;
        Ok(grant)
    }

    /// Why a token that no session has is refused.
    async fn refused(&self, hash: &str) -> Result<RefreshError, DbError> {
        let Some(spent) = crud::spent_token(&self.db, hash).await? else {
            return Ok(AuthError::Invalid.into());
        };
        if spent.reason == crud::REPLACED {
            return Ok(RefreshError::Elsewhere);
        }
        let ended = crud::delete_family(&self.db, &spent.family_uuid).await?;
        self.authenticator.forget_user(spent.user_id).await;
        tracing::warn!(user_id = spent.user_id, ended, "a refresh token was used twice; its login was ended");
        Ok(AuthError::Expired.into())
    }

    /// The tokens of a session.
    pub(super) fn grant(
        &self,
        user_id: i64,
        renewed: &Renewed,
        refresh_token: Option<String>,
    ) -> Result<Grant, jsonwebtoken::errors::Error> {
        let exp = u64::try_from(renewed.expire_time / 1000).unwrap_or_default();
        let claims = Claims { session_uuid: renewed.session, exp, sub: user_id.to_string() };
        let access_token = self.authenticator.key().sign(&claims)?;
        Ok(Grant { access_token, expire_time: renewed.expire_time, session: renewed.session, refresh_token })
    }
}

impl Renewed {
    /// Another session with tokens that begin to live at `now_ms`.
    pub(super) fn random(lives: TokenLives, now_ms: i64) -> Self {
        // A token says when it ends in whole seconds.
        let now_s = now_ms / 1000;
        Self {
            session: Uuid::new_v4(),
            expire_time: (now_s + i64::from(lives.access_seconds)) * 1000,
            refresh: RefreshToken::random(),
            refresh_expire_time: (now_s + i64::from(lives.refresh_seconds)) * 1000,
        }
    }
}
