//! Captchas that were shown and not answered yet.

use super::picture;
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

impl Default for Captchas {
    fn default() -> Self {
        Self { answers: Cache::new(CAPTCHAS_MAX) }
    }
}

impl Captchas {
    /// Makes a new one.
    pub fn show(&self) -> Shown {
        let mut generator = rand::rng();
        let text: String =
            (0..CHARACTERS).map(|_| char::from(ALPHABET[generator.random_range(0..ALPHABET.len())])).collect();
        let (uuid, picture) = (Uuid::new_v4(), picture::draw(&text));
        self.answers.insert(uuid, Answer { text, since: Instant::now() });
        Shown { uuid, picture }
    }

    /// Takes an answer, upper or lower case. A captcha can be answered once: after a wrong answer
    /// too it is gone, or it could be guessed.
    ///
    /// # Errors
    /// [`CaptchaError`].
    pub fn answer(&self, uuid: Option<&str>, text: Option<&str>) -> Result<(), CaptchaError> {
        let said = |text: Option<&str>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (uuid, text) = said(uuid).zip(said(text)).ok_or(CaptchaError::Missing)?;
        let shown = Uuid::parse_str(&uuid).ok().and_then(|uuid| self.answers.remove(&uuid));
        let kept = Duration::from_secs(u64::from(CAPTCHA_SECONDS));
        let (_, answer) = shown.filter(|(_, answer)| answer.since.elapsed() < kept).ok_or(CaptchaError::Expired)?;
        if answer.text.eq_ignore_ascii_case(&text) { Ok(()) } else { Err(CaptchaError::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(captchas: &Captchas, uuid: Uuid) -> String {
        captchas.answers.get(&uuid).unwrap().text
    }

    #[test]
    fn an_answer_counts_once_whether_right_or_wrong() {
        let captchas = Captchas::default();
        for (answer, expected) in [(None, Ok(())), (Some("no"), Err(CaptchaError::Wrong))] {
            let uuid = captchas.show().uuid;
            let text = text_of(&captchas, uuid).to_lowercase();
            let uuid = uuid.to_string();
            assert_eq!(captchas.answer(Some(&uuid), Some("")), Err(CaptchaError::Missing));
            assert_eq!(captchas.answer(None, Some(&text)), Err(CaptchaError::Missing));
            assert_eq!(captchas.answer(Some(&uuid), Some(answer.unwrap_or(&text))), expected);
            assert_eq!(captchas.answer(Some(&uuid), Some(&text)), Err(CaptchaError::Expired));
        }
        assert_eq!(captchas.answer(Some("nope"), Some("AAAA")), Err(CaptchaError::Expired));
    }

    #[test]
    fn a_captcha_of_five_minutes_ago_has_expired() {
        let captchas = Captchas::default();
        let since = Instant::now().checked_sub(Duration::from_secs(u64::from(CAPTCHA_SECONDS))).unwrap();
        captchas.answers.insert(Uuid::nil(), Answer { text: "AAAA".to_owned(), since });
        assert_eq!(captchas.answer(Some(&Uuid::nil().to_string()), Some("AAAA")), Err(CaptchaError::Expired));
    }
}
