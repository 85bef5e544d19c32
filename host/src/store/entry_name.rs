//! The name of an archive's entry, checked once: relative, plain, and nowhere but inside.

use std::fmt;

/// Longer names can't be unpacked everywhere.
const NAME_BYTES_MAX: usize = 255;

/// A checked name; segments separated by `/`, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EntryName(String);

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It leaves the folder it is unpacked into.
    #[error("it leads out of the bundle")]
    Traversal,
    /// It starts at the root of a file system.
    #[error("it is an absolute path")]
    Absolute,
    /// A backslash, a control character, an empty segment, or too long.
    #[error("it is not a plain relative path with / between its parts, of at most 255 bytes")]
    Malformed,
}

impl EntryName {
    /// Checks a name as it stands in the archive; a folder's final `/` is dropped.
    pub(super) fn parse(name: &str) -> Result<Self, NameFault> {
        if name.starts_with('/') || name.get(1..2) == Some(":") {
            return Err(NameFault::Absolute);
        }
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.split(['/', '\\']).any(|segment| segment == "..") {
            return Err(NameFault::Traversal);
        }
        let plain = |character: char| character != '\\' && !character.is_control();
        let named = |segment: &str| !segment.is_empty() && segment != ".";
        if name.len() > NAME_BYTES_MAX || !name.chars().all(plain) || !name.split('/').all(named) {
            return Err(NameFault::Malformed);
        }
        Ok(Self(name.to_owned()))
    }

    /// The first segment.
    pub(super) fn top(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }

    /// The rest below `folder`; None if it is not below it.
    pub(super) fn below(&self, folder: &str) -> Option<&str> {
        self.0.strip_prefix(folder)?.strip_prefix('/')
    }

    /// The whole name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
