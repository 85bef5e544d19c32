//! What a column of the source may hold, and how its values become ours.

use plugin_api::db::{Value, ValueRef};

/// Longest text of a column without a width, in characters.
const TEXT_CHARACTERS_MAX: usize = 65_536;
/// Numbers and truth values are asked for as text, of which no more is wanted.
const NUMBER_CHARACTERS_MAX: usize = 40;
/// Characters of a rejected value that are shown.
const SHOWN_CHARACTERS_MAX: usize = 40;
/// From 1900 to 9999, in Unix milliseconds.
const TIMES: std::ops::RangeInclusive<i64> = -2_208_988_800_000..=253_402_300_799_999;
/// Dearer hashes would make each login a denial of service.
const BCRYPT_COST_MAX: u32 = 15;
const BCRYPT_CHARACTERS: usize = 60;

/// A column that is moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in the source.
    pub(super) name: &'static str,
    /// Its name here.
    pub(super) ours: &'static str,
    kind: Kind,
    is_required: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Text, perhaps empty.
    Text {
        characters_max: usize,
    },
    /// Text that is not empty.
    Name {
        characters_max: usize,
    },
    /// An e-mail address; an empty one is none.
    Email {
        characters_max: usize,
    },
    /// http(s), or a path of the same site.
    Address {
        characters_max: usize,
    },
    /// A bcrypt hash.
    Hash,
    /// JSON, as text.
    Json,
    /// 0 to `last`.
    Choice {
        last: i64,
    },
    /// A number of 32 bits.
    Number,
    /// The id of another row.
    Reference,
    Float,
    Bool,
    Time,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, ours: name, kind, is_required: true }
    }

    pub(super) const fn text(name: &'static str, characters_max: usize) -> Self {
        Self::new(name, Kind::Text { characters_max })
    }

    pub(super) const fn long_text(name: &'static str) -> Self {
        Self::text(name, TEXT_CHARACTERS_MAX)
    }

    pub(super) const fn name(name: &'static str, characters_max: usize) -> Self {
        Self::new(name, Kind::Name { characters_max })
    }

    pub(super) const fn email(name: &'static str, characters_max: usize) -> Self {
        Self::new(name, Kind::Email { characters_max })
    }

    pub(super) const fn address(name: &'static str, characters_max: usize) -> Self {
        Self::new(name, Kind::Address { characters_max })
    }

    pub(super) const fn hash(name: &'static str) -> Self {
        Self::new(name, Kind::Hash)
    }

    pub(super) const fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    pub(super) const fn choice(name: &'static str, last: i64) -> Self {
        Self::new(name, Kind::Choice { last })
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self::new(name, Kind::Number)
    }

    pub(super) const fn reference(name: &'static str) -> Self {
        Self::new(name, Kind::Reference)
    }

    pub(super) const fn float(name: &'static str) -> Self {
        Self::new(name, Kind::Float)
    }

    pub(super) const fn bool(name: &'static str) -> Self {
        Self::new(name, Kind::Bool)
    }

    pub(super) const fn time(name: &'static str) -> Self {
        Self::new(name, Kind::Time)
    }

    /// Without a usable value the row is moved all the same.
    pub(super) const fn or_null(mut self) -> Self {
        self.is_required = false;
        self
    }

    /// By another name here.
    pub(super) const fn here(mut self, ours: &'static str) -> Self {
        self.ours = ours;
        self
    }

    pub(super) fn is_required(&self) -> bool {
        self.is_required
    }

    /// Whether it is text that may be NULL here.
    pub(super) fn is_optional_text(&self) -> bool {
        !self.is_required && !matches!(self.kind, Kind::Reference | Kind::Time)
    }

    /// The expression that asks the source for it, and for no more than is needed to see that a value
    /// is too long.
    pub(super) fn expression(&self) -> String {
        let characters = match self.kind {
            Kind::Time => return format!("\"{}\"", self.name),
            Kind::Text { characters_max }
            | Kind::Name { characters_max }
            | Kind::Email { characters_max }
            | Kind::Address { characters_max } => characters_max + 1,
            Kind::Hash => BCRYPT_CHARACTERS + 1,
            Kind::Json => TEXT_CHARACTERS_MAX + 1,
            _ => NUMBER_CHARACTERS_MAX,
        };
        format!("left(\"{name}\"::text, {characters}) AS \"{name}\"", name = self.name)
    }

    /// The value as it is kept here.
    ///
    /// # Errors
    /// What is wrong with it, for people. A secret is not in it.
    pub(super) fn read(&self, found: ValueRef<'_>) -> Result<Value, String> {
        let value = match (self.kind, found) {
            (_, ValueRef::Null) if self.is_required => Err("missing".to_owned()),
            (_, ValueRef::Null) => Ok(Value::Null),
            (Kind::Time, ValueRef::Int(ms)) if TIMES.contains(&ms) => Ok(Value::Int(ms)),
            (Kind::Time, _) => Err("no time between 1900 and 9999".to_owned()),
            (kind, ValueRef::Text(text)) => kind.read(text),
            _ => Err("no text".to_owned()),
        };
        value.map_err(|why| format!("{}: {why}", self.name))
    }
}

