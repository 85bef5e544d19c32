//! The statements. One text serves SQLite and PostgreSQL.

pub(crate) mod data;
pub(crate) mod types;

use sea_query::{Expr, ExprTrait, Iden, LikeExpr};

/// Stands before `%` and `_` where they mean themselves. Not a backslash: PostgreSQL's builder
/// writes that as a text that SQLite does not read.
const ESCAPE: char = '!';

/// The rows whose `column` contains `part`; None, which is every row, without one.
fn containing(column: impl Iden + 'static, part: Option<&str>) -> Option<Expr> {
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
