//! The routes, and what they take and give.

use crate::model::{Draft, Filter, Notice};
use crate::service::NoticeService;
use plugin_api::prelude::*;

/// The routes below `/sys/notices`.
pub(crate) struct Api {
    service: NoticeService,
}

/// What is written to add or to change a notice.
#[derive(Debug, Object)]
struct NoticeForm {
    /// Up to 64 characters | 最多 64 个字符
    #[oai(validator(max_length = 64))]
    title: String,
    /// 0 notice, 1 announcement | 0 通知, 1 公告
    #[oai(rename = "type", validator(minimum(value = "0"), maximum(value = "1")))]
    kind: i32,
    /// 0 hidden, 1 shown | 0 隐藏, 1 显示
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    status: i32,
    /// Content | 内容
    ///
    /// Markdown
    content: String,
}

/// A notice. The order of the fields is the order in answers.
#[derive(Debug, Object)]
struct NoticeDetail {
    title: String,
    /// 0 notice, 1 announcement | 0 通知, 1 公告
    #[oai(rename = "type")]
    kind: i32,
    /// 0 hidden, 1 shown | 0 隐藏, 1 显示
    status: i32,
    /// Content | 内容
    ///
    /// Markdown
    content: String,
    id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`, null while it was never changed
    updated_time: Option<String>,
}

/// Which notices to delete.
#[derive(Debug, Object)]
struct NoticeIds {
    /// Up to 1000 ids
    #[oai(validator(max_items = 1000))]
    pks: Vec<Id>,
}

type Answer<T> = Result<Json<Envelope<T>>, ApiError>;

#[OpenApi]
impl Api {
    /// List notices, newest first
    #[oai(path = "/sys/notices", method = "get")]
    async fn list(
        &self,
        /// A part of the title
        title: Query<Option<String>>,
        /// 0 notice, 1 announcement | 0 通知, 1 公告
        #[oai(name = "type")]
        kind: Query<Option<i32>>,
        /// 0 hidden, 1 shown | 0 隐藏, 1 显示
        status: Query<Option<i32>>,
        /// From 1
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u64>>,
        /// 1 to 200
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        size: Query<Option<u64>>,
        request: RequestInfo,
    ) -> Answer<Page<NoticeDetail>> {
        let filter = Filter { title: title.0, kind: kind.0, status: status.0 };
        let page = PageQuery::new(page.0, size.0);
        let (notices, total) = self.service.page(&request, &filter, page).await?;
        let items = notices.into_iter().map(|notice| self.detail(notice)).collect();
        Ok(Envelope::of(Page::new(items, total, page, &request)))
    }

    /// Read a notice
    #[oai(path = "/sys/notices/:pk", method = "get")]
    async fn read(&self, pk: Path<Id>, request: RequestInfo) -> Answer<NoticeDetail> {
        let notice = self.service.get(&request, pk.0.get()).await?;
        Ok(Envelope::of(self.detail(notice)))
    }

    /// Add a notice
    #[oai(path = "/sys/notices", method = "post")]
    async fn create(&self, form: Json<NoticeForm>, request: RequestInfo) -> Answer<bool> {
        self.service.create(&request, form.0.into()).await?;
        Ok(Envelope::done())
    }

    /// Change a notice
    #[oai(path = "/sys/notices/:pk", method = "put")]
    async fn update(&self, pk: Path<Id>, form: Json<NoticeForm>) -> Answer<bool> {
        let rows = self.service.update(pk.0.get(), form.0.into()).await?;
        Ok(Envelope::changed(rows))
    }

    /// Delete notices
    #[oai(path = "/sys/notices", method = "delete")]
    async fn delete(&self, ids: Json<NoticeIds>) -> Answer<bool> {
        let rows = self.service.delete(&Id::all(ids.0.pks)).await?;
        Ok(Envelope::changed(rows))
    }
}

impl Api {
    pub(crate) fn new(service: NoticeService) -> Self {
        Self { service }
    }

    fn detail(&self, notice: Notice) -> NoticeDetail {
        NoticeDetail {
            title: notice.title,
            kind: notice.kind,
            status: notice.status,
            content: notice.content,
            id: notice.id.into(),
            created_time: self.service.shown_time(notice.created_time),
            updated_time: notice.updated_time.map(|time| self.service.shown_time(time)),
        }
    }
}

impl From<NoticeForm> for Draft {
    fn from(form: NoticeForm) -> Self {
        Self { title: form.title, kind: form.kind, status: form.status, content: form.content }
    }
}
