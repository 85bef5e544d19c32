//! Routes about data scopes.

use super::model::DataScope;
use super::service::{DataScopeError, DataScopeService};
use crate::admin::Clock;
use crate::admin::data_rule::api::DataRuleView;
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message, Page, PageQuery};
use crate::permissions;
use plugin_api::Id;
use poem::Request;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

permissions! {
    AddDataScope = "data:scope:add",
    EditDataScope = "data:scope:edit",
    EditDataScopeRule = "data:scope:rule:edit",
    DeleteDataScope = "data:scope:del",
}

/// `/sys/data-scopes`
pub struct DataScopeApi {
    scopes: DataScopeService,
    clock: Clock,
}

/// A data scope.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "DataScope")]
pub struct DataScopeView {
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

/// A data scope with its rules.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct DataScopeRules {
    /// The scope.
    #[oai(flatten)]
    pub scope: DataScopeView,
    /// Its rules.
    pub rules: Vec<DataRuleView>,
}

/// What is written to add or to change a data scope.
#[derive(Debug, Object)]
pub struct DataScopeForm {
    /// Unique.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub name: String,
    /// 1 enabled, 0 disabled.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub status: i32,
}

/// The rules that a data scope should have.
#[derive(Debug, Object)]
pub struct DataScopeRuleIds {
    /// Up to 1000 ids.
    #[oai(validator(max_items = 1000))]
    pub rules: Vec<Id>,
}

/// Which data scopes to delete.
#[derive(Debug, Object)]
pub struct DataScopeIds {
    /// Up to 1000 ids.
    #[oai(validator(max_items = 1000))]
    pub pks: Vec<Id>,
}

impl DataScopeView {
    /// A row, with its times in the clock's zone.
    pub fn of(scope: DataScope, clock: &Clock) -> Self {
        Self {
            name: scope.name,
            status: scope.status,
            id: scope.id.into(),
            created_time: clock.format(scope.created_time),
            updated_time: scope.updated_time.map(|time| clock.format(time)),
        }
    }
}

impl DataScopeApi {
    /// The routes over `scopes`.
    pub fn new(scopes: DataScopeService, clock: Clock) -> Self {
        Self { scopes, clock }
    }

    fn views(&self, scopes: Vec<DataScope>) -> Vec<DataScopeView> {
        scopes.into_iter().map(|scope| DataScopeView::of(scope, &self.clock)).collect()
    }
}

/// Data scopes
#[OpenApi]
impl DataScopeApi {
    /// Every data scope
    #[oai(path = "/sys/data-scopes/all", method = "get", operation_id = "get_all_data_scopes")]
    async fn all(&self, _caller: Caller) -> Result<Answer<Vec<DataScopeView>>, ApiError> {
        Ok(Answer::of(self.views(self.scopes.all().await.map_err(ApiError::internal)?)))
    }

    /// List data scopes
    #[oai(path = "/sys/data-scopes", method = "get", operation_id = "get_data_scopes")]
    async fn list(
        &self,
        _caller: Caller,
        request: &Request,
        /// A part of the name
        name: Query<Option<String>>,
        /// 1 enabled, 0 disabled
        status: Query<Option<i32>>,
        /// From 1
        #[oai(name = "page")]
        _page: Query<Option<u32>>,
        /// 1 to 200
        #[oai(name = "size")]
        _size: Query<Option<u32>>,
    ) -> Result<Answer<Page<DataScopeView>>, ApiError> {
        let uri = request.original_uri();
        let page = PageQuery::of(uri)?;
        let listed = self.scopes.page(name.0.as_deref(), status.0, page.limit(), page.offset()).await;
        let (scopes, total) = listed.map_err(ApiError::internal)?;
        Ok(Answer::of(page.answer(uri, self.views(scopes), total)))
    }

    /// Read a data scope
    #[oai(path = "/sys/data-scopes/:pk", method = "get", operation_id = "get_data_scope")]
    async fn read(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<DataScopeView>, ApiError> {
        Ok(Answer::of(DataScopeView::of(self.scopes.get(pk.0.get()).await?, &self.clock)))
    }

    /// Read a data scope with its rules
    #[oai(path = "/sys/data-scopes/:pk/rules", method = "get", operation_id = "get_data_scope_rules")]
    async fn rules(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<DataScopeRules>, ApiError> {
        let (scope, rules) = self.scopes.with_rules(pk.0.get()).await?;
        let rules = rules.into_iter().map(|rule| DataRuleView::of(rule, &self.clock)).collect();
        Ok(Answer::of(DataScopeRules { scope: DataScopeView::of(scope, &self.clock), rules }))
    }

    /// Add a data scope
    #[oai(path = "/sys/data-scopes", method = "post", operation_id = "create_data_scope")]
    async fn create(&self, _caller: Allowed<AddDataScope>, form: JsonBody<DataScopeForm>) -> Result<Done, ApiError> {
        self.scopes.create(&form.0.name, form.0.status).await?;
        Ok(Done::done())
    }

    /// Change a data scope
    #[oai(path = "/sys/data-scopes/:pk", method = "put", operation_id = "update_data_scope")]
    async fn update(
        &self,
        _caller: Allowed<EditDataScope>,
        pk: Path<Id>,
        form: JsonBody<DataScopeForm>,
    ) -> Result<Done, ApiError> {
        let rows = self.scopes.update(pk.0.get(), &form.0.name, form.0.status).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }

    /// Give a data scope these rules and no others
    #[oai(path = "/sys/data-scopes/:pk/rules", method = "put", operation_id = "update_data_scope_rules")]
    async fn set_rules(
        &self,
        _caller: Allowed<EditDataScopeRule>,
        pk: Path<Id>,
        ids: JsonBody<DataScopeRuleIds>,
    ) -> Result<Done, ApiError> {
        self.scopes.set_rules(pk.0.get(), &Id::all(ids.0.rules)).await?;
        Ok(Done::done())
    }

    /// Delete data scopes, also out of roles
    #[oai(path = "/sys/data-scopes", method = "delete", operation_id = "delete_data_scopes")]
    async fn delete(&self, _caller: Allowed<DeleteDataScope>, ids: JsonBody<DataScopeIds>) -> Result<Done, ApiError> {
        let rows = self.scopes.delete(&Id::all(ids.0.pks)).await.map_err(ApiError::internal)?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }
}

impl From<DataScopeError> for ApiError {
    fn from(error: DataScopeError) -> Self {
        match error {
            DataScopeError::Missing => {
                Self::not_found(Message::fixed("the data scope does not exist", "数据范围不存在"))
            }
            DataScopeError::NoRule => Self::not_found(Message::fixed("the data rule does not exist", "数据规则不存在")),
            DataScopeError::NameTaken => {
                Self::conflict(Message::fixed("another data scope has this name", "数据范围名称已存在"))
            }
            DataScopeError::Storage(error) => Self::internal(error),
        }
    }
}
