//! PostgreSQL keeps parts, and functions that spell them: names come without the schema, since it is the one
//! that is searched.

use super::{Column, Shape};
use crate::db::snapshot::quoted;
use crate::db::snapshot::session::Session;
use plugin_api::db::DbError;
use serde::Deserialize;

const COLUMNS: &str = "SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS kind, \
    a.attnotnull AS is_required, a.attidentity::text AS identity, a.attgenerated::text AS computed, \
    pg_get_expr(d.adbin, d.adrelid) AS value, \
    CASE WHEN a.attcollation <> t.typcollation THEN (SELECT quote_ident(c.collname) FROM pg_collation c WHERE c.oid = a.attcollation) END AS collation, \
    col_description(a.attrelid, a.attnum) AS comment \
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const SEQUENCES: &str = "SELECT s.relname::text AS name, a.attname::text AS column, d.deptype = 'i' AS is_identity, \
    format_type(q.seqtypid, NULL) AS kind, q.seqstart AS start, q.seqincrement AS step, q.seqmin AS least, q.seqmax AS most, \
    q.seqcache AS cache, q.seqcycle AS cycles \
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = s.oid \
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1) \
    AND d.deptype IN ('a', 'i') ORDER BY s.relname";

const CONSTRAINTS: &str = "SELECT quote_ident(conname), contype::text, pg_get_constraintdef(oid, true) FROM pg_constraint \
    WHERE conrelid = to_regclass($1) AND contype IN ('p', 'u', 'c', 'x', 'f') ORDER BY contype <> 'p', conname";

const INDEXES: &str = "SELECT pg_get_indexdef(i.indexrelid, 0, true) FROM pg_index i WHERE i.indrelid = to_regclass($1) \
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')) ORDER BY 1";

