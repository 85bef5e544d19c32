//! Names of stored files: made here, and the only ones that are served.

use super::media::Media;

/// Most characters of a client's name that are kept.
const SLUG_CHARS_MAX: usize = 48;
/// Stands for names of which nothing can be kept.
const NAMELESS: &str = "file";

/// The name of a stored file: lower-case letters, digits, `-`, `_`, and one accepted extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredName {
    text: String,
    media: &'static Media,
}

impl StoredName {
    /// A name that no stored file has, after a client's name without its extension.
    pub fn new(stem: &str, media: &'static Media, now_ms: i64) -> Self {
        let random: u64 = rand::random();
        let text = format!("{}_{}_{random:016x}.{}", slug(stem), now_ms / 1000, media.extension);
        Self { text, media }
    }

    /// A name that may be a stored file's; None for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (stem, extension) = text.split_once('.')?;
        let media = Media::of_extension(extension).filter(|media| media.extension == extension)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        (!stem.is_empty() && stem.chars().all(plain)).then(|| Self { text: text.to_owned(), media })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What kind of file it is.
    pub fn media(&self) -> &'static Media {
        self.media
    }
}

fn slug(stem: &str) -> String {
    let mut slug = String::new();
    for c in stem.chars() {
        if slug.len() >= SLUG_CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { NAMELESS.to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_client_calls_a_file_its_stored_name_is_plain() {
        let png = Media::of_extension("png").expect("accepted");
        let cases = [
            ("Holiday Photo (1)", "holiday-photo-1_"),
            ("../../etc/passwd", "etc-passwd_"),
            ("a\0b\r\nc", "a-b-c_"),
            ("头像", "file_"),
            ("", "file_"),
            ("..", "file_"),
            ("C:\\x\\y", "c-x-y_"),
        ];
        for (stem, expected) in cases {
            let name = StoredName::new(stem, png, 1_795_339_722_000);
            assert!(name.as_str().starts_with(&format!("{expected}1795339722_")), "{stem:?}: {}", name.as_str());
            assert_eq!(StoredName::parse(name.as_str()), Some(name));
        }
        assert!(StoredName::new(&"x".repeat(5000), png, 0).as_str().len() < 100);
        assert_ne!(StoredName::new("a", png, 0), StoredName::new("a", png, 0));
    }

    #[test]
    fn names_that_were_never_made_here_are_none() {
        for name in [
            "",
            ".png",
            "a",
            "a.svg",
            "a.png.html",
            "a.html.png",
            "A.png",
            "a.PNG",
            "../a.png",
            "a/b.png",
            "a%2fb.png",
            ".incoming-1.png",
            "a b.png",
            "a\\b.png",
        ] {
            assert_eq!(StoredName::parse(name), None, "{name:?}");
        }
    }
}
