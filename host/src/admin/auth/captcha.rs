//! Captchas that were shown and not answered yet.
//!
//! Any process takes the answer of a captcha that another has shown; while they can't share, it has to be the
//! one that has shown it.

use super::picture;
use crate::cache::{Cluster, Redis};
use quick_cache::sync::Cache;
use rand::RngExt;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long an answer is kept.
pub const CAPTCHA_SECONDS: u32 = 300;
/// Captchas kept at once; the least used ones go first.
const CAPTCHAS_MAX: usize = 10_000;
/// Characters of an answer.
const CHARACTERS: usize = 4;
/// Without those that look alike.
const ALPHABET: &[u8] = b"ABCEFHJKLMNPRTUWXY34679";

/// What was shown and what it says. One per process.
pub struct Captchas {
    redis: Option<Redis>,
    answers: Cache<Uuid, Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    text: String,
    since: Instant,
}

/// A captcha to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Names it.
    pub uuid: Uuid,
    /// A PNG.
    pub picture: Vec<u8>,
}

/// Why a captcha does not let anybody through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptchaError {
    /// There is no answer.
    #[error("no captcha")]
    Missing,
    /// It was answered before, is too old, or never was.
    #[error("captcha expired")]
    Expired,
    /// It says something else.
    #[error("wrong captcha")]
    Wrong,
}

impl Captchas {
    /// Those of every process of `cluster`.
    pub fn of(cluster: &Cluster) -> Self {
        Self { redis: cluster.redis().cloned(), answers: Cache::new(CAPTCHAS_MAX) }
    }

    /// Makes a new one.
    pub async fn show(&self) -> Shown {
        let text = random_text();
        let (uuid, picture) = (Uuid::new_v4(), picture::draw(&text));
        self.keep(uuid, text).await;
        Shown { uuid, picture }
    }

    /// Takes an answer, upper or lower case. A captcha can be answered once: after a wrong answer
    /// too it is gone, or it could be guessed.
    ///
    /// # Errors
    /// [`CaptchaError`].
    pub async fn answer(&self, uuid: Option<&str>, text: Option<&str>) -> Result<(), CaptchaError> {
        let said = |text: Option<&str>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (uuid, text) = said(uuid).zip(said(text)).ok_or(CaptchaError::Missing)?;
        let uuid = Uuid::parse_str(&uuid).map_err(|_| CaptchaError::Expired)?;
        let expected = self.take(uuid).await.ok_or(CaptchaError::Expired)?;
        if expected.eq_ignore_ascii_case(&text) { Ok(()) } else { Err(CaptchaError::Wrong) }
    }

    async fn keep(&self, uuid: Uuid, text: String) {
        if let Some(redis) = &self.redis {
            match redis.put(&key(uuid), &text, CAPTCHA_SECONDS).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "a captcha is kept by this process alone"),
            }
        }
        self.answers.insert(uuid, Answer { text, since: Instant::now() });
    }

    async fn take(&self, uuid: Uuid) -> Option<String> {
        if let Some((_, answer)) = self.answers.remove(&uuid) {
            let kept = Duration::from_secs(u64::from(CAPTCHA_SECONDS));
            return (answer.since.elapsed() < kept).then_some(answer.text);
        }
        let taken = self.redis.as_ref()?.take(&key(uuid)).await;
        taken.unwrap_or_else(|error| {
            tracing::debug!(%error, "the captchas of other processes can't be had");
            None
        })
    }
}

fn random_text() -> String {
    let mut generator = rand::rng();
    (0..CHARACTERS).map(|_| char::from(ALPHABET[generator.random_range(0..ALPHABET.len())])).collect()
}

fn key(uuid: Uuid) -> String {
    format!("login:captcha:{uuid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(captchas: &Captchas, uuid: Uuid) -> String {
        captchas.answers.get(&uuid).unwrap().text
    }

    #[tokio::test]
    async fn an_answer_counts_once_whether_right_or_wrong() {
        let captchas = Captchas::of(&Cluster::alone());
        for (answer, expected) in [(None, Ok(())), (Some("no"), Err(CaptchaError::Wrong))] {
            let uuid = captchas.show().await.uuid;
            let text = text_of(&captchas, uuid).to_lowercase();
            let uuid = uuid.to_string();
            assert_eq!(captchas.answer(Some(&uuid), Some("")).await, Err(CaptchaError::Missing));
            assert_eq!(captchas.answer(None, Some(&text)).await, Err(CaptchaError::Missing));
            assert_eq!(captchas.answer(Some(&uuid), Some(answer.unwrap_or(&text))).await, expected);
            assert_eq!(captchas.answer(Some(&uuid), Some(&text)).await, Err(CaptchaError::Expired));
        }
        assert_eq!(captchas.answer(Some("nope"), Some("AAAA")).await, Err(CaptchaError::Expired));
    }

    #[tokio::test]
    async fn a_captcha_of_five_minutes_ago_has_expired() {
        let captchas = Captchas::of(&Cluster::alone());
        let since = Instant::now().checked_sub(Duration::from_secs(u64::from(CAPTCHA_SECONDS))).unwrap();
        captchas.answers.insert(Uuid::nil(), Answer { text: "AAAA".to_owned(), since });
        assert_eq!(captchas.answer(Some(&Uuid::nil().to_string()), Some("AAAA")).await, Err(CaptchaError::Expired));
    }
}
