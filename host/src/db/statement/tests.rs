use super::*;

const BOTH: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

/// Touches on one line: `create table t, write table t`.
fn touched(dialect: Dialect, script: &str) -> String {
    let statements = match read(dialect, script) {
        Ok(statements) => statements,
        Err(place) => return format!("unreadable at {place}"),
    };
    let mut words = Vec::new();
    for statement in statements {
        if let Some(reason) = statement.forbidden {
            words.push(format!("forbidden: {reason}"));
        }
        for Touch { action, kind, name } in statement.touches {
            let kind = kind.as_str();
            words.push(match action {
                Action::Create { on: Some(table) } => format!("create {kind} {name} on {table}"),
                Action::Create { on: None } => format!("create {kind} {name}"),
                Action::Rename { to } => format!("rename {kind} {name} to {to}"),
                Action::Alter => format!("alter {name}"),
                Action::Drop => format!("drop {kind} {name}"),
                Action::Write => format!("write {name}"),
                Action::Read => format!("read {name}"),
                Action::Refer => format!("refer {name}"),
            });
        }
    }
    words.join(", ")
}

#[test]
fn statements_say_what_they_touch() {
    for (sql, expected) in [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT DEFAULT 'sys_user')", "create table t"),
        (
            "create table \"t\" (id bigint); CREATE UNIQUE INDEX i ON t (id) WHERE id > 1",
            "create table t, alter t, create index i on t",
        ),
        (
            "CREATE TABLE T (a BIGINT REFERENCES u (id), FOREIGN KEY (a) REFERENCES V)",
            "create table t, refer u, refer v",
        ),
        ("CREATE TABLE t AS SELECT id FROM sys_user", "create table t, read sys_user"),
        ("CREATE VIEW v AS SELECT * FROM t JOIN (SELECT 1 FROM u) x ON TRUE", "create view v, read t, read u"),
        ("ALTER TABLE t ADD COLUMN a BIGINT REFERENCES u (id)", "alter t, refer u"),
        ("ALTER TABLE t RENAME TO u", "alter t, rename table t to u"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "alter t"),
        ("DROP TABLE a; DROP VIEW IF EXISTS v; DROP INDEX i", "drop table a, drop view v, drop index i"),
        ("INSERT INTO t (a) VALUES (1), (-2) ON CONFLICT (a) DO NOTHING", "write t"),
        ("INSERT INTO t SELECT * FROM sys_user", "write t, read sys_user"),
        ("INSERT INTO t VALUES ((SELECT password FROM sys_user))", "write t, read sys_user"),
        ("UPDATE t SET a = (SELECT max(id) FROM u) WHERE EXISTS (SELECT 1 FROM w)", "write t, read u, read w"),
        ("UPDATE t SET a = u.a FROM u WHERE u.id = t.id", "write t, read u"),
        ("DELETE FROM t WHERE id IN (SELECT id FROM u)", "write t, read u"),
        ("SELECT 1 FROM t ORDER BY (SELECT max(id) FROM u)", "read t, read u"),
        ("-- DROP TABLE sys_user\n/* DROP TABLE sys_user; */ SELECT 'DROP TABLE sys_user;'", ""),
        (";; SELECT 1;;", ""),
        ("", ""),
    ] {
        for dialect in BOTH {
            assert_eq!(touched(dialect, sql), expected, "{dialect:?}: {sql}");
        }
    }
}

/// A name that `WITH` gives hides a table only where the database would see it so.
#[test]
fn names_of_with_hide_tables_where_they_are_known() {
    for (sql, expected) in [
        ("WITH a AS (SELECT 1) SELECT * FROM a", ""),
        ("WITH a (x) AS (VALUES (1)), b AS (SELECT * FROM a) INSERT INTO t SELECT * FROM b", "write t"),
        ("WITH sys_user AS (SELECT 1) DELETE FROM sys_user", "write sys_user"),
        ("WITH t AS (SELECT 1) INSERT INTO t SELECT * FROM t", "write t"),
        ("WITH a AS (SELECT * FROM sys_user), sys_user AS (SELECT 1) SELECT * FROM a", "read sys_user"),
        ("WITH sys_user AS (SELECT * FROM sys_user) SELECT * FROM sys_user", "read sys_user"),
        ("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n", ""),
        ("SELECT * FROM (WITH sys_user AS (SELECT 1) SELECT * FROM sys_user) x, sys_user", "read sys_user"),
        ("WITH a AS (SELECT 1) SELECT * FROM (SELECT * FROM a) x WHERE EXISTS (SELECT 1 FROM a)", ""),
        ("WITH gone AS (DELETE FROM sys_user RETURNING *) SELECT * FROM gone", "write sys_user"),
    ] {
        for dialect in BOTH {
            let found = touched(dialect, sql);
            assert_eq!(found, expected, "{dialect:?}: {sql}");
        }
    }
}

