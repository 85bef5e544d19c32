//! The zip: sorted entries, one fixed time, fixed permissions, so that equal files give equal
//! bytes.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::Path,
};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::{PackError, contents::Contents};

const FILE_MODE: u32 = 0o644;

/// Writes the bundle beside its final name and renames it; returns its size and its hash.
pub(super) fn write(contents: &Contents, bundle: &Path) -> Result<(u64, String), PackError> {
    let directory = match bundle.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory).map_err(PackError::file("create", directory))?;
    let unwritable = || PackError::file("write", bundle);
    let staged = tempfile::Builder::new().prefix(".pack-").tempfile_in(directory).map_err(unwritable())?;
    fill(contents, staged.as_file()).map_err(|source| PackError::Zip { path: bundle.to_owned(), source })?;
    make_readable(staged.as_file()).map_err(unwritable())?;
    let (bytes, sha256) = measure(staged.path()).map_err(unwritable())?;
    let renamed = staged.persist(bundle).map_err(|error| error.error);
    renamed.map_err(unwritable())?;
    Ok((bytes, sha256))
}

fn fill(contents: &Contents, file: &File) -> Result<(), ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(FILE_MODE);
    let mut zip = ZipWriter::new(BufWriter::new(file));
    for (name, path) in contents.entries() {
        zip.start_file(name, options)?;
        io::copy(&mut BufReader::new(File::open(path)?), &mut zip)?;
    }
    zip.finish()?.flush()?;
    file.sync_all()?;
    Ok(())
}

fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hash)?;
    Ok((bytes, hex::encode(hash.finalize())))
}

/// A bundle is meant to be handed on, unlike other temporary files.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(FILE_MODE))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> (tempfile::TempDir, Contents) {
        let directory = tempfile::tempdir().unwrap();
        let manifest = "[plugin]\nid = \"demo\"\nversion = \"1.0.0\"\nsummary = \"A demo\"\n\
            description = \"A demo\"\nauthor = \"Somebody\"\ntags = [\"other\"]\n\
            database = [\"sqlite\"]\n";
        fs::write(directory.path().join("plugin.toml"), manifest).unwrap();
        fs::write(directory.path().join("README.md"), "# Demo").unwrap();
        let contents = Contents::of(directory.path()).unwrap();
        (directory, contents)
    }

    #[test]
    fn equal_files_give_equal_bytes() {
        let (_first, one) = contents();
        let (_second, other) = contents();
        let out = tempfile::tempdir().unwrap();
        let (path, again) = (out.path().join("a/1.zip"), out.path().join("2.zip"));
        let (bytes, sha256) = write(&one, &path).unwrap();
        assert_eq!(write(&other, &again).unwrap(), (bytes, sha256));
        assert_eq!(fs::read(&path).unwrap(), fs::read(&again).unwrap());
        let zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
        let mut names: Vec<_> = zip.file_names().map(|name| name.unwrap()).collect();
        names.sort();
        assert_eq!(names, ["README.md", "plugin.toml"]);
    }

    #[test]
    fn nothing_is_left_behind_when_a_file_vanishes() {
        let (directory, contents) = contents();
        fs::remove_file(directory.path().join("README.md")).unwrap();
        let out = tempfile::tempdir().unwrap();
        assert!(write(&contents, &out.path().join("a.zip")).is_err());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
