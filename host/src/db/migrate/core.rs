//! The core's own schema, built into the server from `/migrations`.

use plugin_api::descriptor::MigrationSpec;

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        MigrationSpec {
            version: $version,
            name: $name.to_owned(),
            up: include_str!(concat!("../../../../migrations/", $file, ".up.sql")).to_owned(),
            down: Some(include_str!(concat!("../../../../migrations/", $file, ".down.sql")).to_owned()),
            up_postgres: None,
            down_postgres: None,
        }
    };
}

/// Oldest first. Listed by name rather than by folder, so that cargo sees every file.
pub(super) fn migrations() -> Vec<MigrationSpec> {
    let menu_ids_postgres = include_str!("../../../../migrations/0006_menu_ids.postgres.up.sql");
    let plugin_kept_postgres = include_str!("../../../../migrations/0024_plugin_kept.postgres.up.sql");
    let plugin_bundles_postgres = include_str!("../../../../migrations/0016_plugin_bundles.postgres.up.sql");
    vec![
        migration!(1, "users", "0001_users"),
        migration!(2, "menus", "0002_menus"),
        migration!(3, "sessions", "0003_sessions"),
        migration!(4, "plugins", "0004_plugins"),
        migration!(5, "core_menus", "0005_core_menus"),
        MigrationSpec { up_postgres: Some(menu_ids_postgres.to_owned()), ..migration!(6, "menu_ids", "0006_menu_ids") },
        migration!(7, "sessions", "0007_sessions"),
        migration!(8, "password_history", "0008_password_history"),
        migration!(9, "data_scopes", "0009_data_scopes"),
        migration!(10, "user_codes", "0010_user_codes"),
        migration!(11, "seed_scopes", "0011_seed_scopes"),
        migration!(12, "names_and_codes", "0012_names_and_codes"),
        migration!(13, "logs", "0013_logs"),
        migration!(14, "log_codes", "0014_log_codes"),
        migration!(15, "seed_test_role", "0015_seed_test_role"),
        MigrationSpec {
            up_postgres: Some(plugin_bundles_postgres.to_owned()),
            ..migration!(16, "plugin_bundles", "0016_plugin_bundles")
        },
        migration!(17, "plugin_revision", "0017_plugin_revision"),
        migration!(18, "log_filters", "0018_log_filters"),
        migration!(19, "plugin_operations", "0019_plugin_operations"),
        migration!(20, "plugin_schemas", "0020_plugin_schemas"),
        migration!(21, "setting_secrets", "0021_setting_secrets"),
        migration!(22, "plugin_capabilities", "0022_plugin_capabilities"),
        migration!(23, "plugin_guard", "0023_plugin_guard"),
        MigrationSpec {
            up_postgres: Some(plugin_kept_postgres.to_owned()),
            ..migration!(24, "plugin_kept", "0024_plugin_kept")
        },
        migration!(25, "plugin_jobs", "0025_plugin_jobs"),
        migration!(26, "plugin_events", "0026_plugin_events"),
        migration!(27, "plugin_plans", "0027_plugin_plans"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        let mut expected = BTreeSet::new();
        for migration in migrations() {
            let stem = format!("{:04}_{}", migration.version, migration.name);
            expected.insert(format!("{stem}.up.sql"));
            expected.insert(format!("{stem}.down.sql"));
            if migration.up_postgres.is_some() {
                expected.insert(format!("{stem}.postgres.up.sql"));
            }
        }
        assert_eq!(files, expected);
    }
}
