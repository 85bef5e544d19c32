//! The store and the checks of bundles, on hostile archives.

use super::bundle::{Bundle, BundleError, BundleLimits};
use super::{Kept, Sha256, Store};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const LIBRARY: &str = "lib/x86_64-unknown-linux-gnu/notice.so";

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn good() -> Vec<(&'static str, &'static [u8])> {
    vec![("plugin.toml", b"[plugin]"), ("README.md", b"# Notice"), (LIBRARY, b"\x7fELF")]
}

fn with(entry: (&'static str, &'static [u8])) -> Vec<u8> {
    let mut entries = good();
    entries.push(entry);
    zip_of(&entries)
}

fn read(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let folder = tempfile::tempdir().unwrap();
    let staging = folder.path().join("staging");
    std::fs::create_dir(&staging).unwrap();
    let path = folder.path().join("bundle.zip");
    std::fs::write(&path, bytes).unwrap();
    let outcome = Bundle::read(&path, &staging, TARGET, &BundleLimits::default());
    if outcome.is_err() {
        assert_eq!(std::fs::read_dir(&staging).unwrap().count(), 0, "a refusal leaves nothing");
    }
    outcome
}

#[track_caller]
fn refused(bytes: &[u8], words: &str) {
    let message = read(bytes).expect_err("must be refused").to_string();
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

#[test]
fn a_whole_bundle_is_read() {
    let bundle = read(&zip_of(&good())).unwrap();
    assert_eq!(bundle.manifest, "[plugin]");
    assert_eq!(bundle.library.sha256(), Sha256::of(b"\x7fELF"));
}

#[test]
fn one_folder_around_everything_is_taken_off() {
    let entries: Vec<(String, &[u8])> = good().iter().map(|(name, bytes)| (format!("notice/{name}"), *bytes)).collect();
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert_eq!(read(&zip_of(&entries)).unwrap().readme, "# Notice");
}

#[test]
fn what_may_stand_beside_the_library_is_accepted() {
    for name in ["CHANGELOG.md", "LICENSE", "icon.svg", "ui/index.js", "locales/zh-CN.json"] {
        assert!(read(&with((name, b"x"))).is_ok(), "{name}");
    }
}

#[test]
fn a_file_that_is_no_zip_is_refused() {
    refused(b"not a zip", "not a zip");
    refused(b"", "not a zip");
    let whole = zip_of(&good());
    refused(&whole[..whole.len() - 10], "not a zip");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    refused(&with(("../evil", b"x")), "leads out");
    refused(&with(("ui/../../evil", b"x")), "leads out");
    refused(&with(("ui\\..\\evil", b"x")), "leads out");
    refused(&with(("/etc/passwd", b"x")), "absolute");
    refused(&with(("C:/evil", b"x")), "absolute");
    refused(&with(("ui//x", b"x")), "plain relative path");
}

#[test]
fn a_symbolic_link_is_refused() {
    let mut writer = ZipWriter::new_append(Cursor::new(zip_of(&good()))).unwrap();
    writer.add_symlink("ui/link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    refused(&writer.finish().unwrap().into_inner(), "symbolic links");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    // The writer refuses to make such an archive: write another name, then change it in place.
    let mut entries = good();
    entries.extend([("ui/same1", b"x".as_slice()), ("ui/same2", b"y".as_slice())]);
    let mut bytes = zip_of(&entries);
    while let Some(position) = bytes.windows(8).position(|window| window == b"ui/same2") {
        bytes[position + 7] = b'1';
    }
    refused(&bytes, "same name");
}

#[test]
fn a_bomb_is_refused() {
    static ZEROS: [u8; 8 * 1024 * 1024] = [0; 8 * 1024 * 1024];
    refused(&with(("ui/bomb", &ZEROS)), "times its size");
}

#[test]
fn too_many_entries_are_refused() {
    let names: Vec<String> = (0..2001).map(|number| format!("ui/{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    refused(&zip_of(&entries), "more than 2000 entries");
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.zip");
    std::fs::write(&path, with(("ui/large", &[7; 4096]))).unwrap();
    let limits = BundleLimits { unpacked_bytes_max: 4096, ..BundleLimits::default() };
    let outcome = Bundle::read(&path, folder.path(), TARGET, &limits);
    assert!(matches!(outcome, Err(BundleError::TooLarge { bytes_max: 4096 })));
}

#[test]
fn a_damaged_entry_is_refused() {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in good() {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let mut bytes = writer.finish().unwrap().into_inner();
    let position = bytes.windows(8).position(|window| window == b"# Notice").unwrap();
    bytes[position] = b'!';
    refused(&bytes, "damaged");
}

#[test]
fn what_is_missing_is_named() {
    let without = |name: &str| zip_of(&good().into_iter().filter(|entry| entry.0 != name).collect::<Vec<_>>());
    refused(&without("plugin.toml"), "no plugin.toml");
    refused(&without("README.md"), "no README.md");
    refused(&without(LIBRARY), "it brings none");
    refused(&zip_of(&[("foo/x.py", b"")]), "no plugin.toml");
}

#[test]
fn another_target_is_named() {
    let entries: [(&str, &[u8]); 3] =
        [("plugin.toml", b""), ("README.md", b""), ("lib/aarch64-unknown-linux-gnu/notice.so", b"")];
    refused(&zip_of(&entries), "it brings aarch64-unknown-linux-gnu");
    refused(&with(("lib/x86_64-unknown-linux-gnu/other.so", b"")), "2 libraries");
}

#[test]
fn what_does_not_belong_is_refused() {
    refused(&with(("setup.py", b"")), "does not belong");
    refused(&with(("ui", b"")), "does not belong");
}

#[tokio::test]
async fn files_are_kept_under_their_hash_and_swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut writer = store.stage(100).await.unwrap();
    writer.write(&zip_of(&[("a", b"b")])[..50]).await.unwrap();
    let staged = writer.finish().await.unwrap();
    let sha256 = staged.sha256();
    assert_eq!(store.keep_bundle(staged).unwrap(), Kept::New);
    assert!(store.bundle(&sha256).exists());
    assert_eq!(store.sweep(&[sha256].into(), &[].into()).unwrap(), 0);
    assert_eq!(store.sweep(&[].into(), &[].into()).unwrap(), 1);
    assert!(!store.bundle(&sha256).exists());
}

#[tokio::test]
async fn an_upload_stops_at_the_limit_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut writer = store.stage(10).await.unwrap();
    writer.write(&[0; 10]).await.unwrap();
    assert!(writer.write(&[0]).await.is_err());
    drop(writer);
    assert_eq!(std::fs::read_dir(store.staging()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_library_changed_on_disk_is_not_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let zip = folder.path().join("bundle.zip");
    std::fs::write(&zip, zip_of(&good())).unwrap();
    let bundle = Bundle::read(&zip, store.staging(), TARGET, &BundleLimits::default()).unwrap();
    let sha256 = bundle.library.sha256();
    store.keep_library(bundle.library).unwrap();
    let path = store.library(&sha256).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"stale code").unwrap();
    assert!(store.library(&sha256).unwrap_err().to_string().contains("it was stored as"));
}
