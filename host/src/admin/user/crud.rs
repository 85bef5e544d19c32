//! Statements about users.

use super::model::{NewUser, Rank, Switch, User, UserChange, UserDept, UserFilter};
use crate::admin::sql::containing;
use plugin_api::db::{Database, DbError, Statements, placeholders};
use sea_query::{Cond, Expr, ExprTrait, Order, Query};

const COLUMNS: &str = "id, uuid, username, nickname, password, avatar, email, phone, status, is_superuser, \
                       is_staff, is_multi_login, join_time, last_login_time, dept_id";

/// Those who can change users: without one of them nobody could be made one.
const ADMINISTRATORS: &str = "is_superuser = TRUE AND is_staff = TRUE AND status = 1";

pub(super) async fn count(db: &Database) -> Result<i64, DbError> {
    db.query("SELECT COUNT(*) FROM sys_user").fetch_scalar().await
}

pub(super) async fn by_id(db: &impl Statements, id: i64) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM sys_user WHERE id = $1");
    db.query(sql).bind(id).fetch_optional().await
}

pub(super) async fn by_username(db: &Database, username: &str) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM sys_user WHERE username = $1");
    db.query(sql).bind(username).fetch_optional().await
}

pub(super) async fn page(
    db: &Database,
    filter: &UserFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<User>, u64), DbError> {
    let mut select = Query::select();
    select.expr(Expr::cust(COLUMNS)).from("sys_user").cond_where(condition(filter)).order_by("id", Order::Desc);
    db.page(&select, limit, offset).await
}

/// Those of these departments that are not deleted. `ids` must not be empty.
pub(super) async fn depts(db: &impl Statements, ids: &[i64]) -> Result<Vec<UserDept>, DbError> {
    let sql = format!(
        "SELECT id, name, parent_id, sort, leader, phone, email, status, del_flag, created_time, updated_time \
         FROM sys_dept WHERE del_flag = FALSE AND id IN ({})",
        placeholders(1, ids.len())
    );
    db.query(sql).bind_all(ids.iter().copied()).fetch_all().await
}

/// Adds a user and gives the id.
pub(super) async fn insert(db: &impl Statements, user: &NewUser) -> Result<i64, DbError> {
    let everything = user.rank == Rank::Administrator;
    db.insert("sys_user")
        .value("uuid", user.uuid.as_str())
        .value("username", user.username.as_str())
        .value("nickname", user.nickname.as_str())
        .value("password", user.password.as_str())
        .value("email", user.email.as_deref())
        .value("phone", user.phone.as_deref())
        .value("dept_id", user.dept_id)
        .value("status", 1)
        .value("is_superuser", everything)
        .value("is_staff", everything)
        .value("is_multi_login", everything)
        .value("join_time", user.now_ms)
        .value("last_password_changed_time", user.now_ms)
        .value("created_time", user.now_ms)
        .returning_id()
        .await
}

pub(super) async fn update(db: &impl Statements, id: i64, change: &UserChange, now_ms: i64) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table("sys_user")
        .value("username", change.username.as_str())
        .value("nickname", change.nickname.as_str())
        .value("updated_time", now_ms)
        .and_where(Expr::col("id").eq(id));
    if let Some(dept_id) = change.dept_id {
        update.value("dept_id", dept_id);
    }
    for (column, value) in [("avatar", &change.avatar), ("email", &change.email), ("phone", &change.phone)] {
        if let Some(value) = value {
            update.value(column, value.clone());
        }
    }
    db.statement(&update).execute().await
}

/// Turns a switch over.
pub(super) async fn toggle(db: &impl Statements, id: i64, switch: Switch, now_ms: i64) -> Result<u64, DbError> {
    let change = match switch {
        Switch::Superuser => "is_superuser = NOT is_superuser",
        Switch::Staff => "is_staff = NOT is_staff",
        Switch::Status => "status = 1 - status",
        Switch::MultiLogin => "is_multi_login = NOT is_multi_login",
    };
    let sql = format!("UPDATE sys_user SET {change}, updated_time = $1 WHERE id = $2");
    db.query(sql).bind(now_ms).bind(id).execute().await
}

/// Keeps every other change of those who can change users away until the transaction ends, and
/// gives their number.
pub(super) async fn lock_administrators(db: &impl Statements) -> Result<u64, DbError> {
    db.query(format!("UPDATE sys_user SET status = status WHERE {ADMINISTRATORS}")).execute().await
}

pub(super) async fn count_administrators(db: &impl Statements) -> Result<u64, DbError> {
    db.query(format!("SELECT COUNT(*) FROM sys_user WHERE {ADMINISTRATORS}")).fetch_scalar().await
}

pub(super) async fn set_nickname(db: &Database, id: i64, nickname: &str, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_user SET nickname = $1, updated_time = $2 WHERE id = $3")
        .bind(nickname)
        .bind(now_ms)
        .bind(id)
        .execute()
        .await
}

pub(super) async fn set_avatar(db: &Database, id: i64, avatar: &str, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_user SET avatar = $1, updated_time = $2 WHERE id = $3")
        .bind(avatar)
        .bind(now_ms)
        .bind(id)
        .execute()
        .await
}

pub(super) async fn delete(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_user WHERE id = $1").bind(id).execute().await
}

fn condition(filter: &UserFilter) -> Cond {
    let said = |part: &Option<String>| part.clone().filter(|part| !part.is_empty());
    Cond::all()
        .add_option(filter.dept.map(|dept| Expr::col("dept_id").eq(dept)))
        .add_option(said(&filter.username).map(|part| Expr::col("username").like(containing(&part))))
        .add_option(said(&filter.phone).map(|part| Expr::col("phone").like(containing(&part))))
        .add_option(filter.status.map(|status| Expr::col("status").eq(status)))
}
