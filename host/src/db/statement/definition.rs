//! Statements that define tables, views, indexes and triggers, and the list of those that are allowed.

use super::walk::Walk;
use super::{Action, Kind};
use plugin_api::db::Dialect;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, CommentObject, CreateIndex,
    CreateTable, CreateTrigger, CreateView, ObjectName, ObjectType, RenameTableNameKind, Statement, TableConstraint,
    Truncate,
};

/// What would be accepted instead of a statement that is not on the list.
const LIST: &str = "a migration takes CREATE TABLE, INDEX, VIEW and TRIGGER, ALTER TABLE, DROP, SELECT, INSERT, UPDATE \
                    and DELETE";
/// A migration runs once: with these words it would take over what somebody else has made.
const ONCE: &str = "write it without IF NOT EXISTS: a migration runs once, so what exists already is somebody else's";

/// Notes what a statement defines, and forbids it if it is not on the list.
pub(super) fn touch(walk: &mut Walk, statement: &Statement) {
    match statement {
        Statement::CreateTable(create) => create_table(walk, create),
        Statement::CreateIndex(create) => create_index(walk, create),
        Statement::CreateView(create) => create_view(walk, create),
        Statement::CreateTrigger(create) => create_trigger(walk, create),
        Statement::AlterTable(alter) => alter_table(walk, alter),
        Statement::Drop { object_type, names, cascade, temporary, .. } => {
            if *cascade || *temporary {
                walk.forbid("write DROP without CASCADE and TEMPORARY: what goes is named");
            }
            drop_objects(walk, *object_type, names);
        }
        Statement::DropTrigger(drop_trigger) => {
            walk.touch(Action::Drop, Kind::Trigger, &drop_trigger.trigger_name);
            if let Some(table) = &drop_trigger.table_name {
                walk.touch(Action::Alter, Kind::Table, table);
            }
        }
        Statement::Truncate(truncate) => truncate_tables(walk, truncate),
        Statement::Comment { object_type, object_name, .. } => comment(walk, *object_type, object_name),
        Statement::Query(_)
        | Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge(_) => {}
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            walk.forbid(format!("{} is not allowed; {LIST}", words.join(" ")));
        }
    }
}

fn create_table(walk: &mut Walk, create: &CreateTable) {
    if create.temporary || create.global.is_some() || create.volatile || create.transient {
        walk.forbid("temporary tables are not allowed: they would hide other tables from whoever uses the connection");
    }
    if create.if_not_exists || create.or_replace {
        walk.forbid(ONCE);
    }
    let apart = create.like.is_some() || create.clone.is_some() || create.inherits.is_some();
    if apart || create.partition_of.is_some() || create.external {
        walk.forbid("a table must stand on its own: without LIKE, INHERITS, PARTITION OF and CLONE");
    }
    walk.touch(Action::Create { on: None }, Kind::Table, &create.name);
    create.columns.iter().for_each(|column| column_options(walk, column));
    create.constraints.iter().for_each(|constraint| table_constraint(walk, constraint));
}

fn column_options(walk: &mut Walk, column: &ColumnDef) {
    walk.data_type(&column.data_type);
    for option in &column.options {
        match &option.option {
            ColumnOption::ForeignKey(key) => drop(walk.touch(Action::Refer, Kind::Table, &key.foreign_table)),
            ColumnOption::Policy(_) | ColumnOption::Tags(_) => walk.forbid("a column takes no policy and no tags"),
            _ => {}
        }
    }
}

fn table_constraint(walk: &mut Walk, constraint: &TableConstraint) {
    match constraint {
        TableConstraint::ForeignKey(key) => drop(walk.touch(Action::Refer, Kind::Table, &key.foreign_table)),
        TableConstraint::PrimaryKeyUsingIndex(_) | TableConstraint::UniqueUsingIndex(_) => {
            walk.forbid("a constraint must name its columns, not an index");
        }
        _ => {}
    }
}

fn create_index(walk: &mut Walk, create: &CreateIndex) {
    if create.if_not_exists {
        walk.forbid(ONCE);
    }
    if create.concurrently {
        walk.forbid("CONCURRENTLY is not allowed, since every migration runs in a transaction of the host's");
    }
    let Some(table) = walk.touch(Action::Alter, Kind::Table, &create.table_name) else { return };
    match &create.name {
        Some(name) => drop(walk.touch(Action::Create { on: Some(table) }, Kind::Index, name)),
        None => walk.forbid("an index must have a name"),
    }
}

