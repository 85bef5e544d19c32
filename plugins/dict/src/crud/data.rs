//! The statements on `sys_dict_data`.

use super::containing;
use crate::model::{DataDraft, DataFilter, DictData, SysDictData};
use plugin_api::PageQuery;
use plugin_api::db::{DbError, Statements};
use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};

const COLUMNS: [SysDictData; 11] = [
    SysDictData::Id,
    SysDictData::TypeId,
    SysDictData::TypeCode,
    SysDictData::Label,
    SysDictData::Value,
    SysDictData::Color,
    SysDictData::Sort,
    SysDictData::Status,
    SysDictData::Remark,
    SysDictData::CreatedTime,
    SysDictData::UpdatedTime,
];
const ENABLED: i32 = 1;

/// Every entry, in its order.
pub(crate) async fn all(db: &impl Statements) -> Result<Vec<DictData>, DbError> {
    db.statement(&ordered(select(), Order::Asc)).fetch_all().await
}

/// The enabled entries of the type of that code, the last in order first.
pub(crate) async fn enabled_of(db: &impl Statements, type_code: &str) -> Result<Vec<DictData>, DbError> {
    let mut select = select();
    select
        .and_where(Expr::col(SysDictData::TypeCode).eq(type_code))
        .and_where(Expr::col(SysDictData::Status).eq(ENABLED));
    db.statement(&ordered(select, Order::Desc)).fetch_all().await
}

/// One page of the entries that pass the filter, in their order, and how many pass in all.
pub(crate) async fn page(
    db: &impl Statements,
    filter: &DataFilter,
    page: PageQuery,
) -> Result<(Vec<DictData>, u64), DbError> {
    let mut select = select();
    select.cond_where(condition(filter));
    db.page(&ordered(select, Order::Asc), page.limit(), page.offset()).await
}

/// The entry of that id.
pub(crate) async fn find(db: &impl Statements, id: i64) -> Result<Option<DictData>, DbError> {
    db.statement(select().and_where(Expr::col(SysDictData::Id).eq(id))).fetch_optional().await
}

/// Adds an entry to the type of that id and code.
pub(crate) async fn insert(
    db: &impl Statements,
    draft: DataDraft,
    type_code: String,
    now_ms: i64,
) -> Result<(), DbError> {
    db.insert("sys_dict_data")
        .value("type_id", draft.type_id)
        .value("type_code", type_code)
        .value("label", draft.label)
        .value("value", draft.value)
        .value("color", draft.color)
        .value("sort", draft.sort)
        .value("status", draft.status)
        .value("remark", draft.remark)
        .value("created_time", now_ms)
        .execute()
        .await
}

/// Changes an entry; gives 0 if there is none of that id.
pub(crate) async fn update(
    db: &impl Statements,
    id: i64,
    draft: DataDraft,
    type_code: String,
    now_ms: i64,
) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table(SysDictData::Table)
        .value(SysDictData::TypeId, draft.type_id)
        .value(SysDictData::TypeCode, type_code)
        .value(SysDictData::Label, draft.label)
        .value(SysDictData::Value, draft.value)
        .value(SysDictData::Color, draft.color)
        .value(SysDictData::Sort, draft.sort)
        .value(SysDictData::Status, draft.status)
        .value(SysDictData::Remark, draft.remark)
        .value(SysDictData::UpdatedTime, now_ms)
        .and_where(Expr::col(SysDictData::Id).eq(id));
    db.statement(&update).execute().await
}

/// Deletes the entries of these ids; gives how many there were.
pub(crate) async fn delete(db: &impl Statements, ids: &[i64]) -> Result<u64, DbError> {
    let mut delete = Query::delete();
    delete.from_table(SysDictData::Table).and_where(Expr::col(SysDictData::Id).is_in(ids.iter().copied()));
    db.statement(&delete).execute().await
}

fn select() -> SelectStatement {
    let mut select = Query::select();
    select.columns(COLUMNS).from(SysDictData::Table);
    select
}

fn ordered(mut select: SelectStatement, order: Order) -> SelectStatement {
    select.order_by(SysDictData::Sort, order.clone()).order_by(SysDictData::Id, order);
    select
}

fn condition(filter: &DataFilter) -> Cond {
    let type_code = filter.type_code.as_deref().filter(|code| !code.is_empty());
    Cond::all()
        .add_option(type_code.map(|code| Expr::col(SysDictData::TypeCode).eq(code)))
        .add_option(containing(SysDictData::Label, filter.label.as_deref()))
        .add_option(containing(SysDictData::Value, filter.value.as_deref()))
        .add_option(filter.status.map(|status| Expr::col(SysDictData::Status).eq(status)))
        .add_option(filter.type_id.map(|id| Expr::col(SysDictData::TypeId).eq(id)))
}
