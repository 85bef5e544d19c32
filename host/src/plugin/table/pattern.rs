//! A route's path as a plugin writes it, checked and made comparable.

/// More segments than any sensible path has.
const SEGMENTS_MAX: usize = 32;
/// Longer paths don't fit a log line.
const PATH_BYTES_MAX: usize = 512;

/// A checked path: `/sys/notices/{pk}`; `{name}` matches one segment, a final `{*name}` the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    written: String,
    canonical: String,
    names: Box<[Box<str>]>,
}

/// Why a path can't be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with `/`.
    #[error("it must begin with /")]
    NotAbsolute,
    /// An empty segment, `.`, `..`, or a character that needs escaping.
    #[error("its segments must be letters, digits and -._~!$&'()*+,;=:@%, none of them empty, . or ..")]
    Segment,
    /// Braces that are not around a whole segment, or an unusual name in them.
    #[error("a parameter must be a whole segment: {{name}}, or {{*name}} as the last one")]
    Parameter,
    /// Two parameters of one name.
    #[error("its parameters must have different names")]
    TwiceNamed,
    /// Too long.
    #[error("it must have at most 32 segments and 512 bytes")]
    TooLong,
}

impl Pattern {
    /// Checks a path.
    ///
    /// # Errors
    /// [`PatternError`], a variant per fault.
    pub fn parse(path: &str) -> Result<Self, PatternError> {
        let rest = path.strip_prefix('/').ok_or(PatternError::NotAbsolute)?;
        let segments: Vec<&str> = rest.split('/').collect();
        if segments.len() > SEGMENTS_MAX || path.len() > PATH_BYTES_MAX {
            return Err(PatternError::TooLong);
        }
        let mut canonical = String::with_capacity(path.len());
        let mut names: Vec<Box<str>> = Vec::new();
        for (position, segment) in segments.iter().enumerate() {
            let is_last = position + 1 == segments.len();
            canonical.push('/');
            match parameter(segment, is_last)? {
                // Parameters are named by position, so that two spellings of a path are one path.
                Some((star, name)) => {
                    canonical.push_str(&format!("{{{star}p{}}}", names.len()));
                    if names.iter().any(|known| **known == *name) {
                        return Err(PatternError::TwiceNamed);
                    }
                    names.push(name.into());
                }
                // The only path with an empty segment is the root itself.
                None if segment.is_empty() && segments.len() == 1 => {}
                None => canonical.push_str(literal(segment)?),
            }
        }
        Ok(Self { written: path.to_owned(), canonical, names: names.into() })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The same for all spellings of the parameters' names.
    pub(in crate::plugin) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The parameters' names, in order.
    pub(in crate::plugin) fn names(&self) -> &[Box<str>] {
        &self.names
    }
}

/// `{name}` gives `("", name)`, a final `{*name}` gives `("*", name)`.
fn parameter(segment: &str, is_last: bool) -> Result<Option<(&'static str, &str)>, PatternError> {
    if !segment.contains(['{', '}']) {
        return Ok(None);
    }
    let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(PatternError::Parameter)?;
    let (star, name) = match inner.strip_prefix('*') {
        Some(name) if is_last => ("*", name),
        Some(_) => return Err(PatternError::Parameter),
        None => ("", inner),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(PatternError::Parameter);
    }
    Ok(Some((star, name)))
}

fn literal(segment: &str) -> Result<&str, PatternError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    if segment.is_empty() || segment == "." || segment == ".." || !segment.bytes().all(plain) {
        return Err(PatternError::Segment);
    }
    Ok(segment)
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternError};

    #[test]
    fn spellings_of_one_path_are_one_path() {
        let canonical = |path: &str| Pattern::parse(path).unwrap().canonical().to_owned();
        assert_eq!(canonical("/a/{pk}/b/{x}"), canonical("/a/{id}/b/{other}"));
        assert_ne!(canonical("/a/{pk}"), canonical("/a/{*pk}"));
        assert_eq!(canonical("/"), "/");
    }

    #[test]
    fn faults_are_named() {
        for (path, fault) in [
            ("a", PatternError::NotAbsolute),
            ("", PatternError::NotAbsolute),
            ("/a//b", PatternError::Segment),
            ("/a/", PatternError::Segment),
            ("/a/../b", PatternError::Segment),
            ("/a b", PatternError::Segment),
            ("/{a}.json", PatternError::Parameter),
            ("/{*a}/b", PatternError::Parameter),
            ("/{}", PatternError::Parameter),
            ("/{a}/{a}", PatternError::TwiceNamed),
            (&"/a".repeat(33), PatternError::TooLong),
        ] {
            assert_eq!(Pattern::parse(path), Err(fault), "{path}");
        }
    }
}
