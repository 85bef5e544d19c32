//! Routes about data rules.

use super::model::{DataRule, Draft};
use super::operand::{OperandError, Variable};
use super::service::{DataRuleError, DataRuleService};
use crate::admin::Clock;
use crate::http::validation::{self, FieldError, Part};
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message, Page, PageQuery, context};
use crate::permissions;
use plugin_api::Id;
use plugin_api::descriptor::DataColumn;
use poem::Request;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

permissions! {
    AddDataRule = "data:rule:add",
    EditDataRule = "data:rule:edit",
    DeleteDataRule = "data:rule:del",
}

/// `/sys/data-rules`
pub struct DataRuleApi {
    rules: DataRuleService,
    clock: Clock,
}

/// A data rule.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "DataRule")]
pub struct DataRuleView {
    /// Unique.
    pub name: String,
    /// A model's name, or `__ALL__`.
    pub model: String,
    /// The column's name.
    pub column: String,
    /// 0 AND, 1 OR.
    pub operator: i32,
    /// 0 ==, 1 !=, 2 >, 3 >=, 4 <, 5 <=, 6 in, 7 not in.
    pub expression: i32,
    /// What the column is compared with.
    pub value: String,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

/// What is written to add or to change a data rule.
#[derive(Debug, Object)]
pub struct DataRuleForm {
    /// Unique.
    #[oai(validator(min_length = 1, max_length = 512))]
    pub name: String,
    /// A model's name, or `__ALL__`.
    #[oai(validator(max_length = 64))]
    pub model: String,
    /// A column's name.
    #[oai(validator(max_length = 32))]
    pub column: String,
    /// 0 AND, 1 OR.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub operator: i32,
    /// 0 ==, 1 !=, 2 >, 3 >=, 4 <, 5 <=, 6 in, 7 not in.
    #[oai(validator(minimum(value = "0"), maximum(value = "7")))]
    pub expression: i32,
    /// What the column is compared with; several values are separated by commas.
    #[oai(validator(max_length = 256))]
    pub value: String,
}

/// Which data rules to delete.
#[derive(Debug, Object)]
pub struct DataRuleIds {
    /// Up to 1000 ids.
    #[oai(validator(max_items = 1000))]
    pub pks: Vec<Id>,
}

/// Something that rules may name.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct DataRuleName {
    /// As rules write it.
    pub key: String,
    /// For people.
    pub comment: Option<String>,
}

impl DataRuleView {
    /// A row, with its times in the clock's zone.
    pub fn of(rule: DataRule, clock: &Clock) -> Self {
        Self {
            name: rule.name,
            model: rule.model,
            column: rule.column,
            operator: rule.operator,
            expression: rule.expression,
            value: rule.value,
            id: rule.id.into(),
            created_time: clock.format(rule.created_time),
            updated_time: rule.updated_time.map(|time| clock.format(time)),
        }
    }
}

impl DataRuleName {
    fn of(key: &str, [english, chinese]: [&str; 2]) -> Self {
        let comment = Message::new(english.to_owned(), chinese.to_owned());
        Self { key: key.to_owned(), comment: Some(comment.text(context::language()).to_owned()) }
    }
}

impl DataRuleApi {
    /// The routes over `rules`.
    pub fn new(rules: DataRuleService, clock: Clock) -> Self {
        Self { rules, clock }
    }

    fn views(&self, rules: Vec<DataRule>) -> Vec<DataRuleView> {
        rules.into_iter().map(|rule| DataRuleView::of(rule, &self.clock)).collect()
    }
}

/// Data rules
#[OpenApi]
impl DataRuleApi {
    /// The models that rules may speak of
    #[oai(path = "/sys/data-rules/models", method = "get", operation_id = "get_data_rule_models")]
    async fn models(&self, _caller: Caller) -> Result<Answer<Vec<String>>, ApiError> {
        Ok(Answer::of(self.rules.models().names()))
    }

    /// The columns of a model that rules may compare
    #[oai(path = "/sys/data-rules/models/:model/columns", method = "get", operation_id = "get_data_rule_columns")]
    async fn columns(&self, _caller: Caller, model: Path<String>) -> Result<Answer<Vec<DataRuleName>>, ApiError> {
        let columns = self.rules.models().columns(&model.0).ok_or(DataRuleError::NoModel)?;
        let name = |column: &DataColumn| DataRuleName::of(&column.name, [&column.english, &column.chinese]);
        Ok(Answer::of(columns.iter().map(name).collect()))
    }

    /// The variables that values may hold
    #[oai(path = "/sys/data-rules/value-template-variables", method = "get", operation_id = "get_data_rule_variables")]
    async fn variables(&self, _caller: Caller) -> Result<Answer<Vec<DataRuleName>>, ApiError> {
        let name = |variable: Variable| DataRuleName::of(variable.key(), variable.comment());
        Ok(Answer::of(Variable::ALL.into_iter().map(name).collect()))
    }

