//! A text for people, in every language that the API speaks.

use std::borrow::Cow;

/// The languages of the API's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Simplified Chinese, what clients get that ask for nothing we speak.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The language of an IETF tag (`en`, `en-US`, `zh`, `zh-CN`, `zh-Hans`, …), if it is one of ours.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The first language of an `Accept-Language` header that we speak.
    ///
    /// The order of the header counts, weights do not: every browser writes them descending.
    pub fn of_accept_header(header: &str) -> Option<Self> {
        header.split(',').filter_map(|entry| entry.split(';').next()).find_map(Self::of_tag)
    }

    /// The IETF tag: `zh-CN` or `en-US`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en-US",
        }
    }
}

/// One text in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    english: Cow<'static, str>,
    chinese: Cow<'static, str>,
}

impl Message {
    /// A text whose words are known when the program is built.
    pub const fn fixed(english: &'static str, chinese: &'static str) -> Self {
        Self { english: Cow::Borrowed(english), chinese: Cow::Borrowed(chinese) }
    }

    /// A text with values in it.
    pub fn new(english: impl Into<Cow<'static, str>>, chinese: impl Into<Cow<'static, str>>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// A text that exists in one language only, such as a parser's own words.
    pub fn untranslated(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { english: Cow::Owned(text.clone()), chinese: Cow::Owned(text) }
    }

    /// The text in `language`.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_we_speak_is_chosen() {
        let cases = [
            ("en-US", Some(Language::English)),
            ("en", Some(Language::English)),
            ("zh-Hans;q=0.9", Some(Language::Chinese)),
            ("fr-FR, en;q=0.8, zh;q=0.7", Some(Language::English)),
            ("zh_CN,en", Some(Language::Chinese)),
            ("fr", None),
            ("", None),
            (";;,,", None),
            ("english", None),
        ];
        for (header, expected) in cases {
            assert_eq!(Language::of_accept_header(header), expected, "{header:?}");
        }
    }
}
