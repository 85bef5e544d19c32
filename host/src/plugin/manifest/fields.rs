//! Reading a TOML table key by key: every refusal names the key and what would be accepted, and
//! what was not asked for is refused at the end.

use super::ManifestError;
use std::str::FromStr;
use toml::{Table, Value};

/// How alike two keys must be for one to be suggested for the other.
const LIKENESS_MIN: f64 = 0.6;

/// The keys of one section that have not been read yet.
pub(super) struct Fields {
    section: String,
    table: Table,
    asked: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(section: &str, table: Table) -> Self {
        Self { section: section.to_owned(), table, asked: Vec::new() }
    }

    /// A value that is written as text and parsed.
    pub(super) fn required<T: FromStr>(&mut self, key: &'static str, accepted: &str) -> Result<T, ManifestError> {
        let value = self.take(key).ok_or_else(|| self.missing(key, accepted))?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.invalid_value(key, &value, accepted))
    }

    /// A text of 1 to `characters_max` characters.
    pub(super) fn text(&mut self, key: &'static str, characters_max: usize) -> Result<String, ManifestError> {
        let accepted = text_of(characters_max);
        self.optional_text(key, characters_max)?.ok_or_else(|| self.missing(key, &accepted))
    }

    /// The same, where it may be absent.
    pub(super) fn optional_text(
        &mut self,
        key: &'static str,
        characters_max: usize,
    ) -> Result<Option<String>, ManifestError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.as_str().map(str::trim) {
            Some(text) if !text.is_empty() && text.chars().count() <= characters_max => Ok(Some(text.to_owned())),
            _ => Err(self.invalid_value(key, &value, &text_of(characters_max))),
        }
    }

    /// The same, where it may be absent.
    pub(super) fn optional<T: FromStr>(
        &mut self,
        key: &'static str,
        accepted: &str,
    ) -> Result<Option<T>, ManifestError> {
        if !self.table.contains_key(key) {
            self.asked.push(key);
            return Ok(None);
        }
        self.required(key, accepted).map(Some)
    }

    /// True or false; false where it is absent.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<bool, ManifestError> {
        let Some(value) = self.take(key) else {
            return Ok(false);
        };
        value.as_bool().ok_or_else(|| self.invalid_value(key, &value, "true or false"))
    }

    /// A list of texts that are parsed; empty where it is absent.
    pub(super) fn list<T: FromStr>(&mut self, key: &'static str, accepted: &str) -> Result<Vec<T>, ManifestError> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let parse = |item: &Value| item.as_str().and_then(|text| text.parse().ok());
        let parsed = value.as_array().and_then(|items| items.iter().map(parse).collect());
        parsed.ok_or_else(|| self.invalid_value(key, &value, accepted))
    }

    /// A list with one or more of `words`.
    pub(super) fn some_of(&mut self, key: &'static str, words: &[&str]) -> Result<Vec<String>, ManifestError> {
        let accepted = format!("a list with one or more of {}", words.join(", "));
        if !self.table.contains_key(key) {
            return Err(self.missing(key, &accepted));
        }
        let list: Vec<String> = self.list(key, &accepted)?;
        match list.iter().find(|item| !words.contains(&item.as_str())) {
            Some(other) => Err(self.invalid(key, other, &accepted)),
            None if list.is_empty() => Err(self.invalid(key, "[]", &accepted)),
            None => Ok(list),
        }
    }

    /// A whole number from 1 to `max`; `usual` where it is absent.
    pub(super) fn number(&mut self, key: &'static str, usual: u64, max: u64) -> Result<u64, ManifestError> {
        let Some(value) = self.take(key) else {
            return Ok(usual);
        };
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        number
            .filter(|number| (1..=max).contains(number))
            .ok_or_else(|| self.invalid_value(key, &value, &format!("a whole number from 1 to {max}")))
    }

    /// All that is here, under keys of the author's choice.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.table.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// What stands under a key of the author's choice, as a section.
    pub(super) fn below(&self, key: &str, table: Table) -> Self {
        Self::new(&self.name(key), table)
    }

    /// A section below this one.
    pub(super) fn section(&mut self, key: &'static str) -> Result<Option<Fields>, ManifestError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Fields::new(&self.name(key), table))),
            Some(value) => Err(self.invalid_value(key, &value, &format!("a section [{key}]"))),
        }
    }

    /// A section that must be there.
    pub(super) fn required_section(&mut self, key: &'static str) -> Result<Fields, ManifestError> {
        self.section(key)?.ok_or_else(|| self.missing(key, &format!("a section [{key}] is needed")))
    }

    /// All that is here, as sections with names of the author's choice.
    pub(super) fn into_sections(self) -> Result<Vec<(String, Fields)>, ManifestError> {
        let mut sections = Vec::new();
        for (key, value) in &self.table {
            let Value::Table(table) = value else {
                return Err(self.invalid_value(key, value, &format!("a section [{}]", self.name(key))));
            };
            sections.push((key.clone(), Fields::new(&self.name(key), table.clone())));
        }
        Ok(sections)
    }

    /// Refuses what was not asked for.
    pub(super) fn finish(self) -> Result<(), ManifestError> {
        let Some(key) = self.table.keys().next() else {
            return Ok(());
        };
        let likeness = |known: &&&str| strsim::jaro_winkler(known, key);
        let nearest = self.asked.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.filter(|known| likeness(known) >= LIKENESS_MIN).map(|known| self.name(known));
        Err(ManifestError::UnknownKey { key: self.name(key), nearest })
    }

    /// The refusal of a value.
    pub(super) fn invalid(&self, key: &str, value: &str, accepted: &str) -> ManifestError {
        self.invalid_value(key, &Value::String(value.to_owned()), accepted)
    }

    pub(super) fn invalid_value(&self, key: &str, value: &Value, accepted: &str) -> ManifestError {
        ManifestError::Invalid { field: self.name(key), value: value.to_string(), accepted: accepted.to_owned() }
    }

    fn missing(&self, key: &str, accepted: &str) -> ManifestError {
        ManifestError::Missing { field: self.name(key), accepted: accepted.to_owned() }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    fn name(&self, key: &str) -> String {
        if self.section.is_empty() { key.to_owned() } else { format!("{}.{key}", self.section) }
    }
}

fn text_of(characters_max: usize) -> String {
    format!("a text of 1 to {characters_max} characters")
}
