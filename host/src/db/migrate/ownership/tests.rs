use super::*;

const BOTH: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

fn migration(version: i64, up: &str, down: &str) -> MigrationSpec {
    MigrationSpec {
        version,
        name: "x".to_owned(),
        up: up.to_owned(),
        down: (!down.is_empty()).then(|| down.to_owned()),
        up_postgres: None,
        down_postgres: None,
    }
}

fn owners() -> Owners {
    Owners::new(
        [("sys_notice", "notice"), ("mine", "shop")].map(|(table, id)| (table.to_owned(), id.to_owned())).into(),
    )
}

fn texts(migrations: &[MigrationSpec], reads: Reads) -> Vec<String> {
    let faults = faults("shop", &BOTH, migrations, &owners(), reads).expect("in order");
    faults.iter().map(ToString::to_string).collect()
}

fn text(up: &str) -> String {
    texts(&[migration(1, &format!("CREATE TABLE mine (id BIGINT);\n{up}"), "")], Reads::Own).join("\n")
}

#[test]
fn the_core_is_known() {
    let owners = Owners::default();
    for (name, owner) in [
        ("sys_user", Some(Owner::Core)),
        ("SYS_USER", Some(Owner::Core)),
        ("plugin_table", Some(Owner::Core)),
        ("_migrations", Some(Owner::Ledgers)),
        ("_migrations_notice", Some(Owner::Ledgers)),
        ("sqlite_master", Some(Owner::Database)),
        ("pg_class", Some(Owner::Database)),
        ("sys_notice", None),
    ] {
        assert_eq!(owners.of(name), owner, "{name}");
    }
    for migration in core::migrations() {
        for dialect in BOTH {
            let scripts = script::all_for(dialect, std::slice::from_ref(&migration)).expect("valid");
            statement::read(dialect, &scripts[0].up).expect("the core's scripts can be read");
        }
    }
}

#[test]
fn what_a_plugin_owns_it_may_change() {
    let migrations = [
        migration(
            1,
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT); CREATE TABLE b (a_id BIGINT REFERENCES a (id)); \
             CREATE INDEX a_x ON a (x); INSERT INTO a (x) VALUES ('y'); INSERT INTO b SELECT id FROM a",
            "DROP TABLE b; DROP TABLE a",
        ),
        migration(
            2,
            "ALTER TABLE a RENAME TO c; CREATE VIEW v AS SELECT * FROM c",
            "DROP VIEW v; ALTER TABLE c RENAME TO a",
        ),
        migration(3, "DROP INDEX a_x; UPDATE c SET x = 'z'", "CREATE INDEX a_x ON c (x)"),
        migration(4, "CREATE TABLE a (id BIGINT); DROP TABLE b", "DROP TABLE a; CREATE TABLE b (a_id BIGINT)"),
    ];
    assert_eq!(texts(&migrations, Reads::Own), [""; 0]);
}

