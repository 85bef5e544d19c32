//! The kinds of files that are accepted: nothing that a browser would run.

/// Bytes from the start by which a file is recognised.
pub const HEAD_BYTES: usize = 512;

const MIB: u64 = 1024 * 1024;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Of file names, lower-case.
    pub extension: &'static str,
    /// What browsers are told.
    pub content_type: &'static str,
    /// Still or moving.
    pub class: Class,
    /// What the content is recognised as.
    recognised: &'static [&'static str],
}

/// Still or moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A picture.
    Image,
    /// A film.
    Video,
}

impl Class {
    /// The largest file of this class, in bytes.
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Image => 5 * MIB,
            Self::Video => 20 * MIB,
        }
    }
}

const ACCEPTED: &[Media] = &[
    media("jpg", "image/jpeg", Class::Image, &["image/jpeg"]),
    media("jpeg", "image/jpeg", Class::Image, &["image/jpeg"]),
    media("png", "image/png", Class::Image, &["image/png"]),
    media("gif", "image/gif", Class::Image, &["image/gif"]),
    media("webp", "image/webp", Class::Image, &["image/webp"]),
    media("mp4", "video/mp4", Class::Video, &["video/mp4", "video/x-m4v"]),
    media("mov", "video/quicktime", Class::Video, &["video/quicktime"]),
    media("avi", "video/x-msvideo", Class::Video, &["video/x-msvideo"]),
    media("flv", "video/x-flv", Class::Video, &["video/x-flv"]),
];

const fn media(
    extension: &'static str,
    content_type: &'static str,
    class: Class,
    recognised: &'static [&'static str],
) -> Media {
    Media { extension, content_type, class, recognised }
}

impl Media {
    /// The kind of an extension, in whatever case.
    pub fn of_extension(extension: &str) -> Option<&'static Self> {
        ACCEPTED.iter().find(|media| media.extension.eq_ignore_ascii_case(extension))
    }

    /// Whether a file that begins with `head` is of this kind.
    pub fn recognises(&self, head: &[u8]) -> bool {
        infer::get(head).is_some_and(|found| self.recognised.contains(&found.mime_type()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let png = b"\x89PNG\r\n\x1a\n0000".as_slice();
        let cases = [
            ("png", png, true),
            ("PNG", png, true),
            ("jpg", png, false),
            ("jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", true),
            ("gif", b"GIF89a<script>", true),
            ("webp", b"RIFF\0\0\0\0WEBPVP8 ", true),
            ("mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", true),
            ("mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", true),
            ("avi", b"RIFF\0\0\0\0AVI LIST", true),
            ("flv", b"FLV\x01\x05\0\0\0\x09", true),
            ("png", b"<html><script>", false),
            ("png", b"", false),
        ];
        for (extension, head, expected) in cases {
            let media = Media::of_extension(extension).expect("accepted");
            assert_eq!(media.recognises(head), expected, "{extension} {head:?}");
        }
        for extension in ["svg", "html", "exe", "", "png ", "php"] {
            assert_eq!(Media::of_extension(extension), None, "{extension:?}");
        }
    }
}
