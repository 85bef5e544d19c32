//! Lists that are walked from row to row: no page is counted, however long the list is.

use super::validation::{self, FieldError, Part};
use super::{ApiError, Message};
use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

/// A part of a list, and where it goes on.
#[derive(Debug, Clone, Object)]
pub struct CursorPage<T: ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// The rows.
    pub items: Vec<T>,
    /// What to ask for next; null at the end.
    pub next_cursor: Option<String>,
    /// Whether there are more rows.
    pub has_more: bool,
}

/// The row that a client has seen last; None at the beginning, which is asked for by an empty text.
///
/// # Errors
/// A 422 if the text is none of ours.
pub fn last_seen(cursor: &str) -> Result<Option<i64>, ApiError> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let bytes = hex::decode(cursor).ok().and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    bytes.map(|bytes| Some(i64::from_be_bytes(bytes))).ok_or_else(|| {
        let message = Message::fixed("Input should be a next_cursor of this list", "输入应为此列表的 next_cursor");
        validation::invalid(&[FieldError::new("value_error", Part::Query, vec!["cursor".to_owned()], message)])
    })
}

/// The part that `rows` are, of which one more than `size` was asked for.
pub fn part<R, T: ParseFromJSON + ToJSON + Type + Send + Sync>(
    mut rows: Vec<R>,
    size: usize,
    id: impl Fn(&R) -> i64,
    view: impl FnMut(R) -> T,
) -> CursorPage<T> {
    let has_more = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().filter(|_| has_more).map(id);
    CursorPage {
        items: rows.into_iter().map(view).collect(),
        next_cursor: last.map(|id| hex::encode(id.to_be_bytes())),
        has_more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_on_and_anything_else_is_refused() {
        let first = part(vec![9, 8, 7], 2, |id| *id, |id| id);
        assert_eq!((first.items, first.has_more), (vec![9, 8], true));
        assert_eq!(last_seen(&first.next_cursor.unwrap()).unwrap(), Some(8));
        let last = part(vec![7], 2, |id| *id, |id| id);
        assert_eq!((last.items, last.next_cursor, last.has_more), (vec![7], None, false));
        assert_eq!(last_seen("").unwrap(), None);
        for broken in ["x", "00", "zzzzzzzzzzzzzzzz"] {
            assert!(last_seen(broken).is_err(), "{broken}");
        }
    }
}