    /// Every data rule
    #[oai(path = "/sys/data-rules/all", method = "get", operation_id = "get_all_data_rules")]
    async fn all(&self, _caller: Caller) -> Result<Answer<Vec<DataRuleView>>, ApiError> {
        Ok(Answer::of(self.views(self.rules.all().await.map_err(ApiError::internal)?)))
    }

    /// List data rules
    #[oai(path = "/sys/data-rules", method = "get", operation_id = "get_data_rules")]
    async fn list(
        &self,
        _caller: Caller,
        request: &Request,
        /// A part of the name
        name: Query<Option<String>>,
        /// From 1
        #[oai(name = "page")]
        _page: Query<Option<u32>>,
        /// 1 to 200
        #[oai(name = "size")]
        _size: Query<Option<u32>>,
    ) -> Result<Answer<Page<DataRuleView>>, ApiError> {
        let uri = request.original_uri();
        let page = PageQuery::of(uri)?;
        let listed = self.rules.page(name.0.as_deref(), page.limit(), page.offset()).await;
        let (rules, total) = listed.map_err(ApiError::internal)?;
        Ok(Answer::of(page.answer(uri, self.views(rules), total)))
    }

    /// Read a data rule
    #[oai(path = "/sys/data-rules/:pk", method = "get", operation_id = "get_data_rule")]
    async fn read(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<DataRuleView>, ApiError> {
        Ok(Answer::of(DataRuleView::of(self.rules.get(pk.0.get()).await?, &self.clock)))
    }

    /// Add a data rule
    #[oai(path = "/sys/data-rules", method = "post", operation_id = "create_data_rule")]
    async fn create(&self, _caller: Allowed<AddDataRule>, form: JsonBody<DataRuleForm>) -> Result<Done, ApiError> {
        self.rules.create(&form.0.into()).await?;
        Ok(Done::done())
    }

    /// Change a data rule
    #[oai(path = "/sys/data-rules/:pk", method = "put", operation_id = "update_data_rule")]
    async fn update(
        &self,
        _caller: Allowed<EditDataRule>,
        pk: Path<Id>,
        form: JsonBody<DataRuleForm>,
    ) -> Result<Done, ApiError> {
        let rows = self.rules.update(pk.0.get(), &form.0.into()).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }

    /// Delete data rules, also out of data scopes
    #[oai(path = "/sys/data-rules", method = "delete", operation_id = "delete_data_rules")]
    async fn delete(&self, _caller: Allowed<DeleteDataRule>, ids: JsonBody<DataRuleIds>) -> Result<Done, ApiError> {
        let rows = self.rules.delete(&Id::all(ids.0.pks)).await.map_err(ApiError::internal)?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }
}

impl From<DataRuleForm> for Draft {
    fn from(form: DataRuleForm) -> Self {
        Self {
            name: form.name,
            model: form.model,
            column: form.column,
            operator: form.operator,
            expression: form.expression,
            value: form.value,
        }
    }
}

impl From<DataRuleError> for ApiError {
    fn from(error: DataRuleError) -> Self {
        match error {
            DataRuleError::Missing => Self::not_found(Message::fixed("the data rule does not exist", "数据规则不存在")),
            DataRuleError::NoModel => {
                Self::not_found(Message::fixed("no model of this name is open to data rules", "数据规则可用模型不存在"))
            }
            DataRuleError::NameTaken => {
                Self::conflict(Message::fixed("another data rule has this name", "数据规则名称已存在"))
            }
            DataRuleError::NoColumn => {
                invalid("column", Message::fixed("is no column of the model", "不是该模型的可用字段"))
            }
            DataRuleError::Value(error) => invalid("value", unfit(error)),
            DataRuleError::Storage(error) => Self::internal(error),
        }
    }
}

fn invalid(field: &str, message: Message) -> ApiError {
    validation::invalid(&[FieldError::new("value_error", Part::Body, vec![field.to_owned()], message)])
}

fn unfit(error: OperandError) -> Message {
    match error {
        OperandError::UnknownVariable => Message::fixed(
            "may hold ${user_id}, ${dept_id} or ${now}, each alone",
            "只支持单独使用 ${user_id}、${dept_id} 或 ${now}",
        ),
        OperandError::WrongVariable => {
            Message::fixed("is a variable of another kind than the column", "模板变量与字段类型不符")
        }
        OperandError::WrongKind => Message::fixed("is no value of the column's kind", "与字段类型不符"),
        OperandError::Empty => Message::fixed("should list at least one value", "至少需要一个值"),
    }
}
