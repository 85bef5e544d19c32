//! Lists in pages.

use crate::RequestInfo;
use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageQuery {
    page: u64,
    size: u64,
}

impl PageQuery {
    /// The first page is 1.
    pub const SIZE_DEFAULT: u64 = 20;
    /// A larger page is refused by the operation's own validator: `#[oai(validator(maximum(value = "200")))]`.
    pub const SIZE_MAX: u64 = 200;

    /// Page 1 and size 20 where nothing is given; both are kept inside their bounds.
    pub fn new(page: Option<u64>, size: Option<u64>) -> Self {
        let size = size.unwrap_or(Self::SIZE_DEFAULT).clamp(1, Self::SIZE_MAX);
        Self { page: page.unwrap_or(1).clamp(1, i64::MAX as u64 / Self::SIZE_MAX), size }
    }

    /// For `LIMIT`.
    pub fn limit(&self) -> u64 {
        self.size
    }

    /// For `OFFSET`.
    pub fn offset(&self) -> u64 {
        (self.page - 1) * self.size
    }
}

/// One page of a list.
#[derive(Debug, Clone, Object)]
pub struct Page<T: Type + ParseFromJSON + ToJSON + Send + Sync> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many rows there are on all pages.
    pub total: u64,
    /// The page's number, from 1.
    pub page: u64,
    /// How many rows a page has.
    pub size: u64,
    /// How many pages there are.
    pub total_pages: u64,
    /// Where the other pages are.
    pub links: PageLinks,
}

/// Where the other pages are: path and query.
#[derive(Debug, Clone, Object)]
pub struct PageLinks {
    /// The first page.
    pub first: String,
    /// The last page.
    pub last: String,
    /// This page, as it was asked for.
    #[oai(rename = "self")]
    pub this: String,
    /// The next page, if there is one.
    pub next: Option<String>,
    /// The page before, if there is one.
    pub prev: Option<String>,
}

impl<T: Type + ParseFromJSON + ToJSON + Send + Sync> Page<T> {
    /// A page of `items`, of `total` rows on all pages.
    pub fn new(items: Vec<T>, total: u64, query: PageQuery, request: &RequestInfo) -> Self {
        let total_pages = total.div_ceil(query.size);
        Self {
            items,
            total,
            page: query.page,
            size: query.size,
            total_pages,
            links: PageLinks::of(request.original_uri(), query, total_pages),
        }
    }
}

impl PageLinks {
    fn of(uri: &str, query: PageQuery, total_pages: u64) -> Self {
        let (path, filters) = uri.split_once('?').unwrap_or((uri, ""));
        // Not `pair.is_empty()`: that would be the one of poem-openapi's `Type`, which is always false here.
        let kept: Vec<&str> = filters
            .split('&')
            .filter(|pair| !str::is_empty(pair) && !pair.starts_with("page=") && !pair.starts_with("size="))
            .collect();
        let link = |page: u64| {
            let own = format!("page={page}&size={}", query.size);
            let all = kept.iter().copied().chain([own.as_str()]).collect::<Vec<_>>().join("&");
            format!("{path}?{all}")
        };
        Self {
            first: link(1),
            last: link(total_pages.max(1)),
            this: uri.to_owned(),
            next: (query.page < total_pages).then(|| link(query.page + 1)),
            prev: (query.page > 1).then(|| link(query.page - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PageLinks, PageQuery};

    #[test]
    fn links_keep_the_filters() {
        let links = PageLinks::of("/api/v1/x?title=a&size=1", PageQuery::new(None, Some(1)), 3);
        assert_eq!(links.first, "/api/v1/x?title=a&page=1&size=1");
        assert_eq!(links.last, "/api/v1/x?title=a&page=3&size=1");
        assert_eq!(links.this, "/api/v1/x?title=a&size=1");
        assert_eq!(links.next.as_deref(), Some("/api/v1/x?title=a&page=2&size=1"));
        assert_eq!(links.prev, None);
    }

    #[test]
    fn an_empty_list_has_one_page_to_link_to() {
        let links = PageLinks::of("/x", PageQuery::new(Some(1), None), 0);
        assert_eq!((links.last.as_str(), links.next), ("/x?page=1&size=20", None));
    }
}
