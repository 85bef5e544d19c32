//! Schemas go up and down whole.

use crate::on_both;
use backplane::db::Pool;
use backplane::db::migrate::{self, MigrateError, PluginMigrator};
use plugin_api::descriptor::MigrationSpec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn spec(version: i64, name: &str, up: &str, down: &str) -> MigrationSpec {
    MigrationSpec {
        version,
        name: name.to_owned(),
        up: up.to_owned(),
        down: (!down.is_empty()).then(|| down.to_owned()),
        up_postgres: None,
        down_postgres: None,
    }
}

fn notice() -> MigrationSpec {
    let up = "CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL);\n\
              INSERT INTO notice (title) VALUES ('welcome; hello');";
    spec(1, "notice", up, "DROP TABLE notice")
}

fn kinds() -> MigrationSpec {
    spec(
        2,
        "kinds",
        "ALTER TABLE notice ADD COLUMN kind INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE notice DROP COLUMN kind",
    )
}

fn broken() -> MigrationSpec {
    spec(3, "broken", "CREATE TABLE extra (id INTEGER); INSERT INTO absent VALUES (1)", "DROP TABLE extra")
}

async fn exists(pool: &Pool, table: &str) -> bool {
    pool.database().query(format!("SELECT count(*) FROM \"{table}\"")).execute().await.is_ok()
}