impl Kind {
    fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text { characters_max } => bounded(text, characters_max),
            Self::Name { .. } if text.trim().is_empty() => Err("empty".to_owned()),
            Self::Name { characters_max } => bounded(text, characters_max),
            Self::Email { .. } if text.is_empty() => Ok(Value::Null),
            Self::Email { characters_max } if is_email(text) => bounded(text, characters_max),
            Self::Email { .. } => Err(format!("{} is no e-mail address", shown(text))),
            Self::Address { characters_max } if is_address(text) => bounded(text, characters_max),
            Self::Address { .. } => Err(format!("{} is neither http(s) nor a path", shown(text))),
            Self::Hash if is_bcrypt(text) => Ok(Value::from(text)),
            Self::Hash => Err(format!("no bcrypt hash of a cost up to {BCRYPT_COST_MAX}")),
            Self::Json => json(text),
            Self::Choice { last } => number(text, 0..=last),
            Self::Number => number(text, i64::from(i32::MIN)..=i64::from(i32::MAX)),
            Self::Reference => number(text, i64::MIN..=i64::MAX),
            Self::Float => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Value::Float(value)),
                _ => Err(format!("{} is no number", shown(text))),
            },
            Self::Bool => match text {
                "true" | "t" | "1" => Ok(Value::Bool(true)),
                "false" | "f" | "0" => Ok(Value::Bool(false)),
                _ => Err(format!("{} is neither true nor false", shown(text))),
            },
            Self::Time => Err("no time".to_owned()),
        }
    }
}

fn bounded(text: &str, characters_max: usize) -> Result<Value, String> {
    if text.chars().count() > characters_max {
        return Err(format!("longer than {characters_max} characters"));
    }
    if text.contains('\0') {
        return Err("contains NUL".to_owned());
    }
    Ok(Value::from(text))
}

fn number(text: &str, range: std::ops::RangeInclusive<i64>) -> Result<Value, String> {
    match text.parse::<i64>() {
        Ok(value) if range.contains(&value) => Ok(Value::Int(value)),
        Ok(value) => Err(format!("{value} is not from {} to {}", range.start(), range.end())),
        Err(_) => Err(format!("{} is no whole number", shown(text))),
    }
}

fn json(text: &str) -> Result<Value, String> {
    let Value::Text(text) = bounded(text, TEXT_CHARACTERS_MAX)? else { return Ok(Value::Null) };
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(serde_json::Value::Null) => Ok(Value::Null),
        Ok(_) => Ok(Value::Text(text)),
        Err(_) => Err("no JSON that can be read".to_owned()),
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// What a browser would run instead of opening it must not get into a page.
fn is_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.is_empty() || text.starts_with('/') || lower.starts_with("http://") || lower.starts_with("https://")
}

/// `$2b$12$` and 53 characters: a salt of 22, a digest of 31.
fn is_bcrypt(text: &str) -> bool {
    let Some(rest) = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix)) else {
        return false;
    };
    let Some((cost, digest)) = rest.split_once('$') else { return false };
    let is_affordable = cost.len() == 2 && cost.parse().is_ok_and(|cost: u32| (4..=BCRYPT_COST_MAX).contains(&cost));
    let is_digest = digest.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '/');
    is_affordable && is_digest && text.len() == BCRYPT_CHARACTERS
}

/// A value of the source as it may be shown at a terminal.
pub(super) fn shown(text: &str) -> String {
    let beginning: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if beginning.len() < text.len() { format!("{beginning:?}…") } else { format!("{beginning:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(column: Column, text: &str) -> Result<Value, String> {
        column.read(ValueRef::Text(text))
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let hash = "$2b$12$5lmWLlOXdZuSMpvwDUMYTOZK4xdhDyTfSVfbGPpWGkiYvIgbsAK/2";
        let dear = hash.replace("$12$", "$31$");
        for (column, text, fits) in [
            (Column::text("a", 3), "日本語", true),
            (Column::text("a", 3), "four", false),
            (Column::text("a", 3), "a\0", false),
            (Column::name("a", 3), "  ", false),
            (Column::email("a", 9), "a@b", true),
            (Column::email("a", 9), "@b", false),
            (Column::email("a", 9), "a@b\u{1b}", false),
            (Column::address("a", 99), "JavaScript:alert(1)", false),
            (Column::address("a", 99), "HTTPS://a", true),
            (Column::hash("a"), hash, true),
            (Column::hash("a"), &dear, false),
            (Column::hash("a"), "123456", false),
            (Column::json("a"), "{\"a\": 1}", true),
            (Column::json("a"), "{", false),
            (Column::choice("a", 1), "1", true),
            (Column::choice("a", 1), "2", false),
            (Column::number("a"), "2147483648", false),
            (Column::float("a"), "1.5", true),
            (Column::float("a"), "NaN", false),
            (Column::bool("a"), "t", true),
            (Column::bool("a"), "yes", false),
            (Column::time("a"), "1", false),
        ] {
            assert_eq!(read(column, text).is_ok(), fits, "{column:?} {text:?}");
        }
        assert!(Column::time("a").read(ValueRef::Int(i64::MAX)).is_err());
        assert_eq!(read(Column::email("a", 9), ""), Ok(Value::Null));
        assert_eq!(Column::text("a", 1).or_null().read(ValueRef::Null), Ok(Value::Null));
    }

    #[test]
    fn what_is_shown_is_short_and_moves_no_cursor() {
        assert_eq!(shown("\u{1b}[2J"), "\"\\u{1b}[2J\"");
        assert!(shown(&"x".repeat(1_000)).chars().count() < 50);
    }
}
