//! Values of a plugin that nothing may repeat: those of its secret settings, now and before.

use super::settings::Declared;
use arc_swap::ArcSwap;
use form_urlencoded::byte_serialize;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// A shorter value would be found in ordinary words.
const CHARACTERS_MIN: usize = 4;
/// Texts that are looked for in each line; of more, the oldest are forgotten.
const TEXTS_MAX: usize = 256;
/// What stands for a secret.
pub(super) const HIDDEN: &str = "***";

/// The values of a plugin's secrets, in every form in which its words may show them.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The oldest first.
    known: Mutex<VecDeque<String>>,
    /// The longest first, so that none hides a part of another.
    sought: ArcSwap<Vec<String>>,
}

impl Secrets {
    /// From now on the secrets among these settings are hidden, as those before are.
    pub(super) fn learn(&self, declared: &Declared, values: &Map<String, Value>) {
        let secret = declared.fields().iter().filter(|field| field.secret);
        let mut texts = Vec::new();
        secret.filter_map(|field| values.get(&field.key)).for_each(|value| add_texts(value, &mut texts));
        self.add(&texts);
    }

    /// The same of texts.
    pub(super) fn add(&self, texts: &[String]) {
        let forms = texts.iter().filter(|text| text.chars().count() >= CHARACTERS_MIN).flat_map(|text| forms(text));
        let mut known = self.known.lock();
        for form in forms {
            known.retain(|one| *one != form);
            known.push_back(form);
        }
        let excess = known.len().saturating_sub(TEXTS_MAX);
        known.drain(..excess);
        let mut sought: Vec<String> = known.iter().cloned().collect();
        sought.sort_by_key(|text| std::cmp::Reverse(text.len()));
        self.sought.store(Arc::new(sought));
    }

    /// `text` with `***` in the place of each secret.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.sought.load().iter() {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), HIDDEN));
            }
        }
        text
    }
}

/// A secret may be of any form; whatever in it is text may turn up alone.
fn add_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => texts.push(number.to_string()),
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| add_texts(value, texts)),
        Value::Object(values) => values.values().for_each(|value| add_texts(value, texts)),
    }
}

/// As it is, as JSON and Rust's `{:?}` write it, and as a part of a URL; and each of these in another.
fn forms(text: &str) -> BTreeSet<String> {
    let once: BTreeSet<String> = written(text).into();
    once.iter().flat_map(|form| written(form)).collect()
}

fn written(text: &str) -> [String; 4] {
    let in_url = byte_serialize(text.as_bytes()).collect();
    [text.to_owned(), unquoted(&Value::from(text).to_string()), unquoted(&format!("{text:?}")), in_url]
}

/// What stands between the quotes.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secrets(values: &[Value]) -> Secrets {
        let (secrets, mut texts) = (Secrets::default(), Vec::new());
        values.iter().for_each(|value| add_texts(value, &mut texts));
        secrets.add(&texts);
        secrets
    }

    #[test]
    fn a_secret_is_hidden_in_each_of_its_forms() {
        let secrets = secrets(&[json!("pass word\"&\n"), json!({"user": ["inner-one"], "pin": 4711}), json!("abc")]);
        for (text, expected) in [
            ("nothing to hide", "nothing to hide"),
            ("it is pass word\"&\n!", "it is ***!"),
            (r#"it is pass word\"&\n!"#, "it is ***!"),
            (r#"{\"a\":\"it is pass word\\\"&\\n\"}"#, r#"{\"a\":\"it is ***\"}"#),
            ("postgres://me:pass+word%22%26%0A@db", "postgres://me:***@db"),
            ("inner-one and 4711", "*** and ***"),
            ("abc is too short to be told from other words", "abc is too short to be told from other words"),
        ] {
            assert_eq!(secrets.hide(text), expected);
        }
    }

    #[test]
    fn none_hides_a_part_of_another_and_former_ones_stay_hidden_for_long() {
        let secrets = secrets(&[json!("geheim"), json!("geheim-und-mehr")]);
        assert_eq!(secrets.hide("geheim-und-mehr, geheim"), "***, ***");
        (0..TEXTS_MAX - 2).for_each(|number| secrets.add(&[format!("other{number}")]));
        assert_eq!(secrets.hide("geheim"), HIDDEN);
        secrets.add(&["one too many".replace(' ', "-")]);
        assert_eq!(secrets.hide("geheim"), "geheim");
    }
}
