//! Plugins' migrations touch what they own, and the registry says what that is.

use crate::migrations::spec;
use crate::on_both;
use backplane::db::Pool;
use backplane::db::migrate::{self, MigrateError, PluginMigrator};
use plugin_api::descriptor::MigrationSpec;

fn shop() -> [MigrationSpec; 2] {
    [
        spec(
            1,
            "goods",
            "CREATE TABLE shop_good (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL); CREATE INDEX shop_good_name ON shop_good (name)",
            "DROP TABLE shop_good",
        ),
        spec(
            2,
            "items",
            "ALTER TABLE shop_good RENAME TO shop_item; CREATE VIEW shop_named AS SELECT id FROM shop_item WHERE name <> ''",
            "DROP VIEW shop_named; ALTER TABLE shop_item RENAME TO shop_good",
        ),
    ]
}

async fn registered(pool: &Pool, plugin: &str) -> Vec<(String, String)> {
    let sql = "SELECT name, kind FROM plugin_table WHERE plugin_id = $1 ORDER BY name";
    pool.database().query(sql).bind(plugin).fetch_all().await.expect("reads")
}

fn named(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

async fn refused(pool: &Pool, plugin: &str, up: &str) -> String {
    let outcome = PluginMigrator::new(pool, plugin).apply(&[spec(1, "x", up, "")]).await;
    let error = outcome.expect_err("refused");
    assert!(matches!(error, MigrateError::Refused { .. }), "{error}");
    error.to_string()
}

on_both! {
    async fn tables_are_registered_with_the_migrations_that_make_them(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        let migrator = PluginMigrator::new(&pool, "shop");
        migrator.apply(&shop()[..1]).await.expect("applies");
        assert_eq!(registered(&pool, "shop").await, named(&[("shop_good", "table")]));
        migrator.apply(&shop()).await.expect("applies");
        assert_eq!(registered(&pool, "shop").await, named(&[("shop_item", "table"), ("shop_named", "view")]));
        migrator.revert(1).await.expect("reverts");
        assert_eq!(registered(&pool, "shop").await, named(&[("shop_good", "table")]));
        migrator.purge().await.expect("purges");
        assert_eq!(registered(&pool, "shop").await, []);
    }

    async fn a_failed_call_registers_nothing(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        let fails = spec(3, "x", "CREATE TABLE more (id BIGINT PRIMARY KEY); INSERT INTO more VALUES (1); INSERT INTO more VALUES (1)", "");
        let [one, two] = shop();
        let error = PluginMigrator::new(&pool, "shop").apply(&[one, two, fails]).await.expect_err("fails");
        assert!(matches!(error, MigrateError::Script { .. }), "{error}");
        assert_eq!(registered(&pool, "shop").await, []);
    }

    async fn what_is_somebody_elses_is_refused_before_anything_runs(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        PluginMigrator::new(&pool, "shop").apply(&shop()).await.expect("applies");
        for (up, owner) in [
            ("CREATE TABLE a (id BIGINT); DROP TABLE sys_user", "the core"),
            ("CREATE TABLE shop_item (id BIGINT)", "plugin shop"),
            ("CREATE TABLE a (id BIGINT); INSERT INTO a SELECT id FROM shop_item", "plugin shop"),
            ("UPDATE _migrations_shop SET checksum = ''", "the ledgers"),
            ("DELETE FROM plugin_table", "the core"),
        ] {
            let text = refused(&pool, "thief", up).await;
            assert!(text.contains(owner), "{text}");
            assert!(text.contains("plugin thief"), "{text}");
        }
        assert!(pool.database().query("SELECT count(*) FROM a").execute().await.is_err());
        assert!(PluginMigrator::new(&pool, "thief").applied().await.expect("reads").is_empty());
    }

    async fn what_was_applied_before_is_registered_when_it_is_applied_again(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        let migrator = PluginMigrator::new(&pool, "shop");
        migrator.apply(&shop()).await.expect("applies");
        let all = registered(&pool, "shop").await;
        let forget = async || pool.database().query("DELETE FROM plugin_table").execute().await.expect("deletes");
        forget().await;
        assert_eq!(migrator.apply(&shop()).await.expect("finds nothing to apply"), [0i64; 0]);
        assert_eq!(registered(&pool, "shop").await, all);
        forget().await;
        migrator.register(&shop()).await.expect("registers");
        assert_eq!(registered(&pool, "shop").await, all);
        PluginMigrator::new(&pool, "other").register(&shop()).await.expect("nothing of it is applied");
        assert_eq!(registered(&pool, "other").await, []);
    }

    /// Scripts that were stored before scripts were checked.
    async fn a_stored_down_script_takes_nothing_of_others(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        let migrator = PluginMigrator::new(&pool, "shop");
        migrator.apply(&shop()).await.expect("applies");
        pool.database().query("UPDATE _migrations_shop SET down = 'DROP TABLE sys_menu'").execute().await.expect("updates");
        let error = migrator.revert(0).await.expect_err("refused");
        assert_eq!(
            error.to_string(),
            "accept migration 2 (items): its down script has DROP TABLE sys_menu: table sys_menu belongs to the core"
        );
        assert_eq!(migrator.applied().await.expect("reads").len(), 2);
    }

    async fn what_down_scripts_leave_goes_with_a_purge(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        let migrator = PluginMigrator::new(&pool, "shop");
        let up = "CREATE TABLE left_one (id BIGINT PRIMARY KEY); CREATE TABLE left_two (id BIGINT REFERENCES left_one (id))";
        migrator.apply(&[spec(1, "x", up, "SELECT 1")]).await.expect("applies");
        migrator.purge().await.expect("purges");
        assert!(pool.database().query("SELECT count(*) FROM left_one").execute().await.is_err());
        assert_eq!(registered(&pool, "shop").await, []);
    }
}
