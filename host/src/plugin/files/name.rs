//! Names of plugins' files.

use plugin_api::services::{ServiceError, ServiceErrorKind};

/// Parts of a name.
const PARTS_MAX: usize = 8;
/// Bytes of a part; most file systems take 255.
const PART_BYTES_MAX: usize = 100;

/// A name that leads nowhere but into the plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    folders: Vec<String>,
    leaf: String,
}

impl FileName {
    /// # Errors
    /// Of kind [`Invalid`](ServiceErrorKind::Invalid), with what is accepted.
    pub(super) fn parse(text: &str) -> Result<Self, ServiceError> {
        let mut parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if parts.len() > PARTS_MAX || !parts.iter().all(|part| is_part(part)) {
            return Err(wrong(text));
        }
        let leaf = parts.pop().ok_or_else(|| wrong(text))?;
        Ok(Self { folders: parts, leaf })
    }

    pub(super) fn folders(&self) -> &[String] {
        &self.folders
    }

    pub(super) fn leaf(&self) -> &str {
        &self.leaf
    }
}

/// Whether a part of a name may be one. What begins with a dot is the host's.
pub(super) fn is_part(part: &str) -> bool {
    let is_odd = |letter: char| letter.is_control() || letter == '\\' || letter == '/';
    !part.is_empty() && part.len() <= PART_BYTES_MAX && !part.starts_with('.') && !part.contains(is_odd)
}

fn wrong(text: &str) -> ServiceError {
    let shown: String = text.chars().take(PART_BYTES_MAX).collect();
    let message = format!(
        "{shown:?} is no name of a file: at most {PARTS_MAX} parts of 1 to {PART_BYTES_MAX} bytes with / between them \
         are accepted, none beginning with a dot, without \\ and control characters"
    );
    ServiceError::new(ServiceErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let long = "x".repeat(PART_BYTES_MAX);
        for good in ["a", "a.txt", "a/b", "a b", "ä", "a/b/c/d/e/f/g/h", "a..b", "~", "C:", long.as_str()] {
            assert!(FileName::parse(good).is_ok(), "{good}");
        }
        let too_long = format!("{long}x");
        for bad in [
            "",
            "/",
            "/a",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "./a",
            ".a",
            "a/.b",
            "a\0b",
            "a\nb",
            "a\\b",
            "..\\a",
            "a/b/c/d/e/f/g/h/i",
            too_long.as_str(),
        ] {
            let told = FileName::parse(bad).unwrap_err();
            assert_eq!(told.kind, ServiceErrorKind::Invalid, "{bad:?}");
        }
    }
}
