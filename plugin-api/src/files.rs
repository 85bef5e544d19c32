//! Files that a plugin keeps, by way of its host: a folder of its own in the server's data directory.
//!
//! ```toml
//! [capabilities]
//! files = true
//! ```
//!
//! A name is a path in that folder: parts with `/` between them, at most 8 of at most 100 bytes each, none of which
//! begins with a dot; neither `\` nor control characters are in it. Folders come and go with the files in them. How
//! large a file may be, how many there may be, and how large they may be together is up to the operator.
//!
//! The folder belongs to the plugin, not to a version: an upgrade or a rollback leaves it as it is. It stays when the
//! plugin is uninstalled and its data is kept, goes with a purge, and is part of an export. Of several processes over
//! one database each has its own data directory: what all of them must see belongs in a table.
//!
//! ```
//! use plugin_api::files::Files;
//! use plugin_api::services::{ServiceError, ServiceErrorKind};
//!
//! /// `files` is what `context.files()` gives.
//! async fn count(files: &Files) -> Result<u64, ServiceError> {
//!     let count = match files.read("visits/count.txt").await {
//!         Ok(bytes) => String::from_utf8_lossy(&bytes).parse().unwrap_or(0),
//!         Err(error) if error.kind == ServiceErrorKind::NotFound => 0,
//!         Err(error) => return Err(error),
//!     };
//!     files.write("visits/count.txt", (count + 1).to_string()).await?;
//!     Ok(count + 1)
//! }
//! ```

use crate::db::{DecodeError, Value};
use crate::services::{HostServices, ServiceError};
use bytes::Bytes;
use std::sync::Arc;

/// The plugin's files. From [`PluginContext::files`](crate::PluginContext::files); cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<dyn HostServices>);

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name, with its folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written last, in Unix milliseconds.
    pub modified_ms: i64,
}

/// What becomes of what a file holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum WriteMode {
    /// It is replaced.
    Replace = 0,
    /// It stays before what is written.
    Append = 1,
}

impl Files {
    pub(crate) fn new(services: Arc<dyn HostServices>) -> Self {
        Self(services)
    }

    /// A file, whole.
    ///
    /// # Errors
    /// Of kind `NotFound`, `Invalid` for a name that can't be one, `Refused` without the capability.
    pub async fn read(&self, name: &str) -> Result<Bytes, ServiceError> {
        self.0.read_file(name).await
    }

    /// Writes a file, whole: whoever reads it finds all of the old or all of the new, also after a crash. It is on the
    /// disk when this returns.
    ///
    /// # Errors
    /// As of [`read`](Self::read); of kind `TooLarge` or `Full` beyond what the operator allows.
    pub async fn write(&self, name: &str, content: impl Into<Bytes>) -> Result<(), ServiceError> {
        self.0.write_file(name, content.into(), WriteMode::Replace).await
    }

    /// Adds to the end of a file, which is made if it is not there. A crash may leave a part of what was added.
    ///
    /// # Errors
    /// As of [`write`](Self::write).
    pub async fn append(&self, name: &str, content: impl Into<Bytes>) -> Result<(), ServiceError> {
        self.0.write_file(name, content.into(), WriteMode::Append).await
    }

    /// Deletes a file, and the folders that are empty then.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    pub async fn delete(&self, name: &str) -> Result<(), ServiceError> {
        self.0.delete_file(name).await
    }

    /// Every file, by name.
    ///
    /// # Errors
    /// Of kind `Refused` without the capability.
    pub async fn list(&self) -> Result<Vec<FileEntry>, ServiceError> {
        self.0.list_files().await
    }
}

impl WriteMode {
    pub(crate) fn from_code(code: u8) -> Self {
        if code == Self::Append as u8 { Self::Append } else { Self::Replace }
    }
}

impl FileEntry {
    pub(crate) fn all_into_crossing(entries: Vec<Self>) -> Vec<Value> {
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let values = |entry: Self| [entry.name.into(), number(entry.bytes).into(), entry.modified_ms.into()];
        entries.into_iter().flat_map(values).collect()
    }

    pub(crate) fn all_from_crossing(values: Vec<Value>) -> Result<Vec<Self>, DecodeError> {
        let mut values = values.into_iter();
        let mut entries = Vec::new();
        while let Some(name) = values.next() {
            let (Value::Text(name), Some(Value::Int(bytes)), Some(Value::Int(modified_ms))) =
                (name, values.next(), values.next())
            else {
                return Err(DecodeError::new("an encoded list of files is none"));
            };
            entries.push(Self { name, bytes: u64::try_from(bytes).unwrap_or_default(), modified_ms });
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_crosses_whole() {
        let entry = |name: &str| FileEntry { name: name.to_owned(), bytes: 7, modified_ms: 9 };
        for entries in [vec![], vec![entry("a"), entry("b/c")]] {
            let crossed = FileEntry::all_from_crossing(FileEntry::all_into_crossing(entries.clone()));
            assert_eq!(crossed.unwrap(), entries);
        }
        assert!(FileEntry::all_from_crossing(vec![Value::Int(1)]).is_err());
        for mode in [WriteMode::Replace, WriteMode::Append] {
            assert_eq!(WriteMode::from_code(mode as u8), mode);
        }
    }
}
