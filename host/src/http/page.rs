//! Lists in pages.

use super::ApiError;
use super::Message;
use super::validation::{self, FieldError, Part};
use poem::http::Uri;
use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use serde_json::json;

/// Rows of a page when the client names no number.
pub const SIZE_DEFAULT: u32 = 20;
/// Most rows of a page.
pub const SIZE_MAX: u32 = 200;

/// Which page a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    page: u32,
    size: u32,
}

/// One page of a list.
#[derive(Debug, Clone, Object)]
pub struct Page<T: ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// The rows.
    pub items: Vec<T>,
    /// Rows of all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u32,
    /// Most rows of a page.
    pub size: u32,
    /// Number of pages; 0 if there is no row.
    pub total_pages: u64,
    /// Where the other pages are.
    pub links: Links,
}

/// Paths of a list's pages, with the filters that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub struct Links {
    /// The first page.
    pub first: String,
    /// The last page.
    pub last: String,
    /// This page, as it was asked for.
    #[oai(rename = "self")]
    pub this: String,
    /// The next page, if there is one.
    pub next: Option<String>,
    /// The previous page, if there is one.
    pub prev: Option<String>,
}

impl PageQuery {
    /// Reads `page` (from 1) and `size` (1 to [`SIZE_MAX`]) of a request's address.
    ///
    /// # Errors
    /// A 422 that names every parameter outside its bounds.
    pub fn of(uri: &Uri) -> Result<Self, ApiError> {
        let mut faults = Vec::new();
        let page = bounded(uri, "page", 1, u32::MAX, &mut faults);
        let size = bounded(uri, "size", SIZE_DEFAULT, SIZE_MAX, &mut faults);
        if faults.is_empty() { Ok(Self { page, size }) } else { Err(validation::invalid(&faults)) }
    }

    /// Rows before this page.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.size)
    }

    /// Most rows of this page.
    pub fn limit(self) -> i64 {
        i64::from(self.size)
    }

    /// The same, as a number of items.
    pub fn size(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// The page of `items`, of `total` rows in all, asked for at `uri`.
    pub fn answer<T: ParseFromJSON + ToJSON + Type + Send + Sync>(
        self,
        uri: &Uri,
        items: Vec<T>,
        total: u64,
    ) -> Page<T> {
        let total_pages = total.div_ceil(u64::from(self.size));
        Page { items, total, page: self.page, size: self.size, total_pages, links: self.links(uri, total_pages) }
    }

    fn links(self, uri: &Uri, total_pages: u64) -> Links {
        let page = u64::from(self.page);
        let to = |number: u64| self.link(uri, number);
        Links {
            first: to(1),
            last: to(total_pages.max(1)),
            this: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            next: (page < total_pages).then(|| to(page + 1)),
            prev: (page > 1 && total_pages > 0).then(|| to((page - 1).min(total_pages))),
        }
    }

    /// The other parameters first and as they came, then `page` and `size`.
    fn link(self, uri: &Uri, number: u64) -> String {
        let others = uri.query().unwrap_or_default().split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            // Not `pair.is_empty()`: poem-openapi's `Type` has a method of that name for `&str`.
            !str::is_empty(pair) && name != "page" && name != "size"
        });
        let mut link = format!("{}?", uri.path());
        for pair in others {
            link.push_str(pair);
            link.push('&');
        }
        link.push_str(&format!("page={number}&size={}", self.size));
        link
    }
}

fn bounded(uri: &Uri, name: &str, default: u32, most: u32, faults: &mut Vec<FieldError>) -> u32 {
    let query = uri.query().unwrap_or_default();
    let sent = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let Some(sent) = sent else { return default };
    let (kind, english, chinese, bounds) = match sent.parse::<i64>() {
        Ok(number) if number > i64::from(most) => (
            "less_than_equal",
            format!("Input should be less than or equal to {most}"),
            format!("输入应小于或等于 {most}"),
            Some(json!({"le": most})),
        ),
        Ok(number) => match u32::try_from(number).ok().filter(|number| *number >= 1) {
            Some(number) => return number,
            None => (
                "greater_than_equal",
                "Input should be greater than or equal to 1".to_owned(),
                "输入应大于或等于 1".to_owned(),
                Some(json!({"ge": 1})),
            ),
        },
        Err(_) => ("int_parsing", "Input should be a valid integer".to_owned(), "输入应为有效的整数".to_owned(), None),
    };
    let mut fault =
        FieldError::new(kind, Part::Query, vec![name.to_owned()], Message::new(english, chinese)).with_input(sent);
    if let Some(bounds) = bounds {
        fault = fault.with_bounds(bounds);
    }
    faults.push(fault);
    default
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(address: &str, total: u64) -> Page<i64> {
        let uri: Uri = address.parse().unwrap();
        PageQuery::of(&uri).unwrap().answer(&uri, vec![], total)
    }

    #[test]
    fn links_keep_the_filters_before_page_and_size() {
        let page = page("/api/v1/logs/opera?size=1&username=a%20b", 172);
        assert_eq!(page.total_pages, 172);
        assert_eq!(page.links.first, "/api/v1/logs/opera?username=a%20b&page=1&size=1");
        assert_eq!(page.links.last, "/api/v1/logs/opera?username=a%20b&page=172&size=1");
        assert_eq!(page.links.this, "/api/v1/logs/opera?size=1&username=a%20b");
        assert_eq!(page.links.next.as_deref(), Some("/api/v1/logs/opera?username=a%20b&page=2&size=1"));
        assert_eq!(page.links.prev, None);
    }

    #[test]
    fn an_empty_list_has_no_page_but_a_last_link() {
        let page = page("/x", 0);
        assert_eq!((page.page, page.size, page.total_pages), (1, 20, 0));
        assert_eq!(page.links.last, "/x?page=1&size=20");
        assert_eq!((page.links.next, page.links.prev), (None, None));
    }

    #[test]
    fn the_last_page_may_be_partial_and_has_no_next() {
        let page = page("/x?page=3&size=20", 41);
        assert_eq!(page.total_pages, 3);
        assert_eq!(page.links.next, None);
        assert_eq!(page.links.prev.as_deref(), Some("/x?page=2&size=20"));
    }

    #[test]
    fn bounds_are_kept() {
        for (query, valid) in [
            ("size=200", true),
            ("size=201", false),
            ("size=0", false),
            ("page=0", false),
            ("page=-1", false),
            ("page=x", false),
            ("page=99999999999", false),
            ("pages=0", true),
        ] {
            let uri: Uri = format!("/x?{query}").parse().unwrap();
            assert_eq!(PageQuery::of(&uri).is_ok(), valid, "{query}");
        }
    }
}
