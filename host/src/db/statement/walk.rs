//! One walk over a whole statement: every relation, function and query in it is seen.

use super::functions;
use super::names;
use super::types;
use super::{Action, Kind, Touch, definition};
use crate::db::with_names::{Itself, WithNames, has_bare_table};
use plugin_api::db::Dialect;
use sqlparser::ast::{
    ArrayElemTypeDef, ConflictTarget, DataType, Delete, Expr, FromTable, InTarget, Insert, ObjectName,
    OnConflictAction, OnInsert, Query, Select, Statement, TableFactor, TableObject, TableWithJoins, Value,
    ValueWithSpan, Visit, Visitor,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// What a statement touches, and why it is not allowed.
pub(super) fn facts(dialect: Dialect, statement: &Statement) -> (Vec<Touch>, Option<String>) {
    let mut walk = Walk::new(dialect);
    definition::touch(&mut walk, statement);
    let _ = statement.visit(&mut walk);
    (walk.touches, walk.forbidden)
}

/// What was seen so far.
///
/// Nodes of the tree are told apart by their addresses, which don't change while it is walked.
pub(super) struct Walk {
    pub(super) dialect: Dialect,
    touches: Vec<Touch>,
    forbidden: Option<String>,
    /// Names that were dealt with before the walk came to them.
    known: BTreeSet<*const ObjectName>,
    with_names: WithNames,
    statements: usize,
}

impl Walk {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            touches: Vec::new(),
            forbidden: None,
            known: BTreeSet::new(),
            with_names: WithNames::default(),
            statements: 0,
        }
    }

    /// Notes why the statement is not allowed; the first reason counts.
    pub(super) fn forbid(&mut self, reason: impl Into<String>) {
        self.forbidden.get_or_insert_with(|| reason.into());
    }

    /// Notes what is done to the object of this name. The walk passes over the name afterwards.
    pub(super) fn touch(&mut self, action: Action, kind: Kind, name: &ObjectName) -> Option<String> {
        self.known.insert(std::ptr::from_ref(name));
        let plain = self.plain(name)?;
        self.touches.push(Touch { action, kind, name: plain.clone() });
        Some(plain)
    }

    /// The same for the name of a table that is not part of the tree.
    pub(super) fn note(&mut self, action: Action, name: &ObjectName) {
        if let Some(name) = self.plain(name) {
            self.touches.push(Touch { action, kind: Kind::Table, name });
        }
    }

    /// The plain name of an object that is not touched by this alone.
    pub(super) fn plain(&mut self, name: &ObjectName) -> Option<String> {
        names::object(self.dialect, name).map_err(|reason| self.forbid(reason)).ok()
    }

    fn call(&mut self, name: &ObjectName) {
        self.known.insert(std::ptr::from_ref(name));
        let Some(name) = self.plain(name) else { return };
        if !functions::is_allowed(&name.to_ascii_lowercase()) {
            self.forbid(format!("it calls {name}, which is not among the functions that a migration may call"));
        }
    }

    /// On PostgreSQL every table is a type as well, and what uses the type depends on the table. SQLite takes
    /// any words for a type.
    pub(super) fn data_type(&mut self, data_type: &DataType) {
        if self.dialect == Dialect::Sqlite {
            return;
        }
        match data_type {
            DataType::Custom(name, _) => {
                if let Some(name) = self.plain(name)
                    && !types::is_allowed(&name)
                {
                    self.forbid(format!("{name} is not among the types that a migration may use"));
                }
            }
            DataType::Array(
                ArrayElemTypeDef::AngleBracket(inner)
                | ArrayElemTypeDef::SquareBracket(inner, _)
                | ArrayElemTypeDef::Parenthesis(inner)
                | ArrayElemTypeDef::ParenthesisNotNull(inner)
                | ArrayElemTypeDef::Qualified(inner, _),
            ) => self.data_type(inner),
            DataType::Struct(..) | DataType::Table(_) | DataType::Nested(_) | DataType::Tuple(_) => {
                self.forbid(format!("{data_type} is not among the types that a migration may use"));
            }
            _ => {}
        }
    }

    fn rows_change(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.target(&update.table),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.target_factor(&merge.table),
            _ => {}
        }
    }

    fn insert(&mut self, insert: &Insert) {
        match &insert.table {
            TableObject::TableName(name) => drop(self.touch(Action::Write, Kind::Table, name)),
            _ => self.forbid("INSERT must name a table"),
        }
        if insert.multi_table_insert_type.is_some() || insert.overwrite || insert.partitioned.is_some() {
            self.forbid("only INSERT INTO one table is allowed");
        }
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on
            && let Some(ConflictTarget::OnConstraint(name)) = &conflict.conflict_target
            && matches!(conflict.action, OnConflictAction::DoNothing | OnConflictAction::DoUpdate(_))
        {
            self.plain(name);
        }
    }

    fn delete(&mut self, delete: &Delete) {
        if !delete.tables.is_empty() {
            self.forbid("DELETE takes one table");
        }
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        tables.iter().for_each(|table| self.target(table));
    }

    fn target(&mut self, table: &TableWithJoins) {
        if !table.joins.is_empty() {
            self.forbid("rows of one table are changed at a time; join in a subquery");
        }
        self.target_factor(&table.relation);
    }

    fn target_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, args: None, .. } => drop(self.touch(Action::Write, Kind::Table, name)),
            _ => self.forbid("rows can be changed of a named table only"),
        }
    }
}

impl Visitor for Walk {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.statements += 1;
        let may_be_inside = matches!(
            statement,
            Statement::Insert(_)
                | Statement::Update(_)
                | Statement::Delete(_)
                | Statement::Merge(_)
                | Statement::Query(_)
        );
        if self.statements > 1 && !may_be_inside {
            self.forbid("inside of another statement only SELECT, INSERT, UPDATE and DELETE are allowed");
        }
        self.rows_change(statement);
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, _: &Statement) -> ControlFlow<()> {
        self.statements -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if has_bare_table(&query.body) {
            self.forbid("TABLE as a query is not allowed; write SELECT * FROM");
        }
        let (dialect, mut faults) = (self.dialect, Vec::new());
        self.with_names.enter(query, |name| names::ident_of(dialect, name).map_err(|reason| faults.push(reason)).ok());
        faults.into_iter().for_each(|reason| self.forbid(reason));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.with_names.leave(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.into.is_some() {
            self.forbid("SELECT INTO is not allowed; write CREATE TABLE");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if self.known.contains(&std::ptr::from_ref(relation)) {
            return ControlFlow::Continue(());
        }
        if let Some(name) = self.plain(relation)
            && !self.with_names.hold(&name, Itself::WhereRecursive)
        {
            self.touches.push(Touch { action: Action::Read, kind: Kind::Table, name });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => self.call(name),
            TableFactor::Table { .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => {}
            _ => self.forbid("FROM takes tables, subqueries, joins and functions"),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.call(&function.name),
            Expr::Cast { data_type, .. } => self.data_type(data_type),
            Expr::In { target: InTarget::Table { name, args: Some(_) }, .. } => self.call(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        if matches!(value.value, Value::Placeholder(_)) {
            self.forbid("a script has no parameters");
        }
        ControlFlow::Continue(())
    }
}
