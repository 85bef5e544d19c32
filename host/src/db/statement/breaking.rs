//! What a statement takes from code that knows the schema as it was before.
//!
//! While a plugin is upgraded in place, its old version serves on the new schema until the swap, and
//! after a rollback for as long as it stays. What the old version must not notice is not listed here:
//! new tables, new columns that need no value, new rows, new indexes, new triggers.

use super::names;
use plugin_api::db::Dialect;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, Assignment, AssignmentTarget, ColumnDef, ColumnOption,
    Delete, FromTable, Insert, ObjectName, ObjectType, OnConflictAction, OnInsert, Statement, TableConstraint,
    TableFactor, TableObject, Update,
};

/// One thing that old code would notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The table, or the object that goes.
    pub object: String,
    /// The columns it is about; if all of them are new, old code does not notice.
    pub columns: Vec<String>,
    /// A column that is new from here on.
    pub adds: Option<String>,
    /// Why old code would break; None if it would not, and the statement only adds a column.
    pub why: Option<&'static str>,
    /// What to do instead.
    pub instead: &'static str,
}

const LATER: &str = "stop using it in one version and take it away in a later one, with an upgrade that drains first";
const DRAIN: &str = "do it in an upgrade that drains first";

/// What of a statement old code would notice.
pub(super) fn of(dialect: Dialect, statement: &Statement) -> Vec<Break> {
    let names = Names { dialect };
    match statement {
        Statement::AlterTable(alter) => names.alter(alter),
        Statement::Drop { object_type, names: dropped, .. } => names.dropped(*object_type, dropped),
        Statement::DropTrigger(drop) => {
            names.one(&drop.trigger_name, "the trigger goes, on which old code may rely", LATER)
        }
        Statement::CreateIndex(create) if create.unique => names.one(
            &create.table_name,
            "the new unique index refuses rows that old code may write",
            "make it unique in a later version, when no old code writes any more",
        ),
        Statement::Delete(delete) => names.deleted(delete),
        Statement::Truncate(truncate) => {
            let targets = truncate.table_names.iter();
            targets.flat_map(|target| names.one(&target.name, "rows go that old code may need", DRAIN)).collect()
        }
        Statement::Update(update) => names.updated(update),
        Statement::Insert(insert) => names.inserted(insert),
        Statement::Merge(_) => {
            vec![Break::of(
                "rows".to_owned(),
                "rows change that old code may need",
                "insert new rows only, with INSERT",
            )]
        }
        _ => Vec::new(),
    }
}

impl Break {
    fn of(object: String, why: &'static str, instead: &'static str) -> Self {
        Self { object, columns: Vec::new(), adds: None, why: Some(why), instead }
    }
}

struct Names {
    dialect: Dialect,
}

impl Names {
    fn name(&self, name: &ObjectName) -> String {
        // A name that is not allowed is refused elsewhere.
        names::object(self.dialect, name).unwrap_or_else(|_| name.to_string())
    }

    fn column(&self, ident: &sqlparser::ast::Ident) -> String {
        names::ident_of(self.dialect, ident).unwrap_or_else(|_| ident.value.clone())
    }

    fn one(&self, object: &ObjectName, why: &'static str, instead: &'static str) -> Vec<Break> {
        vec![Break::of(self.name(object), why, instead)]
    }

    fn dropped(&self, kind: ObjectType, dropped: &[ObjectName]) -> Vec<Break> {
        let why = match kind {
            ObjectType::Table => "the table goes, which old code still reads and writes",
            ObjectType::View => "the view goes, which old code still reads",
            _ => "the index goes, on which old code may rely: for ON CONFLICT, and to be quick",
        };
        dropped.iter().flat_map(|name| self.one(name, why, LATER)).collect()
    }

    fn alter(&self, alter: &AlterTable) -> Vec<Break> {
        let table = self.name(&alter.name);
        alter.operations.iter().filter_map(|operation| self.operation(table.clone(), operation)).collect()
    }

    fn operation(&self, table: String, operation: &AlterTableOperation) -> Option<Break> {
        use AlterTableOperation as Op;
        let on = |columns: Vec<String>, why, instead| Break { columns, ..Break::of(table.clone(), why, instead) };
        Some(match operation {
            Op::AddColumn { column_def, .. } => self.added(table, column_def),
            Op::DropColumn { column_names, .. } => {
                let columns = column_names.iter().map(|name| self.column(name)).collect();
                on(columns, "the column goes, which old code still reads and writes", LATER)
            }
            Op::RenameColumn { old_column_name, .. } => on(
                vec![self.column(old_column_name)],
                "old code doesn't know the column's new name",
                "add a column of the new name and fill it; drop the old one in a later version",
            ),
            Op::RenameTable { .. } => on(
                Vec::new(),
                "old code doesn't know the table's new name",
                "create a table of the new name and fill it; drop the old one in a later version",
            ),
            Op::AddConstraint { constraint, .. } => self.constrained(table, constraint),
            Op::DropConstraint { .. } => on(Vec::new(), "the constraint goes, on which old code may rely", LATER),
            Op::AlterColumn { column_name, op } => {
                let (why, instead) = altered(op)?;
                on(vec![self.column(column_name)], why, instead)
            }
            Op::RenameConstraint { .. } | Op::ValidateConstraint { .. } => return None,
            _ => on(Vec::new(), "the table changes in a way that old code may notice", DRAIN),
        })
    }