on_both! {
    async fn the_core_goes_up_and_down_and_up(pool: Pool) {
        let all: Vec<i64> = migrate::core_migrations().iter().map(|migration| migration.version).collect();
        assert_eq!(migrate::core(&pool).await.expect("applies"), all);
        assert_eq!(migrate::core(&pool).await.expect("finds nothing to do"), [0i64; 0]);
        assert_eq!(migrate::revert_core(&pool, 0).await.expect("reverts").len(), all.len());
        assert!(!exists(&pool, "sys_user").await);
        assert_eq!(migrate::core(&pool).await.expect("applies again"), all);
        let applied = migrate::core_applied(&pool).await.expect("reads");
        assert_eq!(applied.len(), all.len());
        assert!(applied[0].applied_at > 1_700_000_000_000);

        let db = pool.database();
        let menus: (i64, i64, i64) = db.query("SELECT count(*), min(id), max(id) FROM sys_menu WHERE id <= 100").fetch_one().await.expect("counts");
        assert_eq!(menus, (50, 1, 50));
        let insert = "INSERT INTO sys_menu (title, name, created_time) VALUES ($1, $2, $3) RETURNING id";
        let id: i64 = db.query(insert).bind("t").bind("Further").bind(1).fetch_scalar().await.expect("inserts");
        assert!(id > 100, "{id}: up to 100 is for entries whose ids clients know");
        let twice = db.query(insert).bind("t").bind("Further").bind(1).execute().await.expect_err("taken");
        assert!(twice.is_unique());
        let user = "INSERT INTO sys_user (uuid, username, nickname, is_superuser, join_time, created_time) \
                    VALUES ($1, $2, $2, $3, $4, $4) RETURNING id, is_superuser, is_staff";
        let user: (i64, bool, bool) = db.query(user).bind("u").bind("admin").bind(true).bind(1).fetch_one().await.expect("inserts");
        assert_eq!(user, (1, true, false));
    }

    async fn what_an_administrator_has_made_is_not_added_to(pool: Pool) {
        migrate::core(&pool).await.expect("applies");
        migrate::revert_core(&pool, 14).await.expect("reverts");
        let db = pool.database();
        let count = async |table: &str| {
            db.query(format!("SELECT count(*) FROM {table}")).fetch_scalar::<i64>().await.expect("counts")
        };
        for table in ["sys_dept", "sys_role", "sys_role_menu", "sys_role_data_scope"] {
            assert_eq!(count(table).await, 0, "{table}");
        }
        for table in ["sys_dept", "sys_role"] {
            let insert = format!("INSERT INTO {table} (name, created_time) VALUES ('Test', 0)");
            db.query(insert).execute().await.expect("inserts");
        }
        migrate::core(&pool).await.expect("applies again");
        for (table, rows) in [("sys_dept", 1), ("sys_role", 1), ("sys_role_menu", 0), ("sys_role_data_scope", 0)] {
            assert_eq!(count(table).await, rows, "{table}");
        }
        migrate::revert_core(&pool, 14).await.expect("reverts");
        assert_eq!((count("sys_dept").await, count("sys_role").await), (1, 1));
    }

    async fn a_plugin_is_upgraded_and_purged(pool: Pool) {
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        assert_eq!(migrator.applied().await.expect("reads"), []);
        assert_eq!(migrator.apply(&[]).await.expect("nothing to do"), [0i64; 0]);
        assert!(!exists(&pool, "_migrations_notice").await, "no ledger for nothing");
        assert_eq!(migrator.apply(&[notice()]).await.expect("applies"), [1]);
        assert_eq!(migrator.apply(&[notice(), kinds()]).await.expect("upgrades"), [2]);
        let applied = migrator.applied().await.expect("reads");
        assert_eq!(applied.iter().map(|one| (one.version, one.name.as_str())).collect::<Vec<_>>(), [(1, "notice"), (2, "kinds")]);
        let db = pool.database();
        let insert = "INSERT INTO notice (title) VALUES ('x') RETURNING id";
        assert_eq!(db.query(insert).fetch_scalar::<i64>().await, Ok(2));

        let error = migrator.apply(&[notice()]).await.expect_err("a downgrade");
        assert!(matches!(&error, MigrateError::Missing { version: 2, name } if name == "kinds"), "{error}");
        assert_eq!(migrator.revert(1).await.expect("reverts"), [2]);
        assert_eq!(migrator.apply(&[notice()]).await.expect("fits again"), [0i64; 0]);
        // As an uninstall does, whose library is gone.
        PluginMigrator::on_scratch(&pool, "notice").purge().await.expect("purges");
        assert!(!exists(&pool, "notice").await);
        assert!(!exists(&pool, "_migrations_notice").await);
        migrator.purge().await.expect("nothing left to purge");
        assert_eq!(migrator.apply(&[notice()]).await.expect("installs again"), [1]);
    }

    async fn a_failure_undoes_the_whole_call(pool: Pool) {
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        let error = migrator.apply(&[notice(), kinds(), broken()]).await.expect_err("broken");
        assert!(matches!(&error, MigrateError::Script { direction: "up", version: 3, .. }), "{error}");
        assert_eq!(error.to_string(), "run the up script of migration 3 (broken)");
        for table in ["notice", "extra", "_migrations_notice"] {
            assert!(!exists(&pool, table).await, "{table}");
        }
        // No lock was left behind.
        assert_eq!(migrator.apply(&[notice()]).await.expect("applies"), [1]);
        migrator.apply(&[notice(), kinds(), broken()]).await.expect_err("broken");
        assert_eq!(migrator.applied().await.expect("reads").len(), 1);
    }

    async fn a_changed_migration_is_refused(pool: Pool) {
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        migrator.apply(&[notice()]).await.expect("applies");
        let changed = MigrationSpec { up: notice().up + "\n-- changed", ..notice() };
        let error = migrator.apply(&[changed, kinds()]).await.expect_err("changed");
        assert!(matches!(error, MigrateError::Changed { version: 1, .. }), "{error}");
        let better = MigrationSpec { down: Some("DROP TABLE IF EXISTS notice".to_owned()), ..notice() };
        assert_eq!(migrator.apply(&[better]).await.expect("a better down script is taken"), [0i64; 0]);
    }

    async fn what_has_no_way_back_stays(pool: Pool) {
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        let kinds = MigrationSpec { down: None, ..kinds() };
        migrator.apply(&[notice(), kinds.clone()]).await.expect("applies");
        let error = migrator.purge().await.expect_err("irreversible");
        assert!(matches!(error, MigrateError::Irreversible { version: 2, .. }), "{error}");
        assert!(exists(&pool, "notice").await);
        assert_eq!(migrator.applied().await.expect("reads").len(), 2);
    }

    async fn one_of_many_at_once_applies(pool: Pool) {
        let calls = (0..8).map(|_| {
            let migrator = PluginMigrator::on_scratch(&pool, "notice");
            tokio::spawn(async move { migrator.apply(&[notice(), kinds()]).await })
        });
        let mut applied = 0;
        for call in calls.collect::<Vec<_>>() {
            applied += call.await.expect("joins").expect("applies or finds it done").len();
        }
        assert_eq!(applied, 2);
    }

    async fn requests_go_on_during_migrations(pool: Pool) {
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        let mut specs = vec![notice()];
        migrator.apply(&specs).await.expect("applies");
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..4)
            .map(|reader| {
                let (db, stop) = (pool.database(), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut answers = 0;
                    while !stop.load(Ordering::Relaxed) {
                        db.query("SELECT * FROM notice WHERE id > $1").bind(0).rows().await.expect("reads");
                        let insert = "INSERT INTO notice (title) VALUES ($1) RETURNING *";
                        db.query(insert).bind(format!("{reader}")).rows().await.expect("writes");
                        db.query("DELETE FROM notice WHERE id > 20").execute().await.expect("deletes");
                        answers += 1;
                    }
                    answers
                })
            })
            .collect();
        for version in 2..30 {
            specs.push(spec(version, "wider", &format!("ALTER TABLE notice ADD COLUMN c{version} TEXT"), ""));
            assert_eq!(migrator.apply(&specs).await.expect("applies"), [version]);
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.await.expect("no failed request") > 0);
        }
    }

    async fn a_script_may_define_a_trigger(pool: Pool) {
        let trigger = MigrationSpec {
            up_postgres: Some(
                "CREATE TABLE seen (id BIGINT); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 INSERT INTO seen VALUES (NEW.id); RETURN NEW; END; $$; \
                 CREATE TRIGGER note AFTER INSERT ON notice FOR EACH ROW EXECUTE FUNCTION note()"
                    .to_owned(),
            ),
            down_postgres: Some("DROP TRIGGER note ON notice; DROP FUNCTION note(); DROP TABLE seen".to_owned()),
            ..spec(
                2,
                "trigger",
                "CREATE TABLE seen (id BIGINT); CREATE TRIGGER note AFTER INSERT ON notice BEGIN INSERT INTO seen VALUES (NEW.id); END;",
                "DROP TRIGGER note; DROP TABLE seen",
            )
        };
        let migrator = PluginMigrator::on_scratch(&pool, "notice");
        migrator.apply(&[notice(), trigger]).await.expect("applies");
        let db = pool.database();
        db.query("INSERT INTO notice (title) VALUES ('x')").execute().await.expect("inserts");
        assert_eq!(db.query("SELECT id FROM seen").fetch_all::<i64>().await, Ok(vec![2]));
        migrator.purge().await.expect("purges");
    }
}