#[test]
fn names_are_those_of_the_database() {
    for (sql, sqlite, postgres) in [
        ("DROP TABLE Sys_User", "drop table sys_user", "drop table sys_user"),
        ("DROP TABLE \"Sys_User\"", "drop table sys_user", "drop table Sys_User"),
        ("DROP TABLE \"a\"\"b\"", "drop table a\"b", "drop table a\"b"),
    ] {
        assert_eq!(touched(Dialect::Sqlite, sql), sqlite, "{sql}");
        assert_eq!(touched(Dialect::Postgres, sql), postgres, "{sql}");
    }
    assert_eq!(touched(Dialect::Sqlite, "DROP TABLE [sys_user]; DROP TABLE `x`"), "drop table sys_user, drop table x");
    assert_eq!(touched(Dialect::Sqlite, "DELETE FROM 'sys_user'"), "write sys_user");
}

/// What could reach further than a name shows.
const FORBIDDEN: &[&str] = &[
    "DROP TABLE main.sys_user",
    "SELECT * FROM main.sys_user",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM \"information_schema\".\"tables\"",
    "INSERT INTO temp.t VALUES (1)",
    "CREATE TABLE public.t (id BIGINT)",
    "CREATE INDEX i ON public.t (id)",
    "CREATE TABLE t (a BIGINT REFERENCES main.sys_user (id))",
    "CREATE TEMP TABLE sys_user (id BIGINT)",
    "CREATE TEMPORARY VIEW sys_user AS SELECT 1",
    "CREATE TABLE IF NOT EXISTS t (id BIGINT)",
    "CREATE INDEX IF NOT EXISTS i ON t (id)",
    "CREATE VIEW IF NOT EXISTS v AS SELECT 1",
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    "CREATE TABLE t (id BIGINT) INHERITS (sys_user)",
    "CREATE TABLE t PARTITION OF sys_user FOR VALUES FROM (1) TO (2)",
    "SELECT * INTO t FROM u",
    "TABLE sys_user",
    "SELECT 1 UNION TABLE sys_user",
    "ATTACH DATABASE 'x.db' AS x",
    "DETACH DATABASE main",
    "PRAGMA writable_schema = 1",
    "PRAGMA foreign_keys",
    "VACUUM",
    "ANALYZE",
    "REINDEX",
    "CREATE VIRTUAL TABLE t USING fts5(x)",
    "COPY t FROM STDIN",
    "COPY t FROM PROGRAM 'id'",
    "DO $$ BEGIN DROP TABLE sys_user; END $$",
    "DO 'BEGIN DROP TABLE sys_user; END'",
    "GRANT ALL ON t TO PUBLIC",
    "REVOKE ALL ON t FROM PUBLIC",
    "CREATE FUNCTION f() RETURNS INT LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION dblink",
    "CREATE SCHEMA s",
    "CREATE ROLE r",
    "CREATE SEQUENCE s",
    "CREATE TYPE t AS ENUM ('a')",
    "CREATE DATABASE d",
    "CREATE RULE r AS ON SELECT TO t DO INSTEAD SELECT 1",
    "CREATE POLICY p ON t",
    "CALL f()",
    "SET search_path = x",
    "SET LOCAL search_path TO x",
    "RESET ALL",
    "LOCK TABLE sys_user",
    "LISTEN x",
    "NOTIFY x",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "EXPLAIN DELETE FROM sys_user",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT a",
    "DROP SCHEMA public",
    "DROP TABLE t CASCADE",
    "TRUNCATE t CASCADE",
    "DROP FUNCTION f",
    "ALTER TABLE t OWNER TO x",
    "ALTER TABLE t SET SCHEMA x",
    "ALTER TABLE t INHERIT sys_user",
    "ALTER TABLE t DISABLE TRIGGER ALL",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t DROP COLUMN a CASCADE",
    "ALTER ROLE r SUPERUSER",
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT set_config('search_path', 'x', false)",
    "SELECT query_to_xml('SELECT * FROM sys_user', true, true, '')",
    "SELECT * FROM dblink('', 'SELECT 1') AS t (a INT)",
    "SELECT * FROM pragma_table_info('sys_user')",
    "SELECT nextval('sys_user_id_seq')",
    "SELECT pg_sleep(1000)",
    "SELECT pg_catalog.pg_sleep(1000)",
    "CREATE TABLE t (id BIGINT DEFAULT nextval('s'))",
    "CREATE TABLE t (id BIGINT CHECK (pg_sleep(1) IS NULL))",
    "INSERT INTO t VALUES ($1)",
    "INSERT INTO t VALUES (?)",
    "SELECT $a$ ; DROP TABLE sys_user; SELECT $a$",
    "SELECT $$x$$",
    "SELECT 'x\0'",
    "SELECT 1 SELECT 2",
    "DROP TABLE a, ",
    "CREATE TABEL t (id BIGINT)",
    "SELECT 'not closed",
];

