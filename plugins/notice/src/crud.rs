//! The statements. One text serves SQLite and PostgreSQL.

use crate::model::{Draft, Filter, Notice, SysNotice};
use plugin_api::db::{DbError, Statements};
use plugin_api::{PageQuery, Permitted};
use sea_query::{Cond, Expr, ExprTrait, LikeExpr, Order, Query};

const COLUMNS: [SysNotice; 7] = [
    SysNotice::Id,
    SysNotice::Title,
    SysNotice::Type,
    SysNotice::Status,
    SysNotice::Content,
    SysNotice::CreatedTime,
    SysNotice::UpdatedTime,
];
/// Stands before `%` and `_` where they mean themselves. Not a backslash: PostgreSQL's builder
/// writes that as a text that SQLite does not read.
const ESCAPE: char = '!';

/// One page of the permitted notices that pass the filter, newest first, and how many pass in all.
pub(crate) async fn page(
    db: &impl Statements,
    filter: &Filter,
    permitted: &Permitted,
    page: PageQuery,
) -> Result<(Vec<Notice>, u64), DbError> {
    let mut select = Query::select();
    select
        .columns(COLUMNS)
        .from(SysNotice::Table)
        .cond_where(condition(filter))
        .and_where(permitted.expr())
        .order_by(SysNotice::CreatedTime, Order::Desc)
        .order_by(SysNotice::Id, Order::Desc);
    db.page(&select, page.limit(), page.offset()).await
}

/// The notice of that id, if it is permitted.
pub(crate) async fn find(db: &impl Statements, id: i64, permitted: &Permitted) -> Result<Option<Notice>, DbError> {
    let mut select = Query::select();
    select
        .columns(COLUMNS)
        .from(SysNotice::Table)
        .and_where(Expr::col(SysNotice::Id).eq(id))
        .and_where(permitted.expr());
    db.statement(&select).fetch_optional().await
}

/// Adds a notice of that user.
pub(crate) async fn insert(
    db: &impl Statements,
    draft: Draft,
    created_by: Option<i64>,
    now_ms: i64,
) -> Result<(), DbError> {
    db.insert("sys_notice")
        .value("title", draft.title)
        .value("type", draft.kind)
        .value("status", draft.status)
        .value("content", draft.content)
        .value("created_time", now_ms)
        .value("created_by", created_by)
        .execute()
        .await
}

/// Changes a notice; gives 0 if there is none of that id.
pub(crate) async fn update(db: &impl Statements, id: i64, draft: Draft, now_ms: i64) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table(SysNotice::Table)
        .value(SysNotice::Title, draft.title)
        .value(SysNotice::Type, draft.kind)
        .value(SysNotice::Status, draft.status)
        .value(SysNotice::Content, draft.content)
        .value(SysNotice::UpdatedTime, now_ms)
        .and_where(Expr::col(SysNotice::Id).eq(id));
    db.statement(&update).execute().await
}

/// Deletes the notices of these ids; gives how many there were.
pub(crate) async fn delete(db: &impl Statements, ids: &[i64]) -> Result<u64, DbError> {
    let mut delete = Query::delete();
    delete.from_table(SysNotice::Table).and_where(Expr::col(SysNotice::Id).is_in(ids.iter().copied()));
    db.statement(&delete).execute().await
}

fn condition(filter: &Filter) -> Cond {
    let title = filter.title.as_deref().filter(|title| !title.is_empty());
    Cond::all()
        .add_option(title.map(|title| Expr::col(SysNotice::Title).like(containing(title))))
        .add_option(filter.kind.map(|kind| Expr::col(SysNotice::Type).eq(kind)))
        .add_option(filter.status.map(|status| Expr::col(SysNotice::Status).eq(status)))
}

fn containing(part: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape(ESCAPE)
}
