//! What a statement that runs for a plugin touches: which tables it reads and which it writes.
//!
//! Pure: a text and a dialect go in, names come out. It errs on the side of telling more: a name that
//! may mean a table is told as one, and a text that can't be read for sure is an error.

use super::with_names::{Itself, WithNames, has_bare_table};
use plugin_api::db::Dialect;
use sqlparser::ast::{
    Delete, Expr, FromTable, InTarget, ObjectName, ObjectNamePart, Query, Select, Statement, TableFactor, TableObject,
    TableWithJoins, Visit, Visitor,
};
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Trees of statements are walked and dropped by recursion, which the bound on operators keeps below this.
const STACK_BYTES: usize = 128 << 20;
/// The most operators and keywords of one statement: each may make its tree one level deeper.
const OPERATORS_MAX: usize = 10_000;
/// Schemas in which the tables of the server and of plugins live.
const OWN_SCHEMAS: [&str; 2] = ["main", "public"];

/// What one statement touches, by names as the database has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touches {
    /// Tables and views whose rows are read.
    pub reads: BTreeSet<String>,
    /// Tables whose rows are added, changed or removed.
    pub writes: BTreeSet<String>,
    /// Whether it is anything else than `SELECT`, `INSERT`, `UPDATE` or `DELETE`: it defines tables, say.
    pub ddl: bool,
}

/// Reads a statement.
///
/// # Errors
/// Why it can't be read.
pub fn touches(sql: &str, dialect: Dialect) -> Result<Touches, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK_BYTES);
        let running = thread.spawn_scoped(scope, || read(sql, dialect)).map_err(|error| error.to_string())?;
        running.join().unwrap_or_else(|_| Err("the parser failed on it".to_owned()))
    })
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
    }
}

/// A name as the database has it: what is not quoted is in lower case, and so is everything for SQLite.
fn folded(dialect: Dialect, name: &str, quote: Option<char>) -> String {
    match (dialect, quote) {
        (Dialect::Postgres, Some(_)) => name.to_owned(),
        _ => name.to_ascii_lowercase(),
    }
}

fn read(sql: &str, dialect: Dialect) -> Result<Touches, String> {
    let grammar = grammar(dialect);
    let tokens = Tokenizer::new(grammar, sql).tokenize_with_location().map_err(|error| error.to_string())?;
    if tokens.iter().filter(|token| may_deepen(&token.token)).count() > OPERATORS_MAX {
        return Err(format!("it has more than {OPERATORS_MAX} operators"));
    }
    let mut parser = Parser::new(grammar).with_tokens_with_locations(tokens);
    let statements = parser.parse_statements().map_err(|error| error.to_string())?;
    let [statement] = statements.as_slice() else { return Err("it is not one statement".to_owned()) };
    let mut walk =
        Walk { dialect, touches: Touches::default(), known: BTreeSet::new(), with_names: WithNames::default() };
    let _ = statement.visit(&mut walk);
    Ok(walk.touches)
}

fn may_deepen(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_) | Token::Comma | Token::LParen | Token::RParen | Token::Period => false,
        Token::Placeholder(_) | Token::Number(..) | Token::SingleQuotedString(_) => false,
        _ => true,
    }
}

/// What was seen so far. Nodes of the tree are told apart by their addresses.
struct Walk {
    dialect: Dialect,
    touches: Touches,
    /// Names that are no tables that are read.
    known: BTreeSet<*const ObjectName>,
    with_names: WithNames,
}

impl Walk {
    fn name(&self, name: &ObjectName) -> String {
        let parts: Vec<String> = name
            .0
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(ident) => folded(self.dialect, &ident.value, ident.quote_style),
                other => other.to_string(),
            })
            .collect();
        match parts.as_slice() {
            [schema, name] if OWN_SCHEMAS.contains(&schema.as_str()) => name.clone(),
            _ => parts.join("."),
        }
    }

    fn write(&mut self, name: &ObjectName) {
        self.known.insert(std::ptr::from_ref(name));
        let name = self.name(name);
        self.touches.writes.insert(name);
    }

    fn target(&mut self, table: &TableWithJoins) {
        match &table.relation {
            TableFactor::Table { name, args: None, .. } => self.write(name),
            _ => self.touches.ddl = true,
        }
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        tables.iter().for_each(|table| self.target(table));
        self.touches.ddl |= !delete.tables.is_empty();
    }
}

