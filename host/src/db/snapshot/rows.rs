//! The rows of a table, page by page.

use super::catalog::{self, Shape};
use super::quoted;
use super::session::Session;
use plugin_api::db::{DbError, Dialect, Rows, Value};
use std::sync::atomic::{AtomicU64, Ordering};

/// How large a page should be; rows are so large that only some fit, or so small that very many would.
const PAGE_BYTES: usize = 1 << 20;
const PAGE_ROWS_FIRST: i64 = 16;
const PAGE_ROWS_MAX: i64 = 1_000;

/// Connections remember a statement by its text and the columns of its first answer, so that no two cursors
/// may have one name.
static CURSORS: AtomicU64 = AtomicU64::new(0);

/// What is left to be read of a table.
pub(super) struct Pages {
    way: Way,
    rows: i64,
    at_end: bool,
}

enum Way {
    /// By SQLite's rowid, which is the first column then.
    Number { sql: String, next: i64 },
    /// By position, in the order of the key.
    Offset { sql: String, next: i64 },
    /// By a cursor of PostgreSQL.
    Cursor { name: String },
}

/// Some rows.
pub(super) struct Page {
    pub(super) rows: Rows,
    /// Columns before those of the table.
    pub(super) skip: usize,
}

impl Pages {
    pub(super) async fn of(session: &mut Session<'_>, shape: &Shape) -> Result<Self, DbError> {
        let table = quoted(&shape.name);
        let names = shape.stored().map(|column| quoted(&column.name));
        let way = match session.dialect() {
            Dialect::Postgres => {
                let columns: Vec<String> = names.map(|name| format!("{name}::text")).collect();
                let name = format!("rows_{}", CURSORS.fetch_add(1, Ordering::Relaxed));
                let columns = columns.join(", ");
                session.script(&format!("DECLARE {name} NO SCROLL CURSOR FOR SELECT {columns} FROM {table}")).await?;
                Way::Cursor { name }
            }
            Dialect::Sqlite => {
                // With a sign before it, a column has no declared type by which its values would be read.
                let columns = names.map(|name| format!("+{name}")).collect::<Vec<_>>().join(", ");
                match catalog::row_number(session, shape).await? {
                    Some(number) => Way::Number {
                        sql: format!(
                            "SELECT {number}, {columns} FROM {table} WHERE {number} >= $1 ORDER BY {number} LIMIT $2"
                        ),
                        next: i64::MIN,
                    },
                    None => {
                        let key = catalog::key(session, &shape.name).await?.join(", ");
                        let order = if key.is_empty() { String::new() } else { format!("ORDER BY {key}") };
                        Way::Offset {
                            sql: format!("SELECT {columns} FROM {table} {order} LIMIT $1 OFFSET $2"),
                            next: 0,
                        }
                    }
                }
            }
        };
        Ok(Self { way, rows: PAGE_ROWS_FIRST, at_end: false })
    }

    /// The next page; None at the end.
    pub(super) async fn next(&mut self, session: &mut Session<'_>) -> Result<Option<Page>, DbError> {
        if self.at_end {
            return Ok(None);
        }
        let wanted = self.rows;
        let (rows, skip) = match &mut self.way {
            Way::Number { sql, next } => {
                let rows = session.rows(sql, vec![Value::Int(*next), Value::Int(wanted)]).await?;
                let last = last_number(&rows)?;
                // After the greatest number there is nothing.
                self.at_end = last == Some(i64::MAX);
                *next = last.map_or(*next, |last| last.saturating_add(1));
                (rows, 1)
            }
            Way::Offset { sql, next } => {
                let rows = session.rows(sql, vec![Value::Int(wanted), Value::Int(*next)]).await?;
                *next += wanted;
                (rows, 0)
            }
            Way::Cursor { name } => {
                (session.rows(&format!("FETCH FORWARD {wanted} FROM {name}"), Vec::new()).await?, 0)
            }
        };
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.at_end |= count < wanted;
        if self.at_end
            && let Way::Cursor { name } = &self.way
        {
            session.script(&format!("CLOSE {name}")).await?;
        }
        Ok((count > 0).then_some(Page { rows, skip }))
    }

    /// Tells how many bytes the last page had, so that the next one has about as many as it should.
    pub(super) fn measured(&mut self, rows: usize, bytes: usize) {
        let each = (bytes / rows.max(1)).max(1);
        self.rows = i64::try_from(PAGE_BYTES / each).unwrap_or(PAGE_ROWS_MAX).clamp(1, PAGE_ROWS_MAX);
    }
}

fn last_number(rows: &Rows) -> Result<Option<i64>, DbError> {
    let mut last = None;
    for row in rows.iter() {
        if let Some(plugin_api::db::ValueRef::Int(number)) = row?.values().first() {
            last = Some(*number);
        }
    }
    Ok(last)
}