fn create_view(walk: &mut Walk, create: &CreateView) {
    if create.temporary {
        walk.forbid("temporary views are not allowed: they would hide tables from whoever uses the connection");
    }
    if create.if_not_exists || create.or_replace || create.or_alter {
        walk.forbid("write CREATE VIEW alone: a migration runs once, so what exists already is somebody else's");
    }
    if create.materialized || create.to.is_some() {
        walk.forbid("materialized views are not allowed; write a table");
    }
    walk.touch(Action::Create { on: None }, Kind::View, &create.name);
}

fn create_trigger(walk: &mut Walk, create: &CreateTrigger) {
    if walk.dialect == Dialect::Postgres || create.exec_body.is_some() {
        walk.forbid("a trigger of PostgreSQL runs a function, and CREATE FUNCTION is not allowed");
    }
    if create.temporary || create.or_replace || create.or_alter {
        walk.forbid("write CREATE TRIGGER alone, without TEMPORARY and OR REPLACE");
    }
    if let Some(table) = &create.referenced_table_name {
        walk.touch(Action::Refer, Kind::Table, table);
    }
    if let Some(table) = walk.touch(Action::Alter, Kind::Table, &create.table_name) {
        walk.touch(Action::Create { on: Some(table) }, Kind::Trigger, &create.name);
    }
}

fn alter_table(walk: &mut Walk, alter: &AlterTable) {
    walk.touch(Action::Alter, Kind::Table, &alter.name);
    for operation in &alter.operations {
        match operation {
            AlterTableOperation::AddColumn { column_def, .. } => column_options(walk, column_def),
            AlterTableOperation::AddConstraint { constraint, .. } => table_constraint(walk, constraint),
            AlterTableOperation::RenameTable { table_name } => {
                let (RenameTableNameKind::To(to) | RenameTableNameKind::As(to)) = table_name;
                if let Some(to) = walk.plain(to) {
                    walk.touch(Action::Rename { to }, Kind::Table, &alter.name);
                }
            }
            AlterTableOperation::DropColumn { drop_behavior: Some(_), .. }
            | AlterTableOperation::DropConstraint { drop_behavior: Some(_), .. } => {
                walk.forbid("write DROP without CASCADE: what goes is named");
            }
            AlterTableOperation::DropColumn { .. }
            | AlterTableOperation::DropConstraint { .. }
            | AlterTableOperation::RenameColumn { .. }
            | AlterTableOperation::RenameConstraint { .. }
            | AlterTableOperation::ValidateConstraint { .. } => {}
            AlterTableOperation::AlterColumn { op, .. } => {
                if let AlterColumnOperation::SetDataType { data_type, .. } = op {
                    walk.data_type(data_type);
                }
            }
            other => {
                let text = other.to_string();
                let words: Vec<&str> = text.split_whitespace().take(2).collect();
                walk.forbid(format!(
                    "ALTER TABLE … {} is not allowed; it takes ADD, DROP, RENAME and ALTER COLUMN",
                    words.join(" ")
                ));
            }
        }
    }
}

fn drop_objects(walk: &mut Walk, kind: ObjectType, names: &[ObjectName]) {
    let kind = match kind {
        ObjectType::Table => Kind::Table,
        ObjectType::View => Kind::View,
        ObjectType::Index => Kind::Index,
        other => return walk.forbid(format!("DROP {other} is not allowed; {LIST}")),
    };
    for name in names {
        walk.touch(Action::Drop, kind, name);
    }
}

fn truncate_tables(walk: &mut Walk, truncate: &Truncate) {
    if truncate.cascade.is_some() {
        walk.forbid("write TRUNCATE without CASCADE: what goes is named");
    }
    for table in &truncate.table_names {
        walk.touch(Action::Write, Kind::Table, &table.name);
    }
}

fn comment(walk: &mut Walk, kind: CommentObject, name: &ObjectName) {
    match (kind, name.0.as_slice()) {
        (CommentObject::Table, _) => drop(walk.touch(Action::Alter, Kind::Table, name)),
        (CommentObject::Column, [table, _column]) => walk.note(Action::Alter, &ObjectName(vec![table.clone()])),
        _ => walk.forbid("only tables and their columns take a COMMENT"),
    }
}
