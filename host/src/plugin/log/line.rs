//! A line that is kept.

use crate::loader::RequestDigits;
use plugin_api::services::Level;
use std::sync::Arc;

/// Stands at the end of what was too long.
const CUT: char = '…';

/// A line about a plugin, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Grows by one from line to line, and from one process to the next.
    pub number: u64,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// How grave.
    pub level: Level,
    /// The version that it is about.
    pub version: Arc<str>,
    /// Who says it: `host`, or what the plugin gave.
    pub target: Box<str>,
    /// The words.
    pub message: Box<str>,
    /// A JSON object, cut off if it was too long.
    pub fields: Option<Box<str>>,
    /// The request that was being answered.
    pub request: Option<RequestDigits>,
}

/// The beginning of `text` that has at most `bytes`.
pub(super) fn bounded(text: &str, bytes: usize) -> Box<str> {
    if text.len() <= bytes {
        return text.into();
    }
    let end = text.floor_char_boundary(bytes.saturating_sub(CUT.len_utf8()));
    let mut cut = String::with_capacity(end + CUT.len_utf8());
    cut.push_str(&text[..end]);
    cut.push(CUT);
    cut.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_are_cut_between_characters() {
        for (text, bytes, expected) in [
            ("short", 5, "short"),
            ("longer", 5, "lo…"),
            ("字字字", 9, "字字字"),
            ("字字字字", 11, "字字…"),
            ("x", 0, "…"),
        ] {
            assert_eq!(&*bounded(text, bytes), expected, "{text} in {bytes}");
        }
    }
}
