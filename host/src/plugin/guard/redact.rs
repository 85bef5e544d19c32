//! A plugin's own words, fit to be kept and shown: short, in one line, and without what is secret.

use crate::plugin::secrets::{HIDDEN, Secrets};

/// Longer words tell no more to a person.
const CHARACTERS_MAX: usize = 200;
/// Words after which a secret follows.
const NAMES: [&str; 6] = ["password", "passwd", "secret", "token", "api_key", "apikey"];

/// `text` without any of `secrets`, without the credentials of URLs, and without what follows the name of a secret.
pub(super) fn redacted(text: &str, secrets: &Secrets) -> String {
    // First, since a secret may have spaces in it.
    let text = secrets.hide(text);
    let words: Vec<String> = text.split_whitespace().map(|word| without_named(&without_credentials(word))).collect();
    shortened(&words.join(" "))
}

/// `scheme://user:password@host` loses what stands before the host.
fn without_credentials(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => word.to_owned(),
    }
}

/// `password=…` and `token:…` keep their names.
fn without_named(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    for name in NAMES {
        let Some(at) = lower.find(name) else { continue };
        let value = at + name.len();
        if let Some(sign) = word[value..].find(['=', ':']).filter(|sign| *sign <= 2) {
            return format!("{}{HIDDEN}", &word[..=value + sign]);
        }
    }
    word.to_owned()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_long_words_shortened() {
        let secrets = Secrets::default();
        secrets.add(&["hunter22".to_owned(), "ab".to_owned(), "of two  words".to_owned()]);
        for (text, expected) in [
            ("index out of bounds", "index out of bounds"),
            ("login with hunter22 failed", "login with *** failed"),
            ("about\n  a line", "about a line"),
            ("a secret of two  words", "a secret ***"),
            ("connect postgres://me:s3cret@db/x failed", "connect postgres://***@db/x failed"),
            ("see https://example.org/a@b", "see https://example.org/a@b"),
            ("{\"password\":\"x\"} was wrong", "{\"password\":*** was wrong"),
            ("API_TOKEN=12345 is bad", "API_TOKEN=*** is bad"),
            ("the token was lost", "the token was lost"),
        ] {
            assert_eq!(redacted(text, &secrets), expected);
        }
        assert_eq!(redacted(&"字".repeat(300), &secrets).chars().count(), CHARACTERS_MAX + 1);
    }
}