    fn added(&self, table: String, column: &ColumnDef) -> Break {
        let has = |wanted: fn(&ColumnOption) -> bool| column.options.iter().any(|option| wanted(&option.option));
        let required = has(|option| matches!(option, ColumnOption::NotNull | ColumnOption::PrimaryKey(_)));
        let given = has(|option| {
            matches!(option, ColumnOption::Default(_) | ColumnOption::Generated { .. } | ColumnOption::Identity(_))
        });
        let unique = has(|option| matches!(option, ColumnOption::Unique(_)));
        let mut added = Break::of(table, "", "");
        added.adds = Some(self.column(&column.name));
        (added.why, added.instead) = match (required && !given, unique && given) {
            (true, _) => (
                Some("old code writes rows without a value for the new column, which demands one"),
                "give it a DEFAULT, or let it be NULL",
            ),
            (_, true) => (
                Some("the second row that old code writes has the same default value, which must be unique"),
                "let it be NULL, without a DEFAULT",
            ),
            _ => (None, ""),
        };
        added
    }

    fn constrained(&self, table: String, constraint: &TableConstraint) -> Break {
        let mut found = Break::of(
            table,
            "the new constraint refuses rows that old code may write",
            "add it in a later version, when no old code writes any more",
        );
        if let TableConstraint::ForeignKey(key) = constraint {
            found.columns = key.columns.iter().map(|column| self.column(column)).collect();
        }
        found
    }

    fn deleted(&self, delete: &Delete) -> Vec<Break> {
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        let names = tables.iter().filter_map(|table| named(&table.relation));
        names.flat_map(|name| self.one(name, "rows go that old code may need", DRAIN)).collect()
    }

    fn updated(&self, update: &Update) -> Vec<Break> {
        let Some(table) = named(&update.table.relation) else { return Vec::new() };
        let columns = self.assigned(&update.assignments);
        let why = "values change that old code reads, and no undo brings them back";
        vec![Break { columns, ..Break::of(self.name(table), why, "fill a new column and read that one") }]
    }

    fn inserted(&self, insert: &Insert) -> Vec<Break> {
        let TableObject::TableName(table) = &insert.table else { return Vec::new() };
        let replaces = insert.replace_into || insert.or.as_ref().is_some_and(|or| or.to_string().contains("REPLACE"));
        let why = "rows that old code reads are overwritten";
        let found = Break::of(self.name(table), why, "insert new rows only, with ON CONFLICT DO NOTHING");
        match &insert.on {
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoUpdate(update) => {
                    vec![Break { columns: self.assigned(&update.assignments), ..found }]
                }
                OnConflictAction::DoNothing if !replaces => Vec::new(),
                OnConflictAction::DoNothing => vec![found],
            },
            _ if replaces => vec![found],
            _ => Vec::new(),
        }
    }

    fn assigned(&self, assignments: &[Assignment]) -> Vec<String> {
        let targets = assignments.iter().flat_map(|assignment| match &assignment.target {
            AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
            AssignmentTarget::Tuple(names) => names.as_slice(),
        });
        targets.map(|name| self.name(name)).collect()
    }
}

fn named(factor: &TableFactor) -> Option<&ObjectName> {
    match factor {
        TableFactor::Table { name, .. } => Some(name),
        _ => None,
    }
}

fn altered(operation: &AlterColumnOperation) -> Option<(&'static str, &'static str)> {
    Some(match operation {
        AlterColumnOperation::SetNotNull => (
            "old code may write rows without a value, which the column demands now",
            "demand it in a later version, when no old code writes any more",
        ),
        AlterColumnOperation::DropNotNull => (
            "old code reads the column as always filled, and new code may leave it empty",
            "add a column that may be NULL, and read that one",
        ),
        AlterColumnOperation::SetDefault { .. } => return None,
        AlterColumnOperation::DropDefault => {
            ("old code may write rows without a value, and counts on the default", "leave the default")
        }
        AlterColumnOperation::SetDataType { .. } => (
            "old code reads and writes the column by its old type",
            "add a column of the new type and fill it; drop the old one in a later version",
        ),
        _ => ("the column changes in a way that old code may notice", DRAIN),
    })
}
