//! Migrations from a folder of SQL files.

use crate::descriptor::MigrationSpec;
use std::collections::BTreeMap;

#[doc(hidden)]
pub use include_dir;

/// Embeds a folder of the plugin's crate: `NNNN_name.up.sql`, `NNNN_name.down.sql`, and in place of
/// either on PostgreSQL `NNNN_name.postgres.up.sql`, `NNNN_name.postgres.down.sql`.
///
/// ```
/// # use plugin_api::{Contributions, migrations};
/// # fn contributions() -> Contributions {
/// Contributions::new().migrations(migrations!("$CARGO_MANIFEST_DIR/src/tutorial/migrations"))
/// # }
/// ```
///
/// Without an argument it is the folder `migrations` beside `Cargo.toml`. A file that is added to the folder
/// is seen when the crate is compiled the next time.
///
/// # Panics
/// When a file's name does not fit; the host refuses the plugin with the panic's text.
#[macro_export]
macro_rules! migrations {
    () => {
        $crate::migrations!("$CARGO_MANIFEST_DIR/migrations")
    };
    ($folder:tt) => {{
        use $crate::migrations::include_dir;
        static FOLDER: include_dir::Dir<'static> = include_dir::include_dir!($folder);
        $crate::migrations::from_files(
            FOLDER
                .files()
                .map(|file| (file.path().to_string_lossy().into_owned(), file.contents_utf8().unwrap_or_default())),
        )
    }};
}

/// Sorts files into migrations.
///
/// # Panics
/// When a file's name does not fit, or a `down` has no `up`.
pub fn from_files(files: impl Iterator<Item = (String, &'static str)>) -> Vec<MigrationSpec> {
    let mut specs = BTreeMap::<i64, MigrationSpec>::new();
    for (path, sql) in files.filter(|(path, _)| path.ends_with(".sql")) {
        let Some((version, name, part)) = split(&path) else {
            panic!(
                "migration {path:?} should be named NNNN_name.up.sql, .down.sql, .postgres.up.sql or .postgres.down.sql"
            );
        };
        let spec = specs.entry(version).or_insert_with(|| MigrationSpec {
            version,
            name: name.to_owned(),
            up: String::new(),
            down: None,
            up_postgres: None,
            down_postgres: None,
        });
        assert_eq!(spec.name, name, "two migrations have the number {version}");
        match part {
            Part::Up => sql.clone_into(&mut spec.up),
            Part::Down => spec.down = Some(sql.to_owned()),
            Part::UpPostgres => spec.up_postgres = Some(sql.to_owned()),
            Part::DownPostgres => spec.down_postgres = Some(sql.to_owned()),
        }
    }
    for spec in specs.values() {
        let has_up = !spec.up.is_empty() || spec.up_postgres.is_some();
        assert!(has_up, "migration {} has no {}_{}.up.sql", spec.version, spec.version, spec.name);
    }
    specs.into_values().collect()
}

enum Part {
    Up,
    Down,
    UpPostgres,
    DownPostgres,
}

fn split(path: &str) -> Option<(i64, &str, Part)> {
    let (number, rest) = path.rsplit('/').next()?.split_once('_')?;
    let version = number.parse().ok()?;
    let (rest, part) = match (rest.strip_suffix(".up.sql"), rest.strip_suffix(".down.sql")) {
        (Some(rest), _) => (rest, Part::Up),
        (_, Some(rest)) => (rest, Part::Down),
        _ => return None,
    };
    Some(match (rest.strip_suffix(".postgres"), part) {
        (Some(name), Part::Up) => (version, name, Part::UpPostgres),
        (Some(name), _) => (version, name, Part::DownPostgres),
        (None, part) => (version, rest, part),
    })
}

#[cfg(test)]
mod tests {
    use super::from_files;

    #[test]
    fn files_are_sorted_into_migrations() {
        let files = [
            ("0002_b.up.sql", "B"),
            ("0001_a.up.sql", "A"),
            ("0001_a.down.sql", "-A"),
            ("0001_a.postgres.up.sql", "PA"),
        ];
        let specs = from_files(files.into_iter().map(|(path, sql)| (path.to_owned(), sql)));
        assert_eq!(specs.iter().map(|spec| spec.version).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(specs[0].up_postgres.as_deref(), Some("PA"));
        assert_eq!(specs[0].down.as_deref(), Some("-A"));
    }

    #[test]
    #[should_panic(expected = "should be named")]
    fn a_name_that_does_not_fit_is_refused() {
        from_files([("first.sql".to_owned(), "")].into_iter());
    }
}