#[test]
fn what_could_do_more_than_it_shows_is_forbidden_or_unreadable() {
    let long = format!("CREATE TABLE {} (id BIGINT)", "t".repeat(64));
    let deep = format!("SELECT 1{}", " + 1".repeat(5_000));
    let unions = format!("SELECT 1, 2{}", " UNION SELECT 1, 2".repeat(5_000));
    let nested = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
    let grown = [long.as_str(), &deep, &unions, &nested];
    let mut passed = Vec::new();
    for sql in FORBIDDEN.iter().copied().chain(grown) {
        for dialect in BOTH {
            let found = touched(dialect, sql);
            if !(found.contains("forbidden") || found.contains("unreadable")) {
                passed.push(format!("{dialect:?}: {sql:.80}: {found:?}"));
            }
        }
    }
    assert_eq!(passed, [""; 0]);
    // SQLite reads these otherwise, and so does its parser.
    for sql in [
        "CREATE TABLE t (LIKE sys_user)",
        "SELECT E'\\'; DROP TABLE sys_user; --'",
        "SELECT U&'\\0061'",
        "SELECT N'x'",
        "/* not closed",
    ] {
        let found = touched(Dialect::Postgres, sql);
        assert!(found.contains("forbidden") || found.contains("unreadable"), "{sql}: {found}");
    }
}

/// Where the databases disagree about where a comment or a text ends, each is read as it reads itself.
#[test]
fn comments_end_where_the_database_ends_them() {
    let nested = "/* a /* b */ DROP TABLE sys_user; -- */";
    assert_eq!(touched(Dialect::Sqlite, nested), "drop table sys_user");
    assert_eq!(touched(Dialect::Postgres, nested), "");
    let carriage = "-- a\rDROP TABLE sys_user";
    assert_eq!(touched(Dialect::Sqlite, carriage), "");
    assert_eq!(touched(Dialect::Postgres, carriage), "drop table sys_user");
    for dialect in BOTH {
        assert_eq!(touched(dialect, "SELECT '\\'; DROP TABLE sys_user; --'"), "drop table sys_user", "{dialect:?}");
        assert_eq!(touched(dialect, "SELECT 1 --\nFROM sys_user"), "read sys_user", "{dialect:?}");
    }
}

/// Operators that swallow the beginning of a comment would hide from the parser what the database runs.
#[test]
fn operators_end_where_a_comment_begins() {
    for sql in [
        "SELECT 'a' ||-- '\n'b'; DROP TABLE sys_user; --'",
        "SELECT 'a' ||/* ' */ 'b'; DROP TABLE sys_user; --'",
        "SELECT 1 <-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 @>/* ' */ 2; DROP TABLE sys_user; --'",
        "SELECT 1 ~-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 +-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 #>-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 -/* ' */ 2; DROP TABLE sys_user; --'",
        "SELECT 1 =-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 !=-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 %-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 ^-- '\n2; DROP TABLE sys_user; --'",
        "SELECT 1 */* ' */ 2; DROP TABLE sys_user; --'",
        "SELECT 1 //* ' */ 2; DROP TABLE sys_user; --'",
        "SELECT a::/* ' */int; DROP TABLE sys_user; --'",
    ] {
        for dialect in BOTH {
            let found = touched(dialect, sql);
            let seen = ["drop table sys_user", "unreadable", "forbidden"].iter().any(|word| found.contains(word));
            assert!(seen, "{dialect:?}: {sql}: {found:?}");
        }
    }
}

/// The parser takes these for space, the databases for letters of a name.
#[test]
fn only_plain_space_parts_words() {
    for sql in
        ["DROP TABLE a\u{a0}", "SELECT 1\u{3000}FROM t", "SELECT\u{2003}1", "\u{feff}SELECT 1", "SELECT \u{e9} FROM t"]
    {
        for dialect in BOTH {
            assert!(touched(dialect, sql).contains("unreadable"), "{dialect:?}: {sql}");
        }
    }
    for dialect in BOTH {
        let sql = "INSERT INTO t (\"n\u{a0}me\") VALUES ('\u{3000}x\n\u{a0}y\u{feff}'); -- \u{a0}\u{3000}";
        assert_eq!(touched(dialect, sql), "write t", "{dialect:?}");
    }
}

