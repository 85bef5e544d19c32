//! Which passwords are taken, and how one becomes a user's.

use super::authenticator::Authenticator;
use super::crud;
use super::model::PasswordRow;
use super::password::{PasswordError, Passwords};
use super::rules::{CurrentRules, HISTORY_MAX, Rules};
use crate::admin::Clock;
use plugin_api::db::{Database, DbError, Statements};
use std::sync::Arc;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The rules about passwords, over the passwords of users. Cheap to clone.
#[derive(Clone)]
pub struct PasswordRules {
    db: Database,
    clock: Clock,
    passwords: Passwords,
    rules: CurrentRules,
    authenticator: Arc<Authenticator>,
}

/// How old a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Young enough.
    Good,
    /// It has to be changed within this many days.
    Ending(i32),
    /// It has to be changed.
    Expired,
}

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Too short or too long.
    #[error("not of {min} to {max} characters")]
    Length {
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    },
    /// No digit.
    #[error("no digit")]
    NoDigit,
    /// No letter.
    #[error("no letter")]
    NoLetter,
    /// No other character.
    #[error("no special character")]
    NoSpecial,
    /// It is the user's password already, or was one of the last.
    #[error("used before")]
    UsedBefore,
    /// The user is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The database.
    #[error("failed to keep a password")]
    Storage(#[from] DbError),
    /// It could not be hashed.
    #[error("failed to hash a password")]
    Hash(#[from] PasswordError),
}

/// Takes away what is remembered of a user who is being deleted.
///
/// # Errors
/// The database's.
pub async fn forget(db: &impl Statements, user_id: i64) -> Result<(), DbError> {
    crud::prune_former(db, user_id, 0).await.map(drop)
}

impl PasswordRules {
    /// Over the users in `db`.
    pub fn new(
        db: Database,
        clock: Clock,
        passwords: Passwords,
        rules: CurrentRules,
        authenticator: Arc<Authenticator>,
    ) -> Self {
        Self { db, clock, passwords, rules, authenticator }
    }

    /// Whether a user may take this password.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub async fn check(&self, user_id: i64, new_password: &str) -> Result<(), PolicyError> {
        let row = crud::password(&self.db, user_id).await?.ok_or(PolicyError::NoSuchUser)?;
        self.check_against(&row, user_id, new_password).await
    }

    /// Makes this password the user's and ends every session of theirs.
    ///
    /// # Errors
    /// [`PolicyError`]; then nothing has changed.
    pub async fn set_password(&self, user_id: i64, new_password: &str) -> Result<(), PolicyError> {
        let row = crud::password(&self.db, user_id).await?.ok_or(PolicyError::NoSuchUser)?;
        self.check_against(&row, user_id, new_password).await?;
        let hash = self.passwords.hash(new_password).await?;
        let now_ms = self.clock.now_ms();
        let transaction = self.db.begin().await?;
        if crud::set_password(&transaction, user_id, &hash, now_ms).await? == 0 {
            return Err(PolicyError::NoSuchUser);
        }
        if let Some(former) = &row.password {
            crud::insert_former(&transaction, user_id, former, now_ms).await?;
            crud::prune_former(&transaction, user_id, HISTORY_MAX).await?;
        }
        crud::delete_sessions_of(&transaction, user_id).await?;
        transaction.commit().await?;
        self.authenticator.forget_user(user_id).await;
        Ok(())
    }

    /// The hash of a password for a user who is about to be created.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub async fn hash_first(&self, password: &str) -> Result<String, PolicyError> {
        self.rules.get().await.check_form(password)?;
        Ok(self.passwords.hash(password).await?)
    }

    /// Whether it is the user's password now.
    ///
    /// # Errors
    /// [`PolicyError::Storage`] or [`PolicyError::Hash`].
    pub async fn is_current(&self, user_id: i64, password: &str) -> Result<bool, PolicyError> {
        let row = crud::password(&self.db, user_id).await?;
        let hash = row.and_then(|row| row.password);
        Ok(self.passwords.verify(password, hash.as_deref()).await?)
    }

    async fn check_against(&self, row: &PasswordRow, user_id: i64, password: &str) -> Result<(), PolicyError> {
        let rules = self.rules.get().await;
        rules.check_form(password)?;
        let mut hashes = crud::former(&self.db, user_id, rules.history.min(HISTORY_MAX)).await?;
        hashes.extend(row.password.clone());
        for hash in hashes {
            if self.passwords.verify(password, Some(&hash)).await? {
                return Err(PolicyError::UsedBefore);
            }
        }
        Ok(())
    }
}

impl Rules {
    /// What of the rules the password alone can break.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn check_form(&self, password: &str) -> Result<(), PolicyError> {
        let length = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
        if length < self.min_length || length > self.max_length {
            return Err(PolicyError::Length { min: self.min_length, max: self.max_length });
        }
        if !password.contains(|c: char| c.is_ascii_digit()) {
            return Err(PolicyError::NoDigit);
        }
        if !password.contains(char::is_alphabetic) {
            return Err(PolicyError::NoLetter);
        }
        if self.require_special && !password.contains(|c: char| !c.is_alphanumeric()) {
            return Err(PolicyError::NoSpecial);
        }
        Ok(())
    }

    /// How old a password is that was set at `changed_ms`. Of one without a time nothing is known.
    pub(super) fn age(&self, changed_ms: Option<i64>, now_ms: i64) -> Age {
        let Some(changed_ms) = changed_ms.filter(|_| self.expire_days > 0) else {
            return Age::Good;
        };
        let left_ms = changed_ms.saturating_add(i64::from(self.expire_days) * DAY_MS).saturating_sub(now_ms);
        if left_ms <= 0 {
            return Age::Expired;
        }
        let days = i32::try_from(left_ms.saturating_add(DAY_MS - 1) / DAY_MS).unwrap_or(i32::MAX);
        if i64::from(days) <= i64::from(self.reminder_days) { Age::Ending(days) } else { Age::Good }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_six_to_thirty_two_characters_with_a_digit_and_a_letter() {
        let rules = Rules::default();
        let strict = Rules { require_special: true, ..Rules::default() };
        let long = "a1".repeat(17);
        let cases = [
            (&rules, "a1234", Some("not of 6 to 32 characters")),
            (&rules, "", Some("not of 6 to 32 characters")),
            (&rules, &long, Some("not of 6 to 32 characters")),
            (&rules, "abcdef", Some("no digit")),
            (&rules, "123456", Some("no letter")),
            (&rules, "a12345", None),
            (&rules, "密码密码12", None),
            (&strict, "a12345", Some("no special character")),
            (&strict, "a1234!", None),
        ];
        for (rules, password, expected) in cases {
            let refused = rules.check_form(password).err().map(|error| error.to_string());
            assert_eq!(refused.as_deref(), expected, "{password}");
        }
    }

    #[test]
    fn a_password_lives_a_year_and_its_last_week_is_told() {
        let rules = Rules::default();
        let never = Rules { expire_days: 0, ..Rules::default() };
        let now_ms = 1_750_969_746_000;
        let days_ago = |days: i64| Some(now_ms - days * DAY_MS);
        let cases = [
            (&rules, days_ago(0), Age::Good),
            (&rules, days_ago(357), Age::Good),
            (&rules, days_ago(358), Age::Ending(7)),
            (&rules, days_ago(364), Age::Ending(1)),
            (&rules, days_ago(365), Age::Expired),
            (&rules, None, Age::Good),
            (&never, days_ago(9999), Age::Good),
        ];
        for (rules, changed, expected) in cases {
            assert_eq!(rules.age(changed, now_ms), expected, "{changed:?}");
        }
    }
}