impl Visitor for Walk {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Query(_) | Statement::Explain { .. } => {}
            Statement::Insert(insert) => match &insert.table {
                TableObject::TableName(name) => self.write(name),
                _ => self.touches.ddl = true,
            },
            Statement::Update(update) => self.target(&update.table),
            Statement::Delete(delete) => self.delete(delete),
            _ => self.touches.ddl = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.touches.ddl |= has_bare_table(&query.body);
        let dialect = self.dialect;
        self.with_names.enter(query, |ident| Some(folded(dialect, &ident.value, ident.quote_style)));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.with_names.leave(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.touches.ddl |= select.into.is_some();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if !self.known.contains(&std::ptr::from_ref(relation)) {
            let name = self.name(relation);
            let itself = if self.dialect == Dialect::Sqlite { Itself::Always } else { Itself::WhereRecursive };
            if !self.with_names.hold(&name, itself) {
                self.touches.reads.insert(name);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } = factor {
            self.known.insert(std::ptr::from_ref(name));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => drop(self.known.insert(std::ptr::from_ref(&function.name))),
            Expr::In { target: InTarget::Table { name, args: Some(_) }, .. } => {
                self.known.insert(std::ptr::from_ref(name));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, reads: &str, writes: &str) {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let touched = touches(sql, dialect).expect(sql);
            let joined = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
            assert_eq!((joined(&touched.reads).as_str(), joined(&touched.writes).as_str()), (reads, writes), "{sql}");
            assert!(!touched.ddl, "{sql}");
        }
    }

    #[test]
    fn what_is_read_and_what_is_written_is_told() {
        check("SELECT 1", "", "");
        check("SELECT * FROM a JOIN B ON a.x = b.x WHERE y IN (SELECT z FROM \"c\")", "a b c", "");
        check("SELECT (SELECT max(x) FROM d) FROM main.a ORDER BY (SELECT 1 FROM e)", "a d e", "");
        check("INSERT INTO a (x) SELECT x FROM b ON CONFLICT (x) DO UPDATE SET x = (SELECT y FROM c)", "b c", "a");
        check("UPDATE a SET x = $1 WHERE id IN (SELECT id FROM b) RETURNING x", "b", "a");
        check("DELETE FROM a WHERE NOT EXISTS (SELECT 1 FROM a b WHERE b.x = a.x)", "a", "a");
        check("SELECT x FROM a UNION ALL SELECT x FROM b EXCEPT SELECT x FROM c", "a b c", "");
        check("SELECT * FROM pg_catalog.pg_class", "pg_catalog.pg_class", "");
    }

    #[test]
    fn a_name_given_by_with_hides_a_table_only_where_it_holds() {
        check("WITH a AS (SELECT * FROM b) SELECT * FROM a", "b", "");
        check("WITH RECURSIVE a AS (SELECT 1 AS n UNION SELECT n + 1 FROM a) SELECT n FROM a", "", "");
        check("WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x, y", "y", "");
        check("SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) t, a", "a", "");
        let shadow = touches("WITH a AS (SELECT * FROM a) SELECT * FROM a", Dialect::Postgres).expect("read");
        assert!(shadow.reads.contains("a"));
        let hidden = touches("WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone", Dialect::Postgres);
        assert!(hidden.expect("read").writes.contains("a"));
    }

    #[test]
    fn what_defines_or_hides_is_told_apart() {
        for sql in
            ["CREATE TABLE a (x INTEGER)", "DROP TABLE a", "ALTER TABLE a ADD COLUMN y TEXT", "SELECT * INTO b FROM a"]
        {
            assert!(touches(sql, Dialect::Postgres).expect(sql).ddl, "{sql}");
        }
        for sql in ["SELEC 1", "SELECT 1; SELECT 2", "", "SELECT '"] {
            assert!(touches(sql, Dialect::Sqlite).is_err(), "{sql}");
        }
        let long = format!("SELECT {}1", "1 + ".repeat(OPERATORS_MAX - 10));
        assert!(touches(&long, Dialect::Postgres).is_ok());
        assert!(touches(&format!("SELECT {}1", "1 + ".repeat(OPERATORS_MAX + 1)), Dialect::Postgres).is_err());
        assert!(touches(&format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)), Dialect::Postgres).is_err());
    }
}
