//! The files of a bundle that browsers get: what is below `ui/`.
//!
//! Names are such that a URL can hold them as they are, and kinds such that nothing of them is a
//! document that could run code of its own.

use super::bundle::{BundleError, BundleFile};

/// Where they stand in a bundle.
const FOLDER: &str = "ui/";
/// A page has a few; more are one more request each.
const FILES_MAX: usize = 200;
/// Each, unpacked. Larger than any module that a page should wait for.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// All together, unpacked: that much is kept in memory while the plugin serves.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Endings, and what browsers are told that they are. Neither HTML, which would be a document of this
/// host, nor WebAssembly, which the console's policy does not run.
const KINDS: [(&str, &str); 15] = [
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("txt", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
];

/// What is wrong with a file below `ui/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UiFault {
    /// Its name begins with a dot.
    #[error("hidden files are not served")]
    Hidden,
    /// Its name would have to be written otherwise in a URL.
    #[error("its name may have letters, digits, ., _ and - between the /")]
    Name,
    /// Its ending is none of those that are served.
    #[error("below ui/ stand files that end in {}", endings())]
    Kind,
    /// It is larger than is served.
    #[error("it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// There are more than are served.
    #[error("there are more than {FILES_MAX} files below ui/")]
    TooMany,
    /// All together are larger than is served.
    #[error("the files below ui/ are larger than {BYTES_MAX} bytes together")]
    AllTooLarge,
}

/// The content type of a file below `ui/`; None if no such file is served.
#[must_use]
pub fn content_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// Whether a file of a bundle is one that browsers get.
#[must_use]
pub fn is_ui(name: &str) -> bool {
    name.starts_with(FOLDER)
}

/// Refuses files below `ui/` that are not served, and too much of them.
///
/// # Errors
/// [`BundleError::Ui`] for the first.
pub fn check<'a>(files: impl IntoIterator<Item = (&'a str, u64)>) -> Result<(), BundleError> {
    let (mut count, mut bytes) = (0, 0_u64);
    for (name, size) in files.into_iter().filter(|(name, _)| is_ui(name)) {
        (count, bytes) = (count + 1, bytes.saturating_add(size));
        let faults = [(count > FILES_MAX, UiFault::TooMany), (bytes > BYTES_MAX, UiFault::AllTooLarge)];
        let of_all = faults.into_iter().find(|(is_so, _)| *is_so).map(|(_, fault)| fault);
        if let Some(fault) = fault(name, size).or(of_all) {
            return Err(BundleError::Ui { name: name.to_owned(), fault });
        }
    }
    Ok(())
}

/// The same for the files of a bundle that was read.
pub(super) fn check_files(files: &[BundleFile]) -> Result<(), BundleError> {
    check(files.iter().map(|file| (file.name.as_str(), file.bytes)))
}

fn fault(name: &str, bytes: u64) -> Option<UiFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.split('/').any(|segment| segment.starts_with('.')) {
        return Some(UiFault::Hidden);
    }
    if !name.split('/').all(|segment| segment.bytes().all(plain)) {
        return Some(UiFault::Name);
    }
    if content_type(name).is_none() {
        return Some(UiFault::Kind);
    }
    (bytes > FILE_BYTES_MAX).then_some(UiFault::TooLarge)
}

fn endings() -> String {
    KINDS.map(|(ending, _)| ending).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(name: &str, bytes: u64) -> Option<String> {
        check([(name, bytes)]).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_served_is_accepted() {
        for name in ["ui/hello.js", "ui/a/b-c_d.min.css", "ui/icon.svg", "lib/x/y.so", "locales/.x"] {
            assert_eq!(said(name, 10), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_served_is_named() {
        let cases = [
            ("ui/.env", 1, "hidden files"),
            ("ui/.git/config.js", 1, "hidden files"),
            ("ui/a b.js", 1, "letters, digits"),
            ("ui/ä.js", 1, "letters, digits"),
            ("ui/a%2e.js", 1, "letters, digits"),
            ("ui/index.html", 1, "files that end in js, mjs"),
            ("ui/x", 1, "files that end in"),
            ("ui/x.JS", 1, "files that end in"),
            ("ui/x.wasm", 1, "files that end in"),
            ("ui/x.js", 1024 * 1024 + 1, "larger than 1048576 bytes"),
        ];
        for (name, bytes, words) in cases {
            let text = said(name, bytes).unwrap_or_default();
            assert!(text.contains(name) && text.contains(words), "{name}: {text}");
        }
    }

    #[test]
    fn too_many_and_too_much_are_refused() {
        let names: Vec<String> = (0..=FILES_MAX).map(|number| format!("ui/{number}.js")).collect();
        let many = check(names.iter().map(|name| (name.as_str(), 1))).unwrap_err().to_string();
        assert!(many.contains("more than 200 files"), "{many}");
        let much = check(names.iter().take(5).map(|name| (name.as_str(), 1_000_000))).unwrap_err().to_string();
        assert!(much.contains("4194304 bytes together"), "{much}");
    }
}
