//! The routes below `/sys/dict-types`.

use super::Answer;
use crate::model::{DictType, TypeDraft, TypeFilter};
use crate::service::TypeService;
use plugin_api::prelude::*;

/// The routes of dictionary types.
pub(crate) struct TypeApi {
    service: TypeService,
}

/// What is written to add or to change a dictionary type.
#[derive(Debug, Object)]
struct DictTypeForm {
    /// Up to 32 characters
    #[oai(validator(max_length = 32))]
    name: String,
    /// Up to 32 characters, unique
    #[oai(validator(max_length = 32))]
    code: String,
    remark: Option<String>,
}

/// A dictionary type. The order of the fields is the order in answers.
#[derive(Debug, Object)]
struct DictTypeDetail {
    name: String,
    code: String,
    remark: Option<String>,
    id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`, null while it was never changed
    updated_time: Option<String>,
}

/// Which dictionary types to delete.
#[derive(Debug, Object)]
struct DictTypeIds {
    /// Up to 1000 ids
    #[oai(validator(max_items = 1000))]
    pks: Vec<Id>,
}

#[OpenApi]
impl TypeApi {
    /// List every dictionary type, the latest first
    #[oai(path = "/sys/dict-types/all", method = "get")]
    async fn all(&self) -> Answer<Vec<DictTypeDetail>> {
        let types = self.service.all().await?;
        Ok(Envelope::of(types.into_iter().map(|one| self.detail(one)).collect()))
    }

    /// List dictionary types, the latest first
    #[oai(path = "/sys/dict-types", method = "get")]
    async fn list(
        &self,
        /// A part of the name
        name: Query<Option<String>>,
        /// A part of the code
        code: Query<Option<String>>,
        /// From 1
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u64>>,
        /// 1 to 200
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        size: Query<Option<u64>>,
        request: RequestInfo,
    ) -> Answer<Page<DictTypeDetail>> {
        let filter = TypeFilter { name: name.0, code: code.0 };
        let page = PageQuery::new(page.0, size.0);
        let (types, total) = self.service.page(&filter, page).await?;
        let items = types.into_iter().map(|one| self.detail(one)).collect();
        Ok(Envelope::of(Page::new(items, total, page, &request)))
    }

    /// Read a dictionary type
    #[oai(path = "/sys/dict-types/:pk", method = "get")]
    async fn read(&self, pk: Path<Id>) -> Answer<DictTypeDetail> {
        let found = self.service.get(pk.0.get()).await?;
        Ok(Envelope::of(self.detail(found)))
    }

    /// Add a dictionary type
    #[oai(path = "/sys/dict-types", method = "post")]
    async fn create(&self, form: Json<DictTypeForm>) -> Answer<bool> {
        self.service.create(form.0.into()).await?;
        Ok(Envelope::done())
    }

    /// Change a dictionary type; its entries follow its code
    #[oai(path = "/sys/dict-types/:pk", method = "put")]
    async fn update(&self, pk: Path<Id>, form: Json<DictTypeForm>) -> Answer<bool> {
        let rows = self.service.update(pk.0.get(), form.0.into()).await?;
        Ok(Envelope::changed(rows))
    }

    /// Delete dictionary types with their entries
    #[oai(path = "/sys/dict-types", method = "delete")]
    async fn delete(&self, ids: Json<DictTypeIds>) -> Answer<bool> {
        let rows = self.service.delete(&Id::all(ids.0.pks)).await?;
        Ok(Envelope::changed(rows))
    }
}

impl TypeApi {
    pub(crate) fn new(service: TypeService) -> Self {
        Self { service }
    }

    fn detail(&self, one: DictType) -> DictTypeDetail {
        DictTypeDetail {
            name: one.name,
            code: one.code,
            remark: one.remark,
            id: one.id.into(),
            created_time: self.service.shown_time(one.created_time),
            updated_time: one.updated_time.map(|time| self.service.shown_time(time)),
        }
    }
}

impl From<DictTypeForm> for TypeDraft {
    fn from(form: DictTypeForm) -> Self {
        Self { name: form.name, code: form.code, remark: form.remark }
    }
}