#[test]
fn what_belongs_to_others_is_refused_with_both_parties() {
    insta::assert_snapshot!(text("DROP TABLE sys_user"), @"migration 1 (x), up script, line 2: DROP TABLE sys_user: table sys_user belongs to the core; plugin shop may drop only what its own migrations create: mine");
    insta::assert_snapshot!(text("UPDATE sys_notice SET title = 'x'"), @"migration 1 (x), up script, line 2: UPDATE sys_notice SET title = 'x': table sys_notice belongs to plugin notice; plugin shop may change only rows of what its own migrations create: mine");
    insta::assert_snapshot!(text("DELETE FROM _migrations_notice"), @"migration 1 (x), up script, line 2: DELETE FROM _migrations_notice: table _migrations_notice belongs to the ledgers of migrations; plugin shop may change only rows of what its own migrations create: mine");
    insta::assert_snapshot!(text("INSERT INTO mine SELECT id FROM sys_user"), @"migration 1 (x), up script, line 2: INSERT INTO mine SELECT id FROM sys_user: table sys_user belongs to the core; plugin shop may read only what its own migrations create: mine");
    insta::assert_snapshot!(text("CREATE TABLE other (user_id BIGINT REFERENCES sys_user (id))"), @"migration 1 (x), up script, line 2: CREATE TABLE other (user_id BIGINT REFERENCES sys_user (id)): table sys_user belongs to the core; plugin shop may refer only to what its own migrations create: mine; keep the key in a column without REFERENCES");
    insta::assert_snapshot!(text("CREATE TABLE sys_notice (id BIGINT)"), @"migration 1 (x), up script, line 2: CREATE TABLE sys_notice (id BIGINT): the name sys_notice belongs to plugin notice; plugin shop must give its table another name");
    insta::assert_snapshot!(text("ALTER TABLE mine RENAME TO sys_role"), @"migration 1 (x), up script, line 2: ALTER TABLE mine RENAME TO sys_role: the name sys_role belongs to the core; plugin shop must give its table another name");
    insta::assert_snapshot!(text("DROP TABLE theirs"), @"migration 1 (x), up script, line 2: DROP TABLE theirs: table theirs is created by none of the migrations of plugin shop; plugin shop may drop only what its own migrations create: mine");
    insta::assert_snapshot!(text("DROP INDEX plugin_table_plugin_id"), @"migration 1 (x), up script, line 2: DROP INDEX plugin_table_plugin_id: index plugin_table_plugin_id belongs to the core; plugin shop may drop only what its own migrations create: mine");
    insta::assert_snapshot!(text("PRAGMA foreign_keys = 0"), @"migration 1 (x), up script, line 2: PRAGMA foreign_keys = 0: PRAGMA foreign_keys is not allowed; a migration takes CREATE TABLE, INDEX, VIEW and TRIGGER, ALTER TABLE, DROP, SELECT, INSERT, UPDATE and DELETE");
    insta::assert_snapshot!(text("CREATE TABEL t (id BIGINT)"), @"migration 1 (x), up script, line 2: it can't be read at column 8: Expected: an object type after CREATE, found: TABEL");
    insta::assert_snapshot!(text("SELECT pg_sleep(1)"), @"migration 1 (x), up script, line 2: SELECT pg_sleep(1): it calls pg_sleep, which is not among the functions that a migration may call");
    insta::assert_snapshot!(text("CREATE TABLE IF NOT EXISTS more (id BIGINT)"), @"migration 1 (x), up script, line 2: CREATE TABLE IF NOT EXISTS more (id BIGINT): write it without IF NOT EXISTS: a migration runs once, so what exists already is somebody else's");
}

#[test]
fn what_is_gone_or_comes_later_is_not_owned() {
    for (migrations, expected) in [
        (
            vec![
                migration(1, "CREATE TABLE mine (id BIGINT)", "DROP TABLE mine"),
                migration(2, "DROP TABLE mine", "DROP TABLE mine"),
            ],
            1,
        ),
        (vec![migration(1, "INSERT INTO mine VALUES (1)", ""), migration(2, "CREATE TABLE mine (id BIGINT)", "")], 1),
        (vec![migration(1, "CREATE TABLE mine (id BIGINT)", "DROP TABLE sys_user")], 1),
        (
            vec![migration(
                1,
                "CREATE TABLE mine (id BIGINT); CREATE INDEX i ON mine (id); DROP TABLE mine; DROP INDEX i",
                "",
            )],
            1,
        ),
    ] {
        let found = texts(&migrations, Reads::Own);
        assert_eq!(found.len(), expected, "{found:?}");
    }
}

#[test]
fn a_capability_lets_migrations_read_but_not_write() {
    let reading = [migration(1, "CREATE TABLE mine (id BIGINT); INSERT INTO mine SELECT id FROM sys_user", "")];
    assert_eq!(texts(&reading, Reads::Others), [""; 0]);
    assert_eq!(texts(&reading, Reads::Own).len(), 1);
    let writing = [migration(1, "CREATE TABLE mine (id BIGINT); UPDATE sys_user SET nickname = 'x'", "")];
    assert_eq!(texts(&writing, Reads::Others).len(), 1);
}

#[test]
fn each_database_has_its_own_script() {
    let override_only = MigrationSpec {
        up_postgres: Some("CREATE TABLE mine (id BIGINT); DROP TABLE sys_user".to_owned()),
        ..migration(1, "CREATE TABLE mine (id BIGINT)", "")
    };
    let count = |dialects: &[Dialect]| {
        let one = std::slice::from_ref(&override_only);
        faults("shop", dialects, one, &owners(), Reads::Own).expect("in order").len()
    };
    assert_eq!((count(&[Dialect::Sqlite]), count(&[Dialect::Postgres]), count(&BOTH)), (0, 1, 1));
    let shown = outlines(Dialect::Postgres, std::slice::from_ref(&override_only)).expect("in order");
    assert_eq!(shown[0].creates, BTreeSet::from(["mine".to_owned()]));
    assert_eq!(shown[0].drops, BTreeSet::from(["sys_user".to_owned()]));
}
