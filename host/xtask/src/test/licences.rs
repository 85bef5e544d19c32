//! Every dependency must have a licence that goes with MIT.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cargo::{cargo, words};

/// The licences that may be used, by their SPDX names.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Asks cargo for the dependencies of all crates here, and names those that may not be used.
pub(super) fn check(root: &Path) -> Result<()> {
    let mut command = cargo(root);
    command.args(["metadata", "--format-version", "1", "--all-features"]);
    let words = words(&command);
    let output = command.output().with_context(|| format!("run {words}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{words} failed with {}: {}", output.status, said.trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).with_context(|| format!("understand {words}"))?;
    let refused: Vec<String> = metadata.packages.iter().filter_map(refusal).collect();
    if !refused.is_empty() {
        bail!("not allowed: {} (allowed: {})", refused.join(", "), ALLOWED.join(", "));
    }
    Ok(())
}

fn refusal(package: &Package) -> Option<String> {
    let licence = package.license.as_deref().unwrap_or("no licence");
    let refused = !is_allowed(licence);
    refused.then(|| format!("{} {}: {licence}", package.name, package.version))
}

/// An SPDX expression, or `MIT/Apache-2.0` in the older way of crates.io.
fn is_allowed(expression: &str) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut words = words.as_slice();
    any(&mut words) && words.is_empty()
}

/// One of several, joined by `OR`, which binds less than `AND`.
fn any(words: &mut &[&str]) -> bool {
    let mut allowed = all(words);
    while take(words, "OR") {
        // Both sides are read, whatever the first says.
        allowed |= all(words);
    }
    allowed
}

fn all(words: &mut &[&str]) -> bool {
    let mut allowed = one(words);
    while take(words, "AND") {
        allowed &= one(words);
    }
    allowed
}

/// A name, perhaps with an exception, which only ever allows more; or something in brackets.
fn one(words: &mut &[&str]) -> bool {
    if take(words, "(") {
        let allowed = any(words);
        return take(words, ")") && allowed;
    }
    let Some((name, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    if take(words, "WITH") {
        *words = words.get(1..).unwrap_or_default();
    }
    ALLOWED.contains(name)
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_projects_dependencies_are_allowed() {
        check(&crate::cargo::root().unwrap()).unwrap();
    }

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("MIT OR GPL-3.0 AND ISC", true),
            ("(MIT OR ISC) AND GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("no licence", false),
            ("", false),
            ("(MIT", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }
}
