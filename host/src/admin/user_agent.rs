//! A browser's description of itself, as people read it.

use std::sync::LazyLock;
use woothee::parser::Parser;

/// Compiles its patterns once.
static PARSER: LazyLock<Parser> = LazyLock::new(Parser::new);
/// Most characters of a header that are looked at.
const HEADER_CHARACTERS_MAX: usize = 512;
/// Most characters of a part, as wide as the columns.
const PART_CHARACTERS_MAX: usize = 64;
/// Stands where nothing is known.
const UNKNOWN: &str = "Other";
/// Of a version, `126.0.0` says enough.
const VERSION_PARTS: usize = 3;

/// What a user agent says of its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent {
    /// `Windows 10`
    pub os: String,
    /// `Chrome 126.0.0`
    pub browser: String,
    /// `PC`
    pub device: String,
}

impl UserAgent {
    /// Reads a header's value; what it does not tell is `Other`.
    pub fn parse(text: &str) -> Self {
        let text: String = text.chars().take(HEADER_CHARACTERS_MAX).collect();
        let text = text.as_str();
        let Some(known) = PARSER.parse(text) else {
            let browser = product(text).unwrap_or_else(|| UNKNOWN.to_owned());
            return Self { os: UNKNOWN.to_owned(), browser, device: UNKNOWN.to_owned() };
        };
        // Libraries share one name there; their own is more useful.
        let browser = match known.name {
            "HTTP Library" | "UNKNOWN" => product(text).unwrap_or_else(|| UNKNOWN.to_owned()),
            name => versioned(name, known.version),
        };
        Self { os: system(known.os, &known.os_version), browser, device: device(known.category, known.os).to_owned() }
    }
}

/// The first product that is named: `curl/7.88.1` gives `curl 7.88.1`.
fn product(text: &str) -> Option<String> {
    let (name, version) = text.split_whitespace().next()?.split_once('/')?;
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+'));
    (!name.is_empty() && plain(name) && plain(version) && name != "Mozilla").then(|| versioned(name, version))
}

fn versioned(name: &str, version: &str) -> String {
    let parts: Vec<&str> = version.split('.').take(VERSION_PARTS).collect();
    let part = match parts.join(".") {
        version if version.is_empty() || version == "UNKNOWN" => name.to_owned(),
        version => format!("{name} {version}"),
    };
    part.chars().take(PART_CHARACTERS_MAX).collect()
}

fn system(name: &str, version: &str) -> String {
    match name {
        "UNKNOWN" => UNKNOWN.to_owned(),
        // It has the version in its name, and the kernel's beside it.
        name if name.starts_with("Windows") => name.to_owned(),
        "Mac OSX" => versioned("Mac OS X", version),
        "iPhone" | "iPad" => versioned("iOS", version),
        name => versioned(name, version),
    }
}

fn device(category: &str, system: &str) -> &'static str {
    match (category, system) {
        (_, "iPhone") => "iPhone",
        (_, "iPad") => "iPad",
        ("pc", _) => "PC",
        ("smartphone" | "mobilephone", _) => "Mobile",
        ("crawler", _) => "Spider",
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_browsers_are_named_and_others_are_other() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.4 Mobile/15E148 Safari/604.1";
        let linux = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
        let cases = [
            (format!("{windows}Chrome/126.0.0.0 Safari/537.36"), ["Windows 10", "Chrome 126.0.0", "PC"]),
            (
                format!("{windows}Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68"),
                ["Windows 10", "Edge 126.0.2592", "PC"],
            ),
            (iphone.to_owned(), ["iOS 17.4", "Safari 17.4", "iPhone"]),
            (linux.to_owned(), ["Linux", "Firefox 127.0", "PC"]),
            ("curl/7.88.1".to_owned(), ["Other", "curl 7.88.1", "Other"]),
            ("python-requests/2.31.0".to_owned(), ["Other", "python-requests 2.31.0", "Other"]),
            (String::new(), ["Other", "Other", "Other"]),
            ("<script>/1".to_owned(), ["Other", "Other", "Other"]),
        ];
        for (text, [os, browser, device]) in cases {
            let expected = UserAgent { os: os.to_owned(), browser: browser.to_owned(), device: device.to_owned() };
            assert_eq!(UserAgent::parse(&text), expected, "{text}");
        }
    }
}