/// Every table of PostgreSQL is a type, too.
#[test]
fn types_are_those_of_the_database() {
    for sql in [
        "CREATE TABLE t (x sys_user)",
        "CREATE TABLE t (x sys_user[])",
        "CREATE TABLE t (x public.sys_user)",
        "ALTER TABLE t ADD COLUMN x sys_user",
        "ALTER TABLE t ALTER COLUMN x TYPE sys_user",
        "CREATE VIEW v AS SELECT NULL::sys_user",
        "SELECT CAST(NULL AS sys_user[])",
    ] {
        let found = touched(Dialect::Postgres, sql);
        assert!(found.contains("forbidden"), "{sql}: {found}");
    }
    let types = [
        "BIGSERIAL",
        "SERIAL",
        "SMALLINT",
        "INT",
        "BIGINT",
        "REAL",
        "DOUBLE PRECISION",
        "NUMERIC(10, 2)",
        "VARCHAR(3)",
        "CHAR(3)",
        "TEXT",
        "TEXT[]",
        "INT[][]",
        "BOOLEAN",
        "BYTEA",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "TIMESTAMP WITH TIME ZONE",
        "INTERVAL",
        "UUID",
        "JSON",
        "JSONB",
        "INET",
        "CIDR",
        "TSVECTOR",
        "POINT",
        "MONEY",
        "XML",
        "CITEXT",
        "BIT(3)",
        "INT4RANGE",
    ];
    for kind in types {
        let sql = format!("CREATE TABLE t (x {kind})");
        assert_eq!(touched(Dialect::Postgres, &sql), "create table t", "{sql}");
    }
    assert_eq!(touched(Dialect::Sqlite, "CREATE TABLE t (x whatever, y)"), "create table t");
}

#[test]
fn what_only_one_database_has() {
    let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO u VALUES (NEW.id); DELETE FROM sys_user; END";
    assert_eq!(touched(Dialect::Sqlite, trigger), "alter t, create trigger g on t, write u, write sys_user");
    let trigger = "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()";
    assert!(touched(Dialect::Postgres, trigger).contains("forbidden"));
    assert_eq!(touched(Dialect::Sqlite, "DROP TRIGGER g"), "drop trigger g");
    assert!(
        touched(Dialect::Sqlite, "CREATE TEMP TRIGGER g AFTER INSERT ON sys_user BEGIN SELECT 1; END")
            .contains("forbidden")
    );
    assert_eq!(touched(Dialect::Sqlite, "REPLACE INTO t VALUES (1)"), "write t");
    assert_eq!(touched(Dialect::Sqlite, "SELECT 1 WHERE 1 IN sys_user"), "read sys_user");
    assert_eq!(touched(Dialect::Sqlite, "CREATE TABLE t (a, b) STRICT, WITHOUT ROWID"), "create table t");
    for (sql, expected) in [
        (
            "CREATE TABLE t (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, j JSONB, at TIMESTAMPTZ DEFAULT now())",
            "create table t",
        ),
        ("ALTER TABLE t ALTER COLUMN a TYPE TEXT USING a::TEXT", "alter t"),
        ("COMMENT ON TABLE sys_user IS 'x'", "alter sys_user"),
        ("COMMENT ON COLUMN sys_user.id IS 'x'", "alter sys_user"),
        ("TRUNCATE t, u", "write t, write u"),
        ("SELECT 'sys_user'::regclass, x[1], '{}'::jsonb -> 'a' FROM t", "read t"),
        ("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE", "write t, read u"),
    ] {
        assert_eq!(touched(Dialect::Postgres, sql), expected, "{sql}");
    }
}

#[test]
fn places_are_named() {
    let statements = read(Dialect::Sqlite, "SELECT 1;\n\n-- x\nDROP TABLE t").expect("readable");
    assert_eq!(statements.iter().map(|statement| statement.line).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(statements[1].text, "DROP TABLE t");
    let place = read(Dialect::Postgres, "SELECT 1;\nCREATE TABEL t (id BIGINT)").expect_err("unreadable");
    insta::assert_snapshot!(place, @"line 2, column 8: Expected: an object type after CREATE, found: TABEL");
    let place = read(Dialect::Sqlite, "SELECT 1;\nSELECT $1").expect_err("a parameter");
    insta::assert_snapshot!(place, @"line 2, column 8: a script has no parameters");
}
