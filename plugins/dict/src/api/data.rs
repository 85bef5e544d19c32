//! The routes below `/sys/dict-datas`.

use super::Answer;
use crate::model::{DataDraft, DataFilter, DictData};
use crate::service::DataService;
use plugin_api::prelude::*;

/// The routes of dictionary entries.
pub(crate) struct DataApi {
    service: DataService,
}

/// What is written to add or to change a dictionary entry.
#[derive(Debug, Object)]
struct DictDataForm {
    /// The dictionary type
    type_id: Id,
    /// Up to 32 characters, unique within the type
    #[oai(validator(max_length = 32))]
    label: String,
    /// Up to 32 characters
    #[oai(validator(max_length = 32))]
    value: String,
    /// Up to 32 characters
    #[oai(validator(max_length = 32))]
    color: Option<String>,
    /// The place among its neighbours, ascending
    sort: i32,
    /// 0 disabled, 1 enabled
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    status: i32,
    remark: Option<String>,
}

/// A dictionary entry. The order of the fields is the order in answers.
#[derive(Debug, Object)]
struct DictDataDetail {
    type_id: Id,
    label: String,
    value: String,
    color: Option<String>,
    sort: i32,
    /// 0 disabled, 1 enabled
    status: i32,
    remark: Option<String>,
    id: Id,
    /// The code of its type
    type_code: String,
    /// `YYYY-MM-DD HH:MM:SS`
    created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`, null while it was never changed
    updated_time: Option<String>,
}

/// Which dictionary entries to delete.
#[derive(Debug, Object)]
struct DictDataIds {
    /// Up to 1000 ids
    #[oai(validator(max_items = 1000))]
    pks: Vec<Id>,
}

#[OpenApi]
impl DataApi {
    /// List every dictionary entry in its order
    #[oai(path = "/sys/dict-datas/all", method = "get")]
    async fn all(&self) -> Answer<Vec<DictDataDetail>> {
        let entries = self.service.all().await?;
        Ok(Envelope::of(self.details(entries)))
    }

    /// List the enabled entries of a type, the last in order first
    #[oai(path = "/sys/dict-datas/type-codes/:code", method = "get")]
    async fn enabled_of(&self, code: Path<String>) -> Answer<Vec<DictDataDetail>> {
        let entries = self.service.enabled_of(&code.0).await?;
        Ok(Envelope::of(self.details(entries)))
    }

    /// List dictionary entries in their order
    #[oai(path = "/sys/dict-datas", method = "get")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query string")]
    async fn list(
        &self,
        /// The whole code of the type
        type_code: Query<Option<String>>,
        /// A part of the label
        label: Query<Option<String>>,
        /// A part of the value
        value: Query<Option<String>>,
        /// 0 disabled, 1 enabled
        status: Query<Option<i32>>,
        /// The dictionary type
        type_id: Query<Option<Id>>,
        /// From 1
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u64>>,
        /// 1 to 200
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        size: Query<Option<u64>>,
        request: RequestInfo,
    ) -> Answer<Page<DictDataDetail>> {
        let filter = DataFilter {
            type_code: type_code.0,
            label: label.0,
            value: value.0,
            status: status.0,
            type_id: type_id.0.map(Id::get),
        };
        let page = PageQuery::new(page.0, size.0);
        let (entries, total) = self.service.page(&filter, page).await?;
        Ok(Envelope::of(Page::new(self.details(entries), total, page, &request)))
    }

    /// Read a dictionary entry
    #[oai(path = "/sys/dict-datas/:pk", method = "get")]
    async fn read(&self, pk: Path<Id>) -> Answer<DictDataDetail> {
        let entry = self.service.get(pk.0.get()).await?;
        Ok(Envelope::of(self.detail(entry)))
    }

    /// Add a dictionary entry
    #[oai(path = "/sys/dict-datas", method = "post")]
    async fn create(&self, form: Json<DictDataForm>) -> Answer<bool> {
        self.service.create(form.0.into()).await?;
        Ok(Envelope::done())
    }

    /// Change a dictionary entry
    #[oai(path = "/sys/dict-datas/:pk", method = "put")]
    async fn update(&self, pk: Path<Id>, form: Json<DictDataForm>) -> Answer<bool> {
        let rows = self.service.update(pk.0.get(), form.0.into()).await?;
        Ok(Envelope::changed(rows))
    }

    /// Delete dictionary entries
    #[oai(path = "/sys/dict-datas", method = "delete")]
    async fn delete(&self, ids: Json<DictDataIds>) -> Answer<bool> {
        let rows = self.service.delete(&Id::all(ids.0.pks)).await?;
        Ok(Envelope::changed(rows))
    }
}

impl DataApi {
    pub(crate) fn new(service: DataService) -> Self {
        Self { service }
    }

    fn details(&self, entries: Vec<DictData>) -> Vec<DictDataDetail> {
        entries.into_iter().map(|entry| self.detail(entry)).collect()
    }

    fn detail(&self, entry: DictData) -> DictDataDetail {
        DictDataDetail {
            type_id: entry.type_id.into(),
            label: entry.label,
            value: entry.value,
            color: entry.color,
            sort: entry.sort,
            status: entry.status,
            remark: entry.remark,
            id: entry.id.into(),
            type_code: entry.type_code,
            created_time: self.service.shown_time(entry.created_time),
            updated_time: entry.updated_time.map(|time| self.service.shown_time(time)),
        }
    }
}

impl From<DictDataForm> for DataDraft {
    fn from(form: DictDataForm) -> Self {
        Self {
            type_id: form.type_id.into(),
            label: form.label,
            value: form.value,
            color: form.color,
            sort: form.sort,
            status: form.status,
            remark: form.remark,
        }
    }
}
