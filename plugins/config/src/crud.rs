//! The statements. One text serves SQLite and PostgreSQL.

use crate::model::{Config, Draft, Filter, SysConfig};
use plugin_api::PageQuery;
use plugin_api::db::{DbError, Statements};
use sea_query::{Cond, Expr, ExprTrait, LikeExpr, Order, Query, SelectStatement};

const COLUMNS: [SysConfig; 9] = [
    SysConfig::Id,
    SysConfig::Name,
    SysConfig::Type,
    SysConfig::Key,
    SysConfig::Value,
    SysConfig::IsFrontend,
    SysConfig::Remark,
    SysConfig::CreatedTime,
    SysConfig::UpdatedTime,
];
/// Stands before `%` and `_` where they mean themselves. Not a backslash: PostgreSQL's builder
/// writes that as a text that SQLite does not read.
const ESCAPE: char = '!';

/// Every parameter of a type, or every one, the oldest first.
pub(crate) async fn all(db: &impl Statements, kind: Option<&str>) -> Result<Vec<Config>, DbError> {
    let mut select = select();
    select
        .cond_where(Cond::all().add_option(kind.map(|kind| Expr::col(SysConfig::Type).eq(kind))))
        .order_by(SysConfig::Id, Order::Asc);
    db.statement(&select).fetch_all().await
}

/// One page of the parameters that pass the filter, newest first, and how many pass in all; those that came together
/// keep their order.
pub(crate) async fn page(
    db: &impl Statements,
    filter: &Filter,
    page: PageQuery,
) -> Result<(Vec<Config>, u64), DbError> {
    let mut select = select();
    select
        .cond_where(condition(filter))
        .order_by(SysConfig::CreatedTime, Order::Desc)
        .order_by(SysConfig::Id, Order::Asc);
    db.page(&select, page.limit(), page.offset()).await
}

/// The parameter of that id.
pub(crate) async fn find(db: &impl Statements, id: i64) -> Result<Option<Config>, DbError> {
    db.statement(select().and_where(Expr::col(SysConfig::Id).eq(id))).fetch_optional().await
}

/// Adds a parameter.
pub(crate) async fn insert(db: &impl Statements, draft: Draft, now_ms: i64) -> Result<(), DbError> {
    db.insert("sys_config")
        .value("name", draft.name)
        .value("type", draft.kind)
        .value("key", draft.key)
        .value("value", draft.value)
        .value("is_frontend", draft.is_frontend)
        .value("remark", draft.remark)
        .value("created_time", now_ms)
        .execute()
        .await
}

/// Changes a parameter; gives 0 if there is none of that id.
pub(crate) async fn update(db: &impl Statements, id: i64, draft: Draft, now_ms: i64) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table(SysConfig::Table)
        .value(SysConfig::Name, draft.name)
        .value(SysConfig::Type, draft.kind)
        .value(SysConfig::Key, draft.key)
        .value(SysConfig::Value, draft.value)
        .value(SysConfig::IsFrontend, draft.is_frontend)
        .value(SysConfig::Remark, draft.remark)
        .value(SysConfig::UpdatedTime, now_ms)
        .and_where(Expr::col(SysConfig::Id).eq(id));
    db.statement(&update).execute().await
}

/// Which of these ids there are, each with its key.
pub(crate) async fn keys(db: &impl Statements, ids: &[i64]) -> Result<Vec<(i64, String)>, DbError> {
    let mut select = Query::select();
    select
        .columns([SysConfig::Id, SysConfig::Key])
        .from(SysConfig::Table)
        .and_where(Expr::col(SysConfig::Id).is_in(ids.iter().copied()));
    db.statement(&select).fetch_all().await
}

/// Gives a parameter a key that nobody writes, so that another may take its own.
pub(crate) async fn set_key_aside(db: &impl Statements, id: i64) -> Result<(), DbError> {
    let mut update = Query::update();
    update
        .table(SysConfig::Table)
        .value(SysConfig::Key, format!("\u{1}{id}"))
        .and_where(Expr::col(SysConfig::Id).eq(id));
    db.statement(&update).execute().await.map(drop)
}

/// Deletes the parameters of these ids; gives how many there were.
pub(crate) async fn delete(db: &impl Statements, ids: &[i64]) -> Result<u64, DbError> {
    let mut delete = Query::delete();
    delete.from_table(SysConfig::Table).and_where(Expr::col(SysConfig::Id).is_in(ids.iter().copied()));
    db.statement(&delete).execute().await
}

fn select() -> SelectStatement {
    let mut select = Query::select();
    select.columns(COLUMNS).from(SysConfig::Table);
    select
}

fn condition(filter: &Filter) -> Cond {
    Cond::all()
        .add_option(containing(SysConfig::Name, filter.name.as_deref()))
        .add_option(containing(SysConfig::Type, filter.kind.as_deref()))
}

/// The rows whose `column` contains `part`; None, which is every row, without one.
fn containing(column: SysConfig, part: Option<&str>) -> Option<Expr> {
    let part = part.filter(|part| !part.is_empty())?;
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    Some(Expr::col(column).like(LikeExpr::new(pattern).escape(ESCAPE)))
}
