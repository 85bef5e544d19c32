//! Pieces of statements that several features need.

use sea_query::LikeExpr;

/// Stands before `%` and `_` where they mean themselves. Not a backslash: PostgreSQL's builder
/// writes that as a text that SQLite does not read.
const ESCAPE: char = '!';

/// The pattern of every text with `part` in it, taken literally.
pub(super) fn containing(part: &str) -> LikeExpr {
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

/// `$first, $first+1, …`: the placeholders of `count` parameters, for `IN (…)`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on() {
        assert_eq!(placeholders(2, 3), "$2, $3, $4");
        assert_eq!(placeholders(1, 0), "");
    }
}
