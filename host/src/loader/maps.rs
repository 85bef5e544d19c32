//! What `/proc/self/maps` says of the private copies.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How every private copy's name ends; by it the interposers know a plugin's code.
pub(super) const COPY_SUFFIX: &str = ".loaded.so";

/// Bytes of address space by copy; empty where there is no `/proc`.
pub(super) fn sizes_of_copies() -> HashMap<PathBuf, u64> {
    let mut sizes = HashMap::new();
    for (path, length) in lines() {
        *sizes.entry(path).or_insert(0) += length;
    }
    sizes
}

/// Whether `copy` is mapped; None where there is no `/proc`.
pub(super) fn is_mapped(copy: &Path) -> Option<bool> {
    Path::new("/proc/self/maps").exists().then(|| lines().any(|(path, _)| path == copy))
}

fn lines() -> impl Iterator<Item = (PathBuf, u64)> {
    let text = std::fs::read("/proc/self/maps").unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let parsed: Vec<_> = text.lines().filter_map(parse).collect();
    parsed.into_iter()
}

/// `7f00-7f01 r-xp 0 08:01 123    /path/1.loaded.so`, with ` (deleted)` after an unlinked file.
fn parse(line: &str) -> Option<(PathBuf, u64)> {
    let path = line.get(line.find('/')?..)?;
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    if !path.ends_with(COPY_SUFFIX) {
        return None;
    }
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let length = u64::from_str_radix(end, 16).ok()?.checked_sub(u64::from_str_radix(start, 16).ok()?)?;
    Some((PathBuf::from(path), length))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::path::PathBuf;

    #[test]
    fn only_copies_are_read() {
        let line = "7f0000000000-7f0000002000 r-xp 00000000 08:01 12   /data/images/3.loaded.so (deleted)";
        assert_eq!(parse(line), Some((PathBuf::from("/data/images/3.loaded.so"), 0x2000)));
        assert_eq!(parse("7f0000000000-7f0000002000 r-xp 00000000 08:01 12   /lib/libc.so.6"), None);
        assert_eq!(parse("7f0000000000-7f0000002000 rw-p 00000000 00:00 0 "), None);
    }
}
