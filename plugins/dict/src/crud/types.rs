//! The statements on `sys_dict_type`.

use super::containing;
use crate::model::{DictType, SysDictType, TypeDraft, TypeFilter};
use plugin_api::PageQuery;
use plugin_api::db::{DbError, Statements};
use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};

const COLUMNS: [SysDictType; 6] = [
    SysDictType::Id,
    SysDictType::Name,
    SysDictType::Code,
    SysDictType::Remark,
    SysDictType::CreatedTime,
    SysDictType::UpdatedTime,
];

/// Every type, the latest first.
pub(crate) async fn all(db: &impl Statements) -> Result<Vec<DictType>, DbError> {
    db.statement(select().order_by(SysDictType::Id, Order::Desc)).fetch_all().await
}

/// One page of the types that pass the filter, the latest first, and how many pass in all.
pub(crate) async fn page(
    db: &impl Statements,
    filter: &TypeFilter,
    page: PageQuery,
) -> Result<(Vec<DictType>, u64), DbError> {
    let mut select = select();
    select.cond_where(condition(filter)).order_by(SysDictType::Id, Order::Desc);
    db.page(&select, page.limit(), page.offset()).await
}

/// The type of that id.
pub(crate) async fn find(db: &impl Statements, id: i64) -> Result<Option<DictType>, DbError> {
    db.statement(select().and_where(Expr::col(SysDictType::Id).eq(id))).fetch_optional().await
}

/// Adds a type.
pub(crate) async fn insert(db: &impl Statements, draft: TypeDraft, now_ms: i64) -> Result<(), DbError> {
    db.insert("sys_dict_type")
        .value("name", draft.name)
        .value("code", draft.code)
        .value("remark", draft.remark)
        .value("created_time", now_ms)
        .execute()
        .await
}

/// Changes a type, and with its code the code in its entries; gives 0 if there is none of that id.
pub(crate) async fn update(db: &impl Statements, id: i64, draft: TypeDraft, now_ms: i64) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table(SysDictType::Table)
        .value(SysDictType::Name, draft.name)
        .value(SysDictType::Code, draft.code)
        .value(SysDictType::Remark, draft.remark)
        .value(SysDictType::UpdatedTime, now_ms)
        .and_where(Expr::col(SysDictType::Id).eq(id));
    db.statement(&update).execute().await
}

/// Deletes the types of these ids, with their entries; gives how many types there were.
pub(crate) async fn delete(db: &impl Statements, ids: &[i64]) -> Result<u64, DbError> {
    let mut delete = Query::delete();
    delete.from_table(SysDictType::Table).and_where(Expr::col(SysDictType::Id).is_in(ids.iter().copied()));
    db.statement(&delete).execute().await
}

fn select() -> SelectStatement {
    let mut select = Query::select();
    select.columns(COLUMNS).from(SysDictType::Table);
    select
}

fn condition(filter: &TypeFilter) -> Cond {
    Cond::all()
        .add_option(containing(SysDictType::Name, filter.name.as_deref()))
        .add_option(containing(SysDictType::Code, filter.code.as_deref()))
}