#[derive(Deserialize)]
struct ColumnRow {
    name: String,
    kind: String,
    is_required: bool,
    identity: String,
    computed: String,
    value: Option<String>,
    collation: Option<String>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct SequenceRow {
    name: String,
    column: String,
    is_identity: bool,
    kind: String,
    start: i64,
    step: i64,
    least: i64,
    most: i64,
    cache: i64,
    cycles: bool,
}

pub(super) async fn table(session: &mut Session<'_>, name: &str) -> Result<Option<Shape>, DbError> {
    let table = quoted(name);
    let columns: Vec<ColumnRow> = session.all(COLUMNS, vec![table.clone().into()]).await?;
    if columns.is_empty() && !exists(session, &table).await? {
        return Ok(None);
    }
    let sequences: Vec<SequenceRow> = session.all(SEQUENCES, vec![table.clone().into()]).await?;
    let mut shape = Shape {
        name: name.to_owned(),
        is_view: false,
        columns: columns.iter().map(column).collect(),
        create: create(&table, &columns, &sequences),
        finish: Vec::new(),
        link: Vec::new(),
    };
    let constraints: Vec<(String, String, String)> = session.all(CONSTRAINTS, vec![table.clone().into()]).await?;
    for (constraint, kind, definition) in constraints {
        let sql = format!("ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}");
        if kind == "f" { shape.link.push(sql) } else { shape.finish.push(sql) }
    }
    shape.finish.extend(session.all::<String>(INDEXES, vec![table.clone().into()]).await?);
    for sequence in &sequences {
        shape.finish.push(position(session, sequence).await?);
    }
    shape.finish.extend(comments(session, &table, &columns).await?);
    Ok(Some(shape))
}

pub(super) async fn view(session: &mut Session<'_>, name: &str) -> Result<Option<Shape>, DbError> {
    let view = quoted(name);
    let sql = "SELECT pg_get_viewdef(to_regclass($1)::oid, true)";
    let definition: Vec<Option<String>> = session.all(sql, vec![view.clone().into()]).await?;
    let Some(definition) = definition.into_iter().flatten().next() else { return Ok(None) };
    let link = vec![format!("CREATE VIEW {view} AS {definition}")];
    let (create, finish) = (Vec::new(), Vec::new());
    Ok(Some(Shape { name: name.to_owned(), is_view: true, columns: Vec::new(), create, finish, link }))
}

async fn exists(session: &mut Session<'_>, table: &str) -> Result<bool, DbError> {
    Ok(session.all::<bool>("SELECT to_regclass($1) IS NOT NULL", vec![table.into()]).await? == [true])
}

fn column(row: &ColumnRow) -> Column {
    Column { name: row.name.clone(), kind: row.kind.clone(), is_computed: !row.computed.is_empty() }
}

fn create(table: &str, columns: &[ColumnRow], sequences: &[SequenceRow]) -> Vec<String> {
    let of = |column: &ColumnRow| sequences.iter().find(|sequence| sequence.column == column.name);
    let defined: Vec<String> = columns.iter().map(|column| definition(column, of(column))).collect();
    let owned = || sequences.iter().filter(|sequence| !sequence.is_identity);
    let mut create: Vec<String> = owned()
        .map(|sequence| {
            format!("CREATE SEQUENCE {} AS {} {}", quoted(&sequence.name), sequence.kind, options(sequence))
        })
        .collect();
    create.push(format!("CREATE TABLE {table} ({})", defined.join(", ")));
    create.extend(owned().map(|sequence| {
        format!("ALTER SEQUENCE {} OWNED BY {table}.{}", quoted(&sequence.name), quoted(&sequence.column))
    }));
    create
}

fn definition(column: &ColumnRow, sequence: Option<&SequenceRow>) -> String {
    let mut text = format!("{} {}", quoted(&column.name), column.kind);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    if column.is_required {
        text.push_str(" NOT NULL");
    }
    match (column.identity.as_str(), column.computed.is_empty(), &column.value) {
        ("", true, Some(value)) => text.push_str(&format!(" DEFAULT {value}")),
        ("", false, Some(value)) => text.push_str(&format!(" GENERATED ALWAYS AS ({value}) STORED")),
        ("", ..) => {}
        (identity, ..) => {
            let how = if identity == "a" { "ALWAYS" } else { "BY DEFAULT" };
            let options = sequence
                .map(|sequence| format!(" (SEQUENCE NAME {} {})", quoted(&sequence.name), options(sequence)))
                .unwrap_or_default();
            text.push_str(&format!(" GENERATED {how} AS IDENTITY{options}"));
        }
    }
    text
}

fn options(sequence: &SequenceRow) -> String {
    let SequenceRow { start, step, least, most, cache, .. } = sequence;
    let cycles = if sequence.cycles { "CYCLE" } else { "NO CYCLE" };
    format!("START WITH {start} INCREMENT BY {step} MINVALUE {least} MAXVALUE {most} CACHE {cache} {cycles}")
}

/// Where the numbers go on, which may be further than the rows that are left.
async fn position(session: &mut Session<'_>, sequence: &SequenceRow) -> Result<String, DbError> {
    let name = quoted(&sequence.name);
    let sql = format!("SELECT last_value, is_called FROM {name}");
    let found: Vec<(i64, bool)> = session.all(&sql, Vec::new()).await?;
    let (last, is_called) = found.first().copied().unwrap_or((sequence.start, false));
    Ok(format!("SELECT setval('{}', {last}, {is_called})", name.replace('\'', "''")))
}

async fn comments(session: &mut Session<'_>, table: &str, columns: &[ColumnRow]) -> Result<Vec<String>, DbError> {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let sql = "SELECT obj_description(to_regclass($1)::oid, 'pg_class')";
    let own: Vec<Option<String>> = session.all(sql, vec![table.into()]).await?;
    let own = own.into_iter().flatten().map(|text| format!("COMMENT ON TABLE {table} IS {}", literal(&text)));
    let of_columns = columns.iter().filter_map(|column| {
        let text = column.comment.as_deref()?;
        Some(format!("COMMENT ON COLUMN {table}.{} IS {}", quoted(&column.name), literal(text)))
    });
    Ok(own.chain(of_columns).collect())
}
