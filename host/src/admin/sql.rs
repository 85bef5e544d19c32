//! Pieces of statements that several features need.

use sea_query::LikeExpr;

/// Stands before `%` and `_` where they mean themselves. Not a backslash: PostgreSQL's builder
/// writes that as a text that SQLite does not read.
pub(super) const ESCAPE: char = '!';

/// `part` for a `LIKE … ESCAPE '!'`, taken literally.
pub(super) fn escaped(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for c in part.chars() {
        if matches!(c, '%' | '_' | ESCAPE) {
            escaped.push(ESCAPE);
        }
        escaped.push(c);
    }
    escaped
}

/// The pattern of every text with `part` in it, taken literally.
pub(super) fn containing(part: &str) -> LikeExpr {
    LikeExpr::new(format!("%{}%", escaped(part))).escape(ESCAPE)
}
