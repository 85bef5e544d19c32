//! What a `User-Agent` header says about the program and machine of a client.

use std::sync::LazyLock;
use woothee::parser::Parser;

/// Compiles its patterns once.
static PARSER: LazyLock<Parser> = LazyLock::new(Parser::new);

/// Most characters of a header that are looked at.
const HEADER_CHARACTERS_MAX: usize = 512;
/// Most characters of each part, as wide as the columns.
const PART_CHARACTERS_MAX: usize = 64;
/// Said of what the header does not tell.
const OTHER: &str = "Other";

/// The parts of a `User-Agent` header, each at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent {
    /// The operating system, for example `Windows 10`.
    pub os: String,
    /// The program with its version, for example `Chrome 126.0.0`.
    pub browser: String,
    /// The kind of device, for example `PC`.
    pub device: String,
}

impl UserAgent {
    /// Reads a header. What it does not tell is `Other`.
    pub fn parse(header: &str) -> Self {
        let header: String = header.chars().take(HEADER_CHARACTERS_MAX).collect();
        let Some(found) = PARSER.parse(&header) else {
            return Self { os: OTHER.to_owned(), browser: OTHER.to_owned(), device: OTHER.to_owned() };
        };
        Self {
            os: os(found.os, &found.os_version),
            browser: joined(found.name, &short(found.version)),
            device: device(found.category).to_owned(),
        }
    }
}

fn os(name: &str, version: &str) -> String {
    // The names of Windows hold the version that people know; the other one is the kernel's.
    if name.starts_with("Windows") { joined(name, "") } else { joined(name, version) }
}

/// The first three numbers: the rest is a build's.
fn short(version: &str) -> String {
    version.split('.').take(3).collect::<Vec<_>>().join(".")
}

fn joined(name: &str, version: &str) -> String {
    if name.is_empty() || name == woothee::woothee::VALUE_UNKNOWN {
        return OTHER.to_owned();
    }
    let version = if version == woothee::woothee::VALUE_UNKNOWN { "" } else { version };
    format!("{name} {version}").trim_end().chars().take(PART_CHARACTERS_MAX).collect()
}

fn device(category: &str) -> &'static str {
    match category {
        "pc" => "PC",
        "smartphone" => "Smartphone",
        "mobilephone" => "Mobile phone",
        "appliance" => "Appliance",
        "crawler" => "Crawler",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_recognised_and_anything_else_is_other() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0.0.0 Safari/537.36";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.5 Mobile/15E148 Safari/604.1";
        let long = "x".repeat(100_000);
        let cases = [
            (chrome, ["Windows 10", "Chrome 126.0.0", "PC"]),
            (firefox, ["Linux", "Firefox 127.0", "PC"]),
            (iphone, ["iPhone 17.5", "Safari 17.5", "Smartphone"]),
            ("curl/8.5.0", ["Other", "HTTP Library curl", "Other"]),
            ("", ["Other", "Other", "Other"]),
            ("<script>alert(1)</script>\u{0}", ["Other", "Other", "Other"]),
            (&long, ["Other", "Other", "Other"]),
        ];
        for (header, [os, browser, device]) in cases {
            let expected = UserAgent { os: os.to_owned(), browser: browser.to_owned(), device: device.to_owned() };
            assert_eq!(UserAgent::parse(header), expected, "{header:.80}");
        }
    }
}
