//! The routes, and what they take and give.

use crate::model::{Change, Config, Draft, Filter};
use crate::service::ConfigService;
use plugin_api::poem_openapi::Union;
use plugin_api::prelude::*;

/// How many parameters one request may change or delete.
const ROWS_MAX: usize = 1000;

/// The routes below `/sys/configs`.
pub(crate) struct Api {
    service: ConfigService,
}

/// What is written to add or to change a parameter.
#[derive(Debug, Object)]
struct ConfigForm {
    /// Up to 32 characters
    #[oai(validator(max_length = 32))]
    name: String,
    /// The group, up to 32 characters
    #[oai(rename = "type", validator(max_length = 32))]
    kind: Option<String>,
    /// Up to 64 characters, unique
    #[oai(validator(max_length = 64))]
    key: String,
    /// A number is taken as its text
    value: String,
    /// Meant for the front end, not for the server
    is_frontend: bool,
    remark: Option<String>,
}

/// What is written to change one of several parameters.
#[derive(Debug, Object)]
struct ConfigRowForm {
    id: Id,
    #[oai(flatten)]
    form: ConfigForm,
}

/// A parameter. The order of the fields is the order in answers.
#[derive(Debug, Object)]
struct ConfigDetail {
    name: String,
    /// The group
    #[oai(rename = "type")]
    kind: Option<String>,
    key: String,
    value: String,
    /// Meant for the front end, not for the server
    is_frontend: bool,
    remark: Option<String>,
    id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`, null while it was never changed
    updated_time: Option<String>,
}

/// Which parameters to delete, up to 1000: a bare list, or as other routes take it.
#[derive(Debug, Union)]
enum ConfigIds {
    List(Vec<Id>),
    Named(NamedIds),
}

/// Which parameters to delete.
#[derive(Debug, Object)]
struct NamedIds {
    /// Up to 1000 ids
    pks: Vec<Id>,
}

type Answer<T> = Result<Json<Envelope<T>>, ApiError>;

#[OpenApi]
impl Api {
    /// List every parameter of a type, or every one
    #[oai(path = "/sys/configs/all", method = "get")]
    async fn all(
        &self,
        /// The whole type
        #[oai(name = "type")]
        kind: Query<Option<String>>,
    ) -> Answer<Vec<ConfigDetail>> {
        let kind = kind.0.filter(|kind| !kind.is_empty());
        let configs = self.service.all(kind.as_deref()).await?;
        Ok(Envelope::of(self.details(configs)))
    }

    /// List parameters, newest first
    #[oai(path = "/sys/configs", method = "get")]
    async fn list(
        &self,
        /// A part of the name
        name: Query<Option<String>>,
        /// A part of the type
        #[oai(name = "type")]
        kind: Query<Option<String>>,
        /// From 1
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u64>>,
        /// 1 to 200
        #[oai(validator(minimum(value = "1"), maximum(value = "200")))]
        size: Query<Option<u64>>,
        request: RequestInfo,
    ) -> Answer<Page<ConfigDetail>> {
        let filter = Filter { name: name.0, kind: kind.0 };
        let page = PageQuery::new(page.0, size.0);
        let (configs, total) = self.service.page(&filter, page).await?;
        Ok(Envelope::of(Page::new(self.details(configs), total, page, &request)))
    }

    /// Read a parameter
    #[oai(path = "/sys/configs/:pk", method = "get")]
    async fn read(&self, pk: Path<Id>) -> Answer<ConfigDetail> {
        let config = self.service.get(pk.0.get()).await?;
        Ok(Envelope::of(self.detail(config)))
    }

    /// Add a parameter
    #[oai(path = "/sys/configs", method = "post")]
    async fn create(&self, form: Json<ConfigForm>) -> Answer<bool> {
        self.service.create(form.0.into()).await?;
        Ok(Envelope::done())
    }

    /// Change several parameters, all or none
    #[oai(path = "/sys/configs", method = "put")]
    async fn update_all(&self, forms: Json<Vec<ConfigRowForm>>) -> Answer<bool> {
        refuse_too_many(forms.0.len())?;
        let changes = forms.0.into_iter().map(Change::from).collect();
        let rows = self.service.update_all(changes).await?;
        Ok(Envelope::changed(rows))
    }

    /// Change a parameter
    #[oai(path = "/sys/configs/:pk", method = "put")]
    async fn update(&self, pk: Path<Id>, form: Json<ConfigForm>) -> Answer<bool> {
        let rows = self.service.update(pk.0.get(), form.0.into()).await?;
        Ok(Envelope::changed(rows))
    }

    /// Delete parameters
    #[oai(path = "/sys/configs", method = "delete")]
    async fn delete(&self, ids: Json<ConfigIds>) -> Answer<bool> {
        let ids = match ids.0 {
            ConfigIds::List(ids) | ConfigIds::Named(NamedIds { pks: ids }) => ids,
        };
        refuse_too_many(ids.len())?;
        let rows = self.service.delete(&Id::all(ids)).await?;
        Ok(Envelope::changed(rows))
    }
}

impl Api {
    pub(crate) fn new(service: ConfigService) -> Self {
        Self { service }
    }

    fn details(&self, configs: Vec<Config>) -> Vec<ConfigDetail> {
        configs.into_iter().map(|config| self.detail(config)).collect()
    }

    fn detail(&self, config: Config) -> ConfigDetail {
        ConfigDetail {
            name: config.name,
            kind: config.kind,
            key: config.key,
            value: config.value,
            is_frontend: config.is_frontend,
            remark: config.remark,
            id: config.id.into(),
            created_time: self.service.shown_time(config.created_time),
            updated_time: config.updated_time.map(|time| self.service.shown_time(time)),
        }
    }
}

/// A bare list has no validator of its own.
fn refuse_too_many(rows: usize) -> Result<(), ApiError> {
    if rows <= ROWS_MAX {
        return Ok(());
    }
    Err(ApiError::invalid(format!("List should have at most {ROWS_MAX} items"), format!("列表最多包含 {ROWS_MAX} 项")))
}

impl From<ConfigForm> for Draft {
    fn from(form: ConfigForm) -> Self {
        Self {
            name: form.name,
            kind: form.kind,
            key: form.key,
            value: form.value,
            is_frontend: form.is_frontend,
            remark: form.remark,
        }
    }
}

impl From<ConfigRowForm> for Change {
    fn from(form: ConfigRowForm) -> Self {
        Self { id: form.id.get(), draft: form.form.into() }
    }
}
