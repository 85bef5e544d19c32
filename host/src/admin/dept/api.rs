//! Routes about departments.

use super::model::{Dept, Draft, Search};
use super::service::{DeptError, DeptService};
use crate::admin::Clock;
use crate::admin::tree::Node;
use crate::http::validation::{self, FieldError, Part};
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message};
use crate::permissions;
use plugin_api::Id;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

permissions! {
    AddDept = "sys:dept:add",
    EditDept = "sys:dept:edit",
    DeleteDept = "sys:dept:del",
}

/// `/sys/depts`
pub struct DeptApi {
    depts: DeptService,
    clock: Clock,
}

/// A department.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Dept")]
pub struct DeptView {
    /// Unique.
    pub name: String,
    /// The department above.
    pub parent_id: Option<Id>,
    /// Ascending.
    pub sort: i64,
    /// Who heads it.
    pub leader: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// The key.
    pub id: Id,
    /// Always false: deleted ones are not shown.
    pub del_flag: bool,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

/// A department with those below it.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "DeptTree")]
pub struct DeptNode {
    /// The department.
    #[oai(flatten)]
    pub dept: DeptView,
    /// Those below; null if there is none.
    pub children: Option<Vec<DeptNode>>,
}

/// What is written to add or to change a department.
#[derive(Debug, Object)]
pub struct DeptForm {
    /// Unique.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub name: String,
    /// The department above.
    pub parent_id: Option<Id>,
    /// Ascending, from 0.
    #[oai(validator(minimum(value = "0")))]
    pub sort: Option<i32>,
    /// Who heads it.
    #[oai(validator(max_length = 32))]
    pub leader: Option<String>,
    /// A Chinese mobile number.
    #[oai(validator(max_length = 11))]
    pub phone: Option<String>,
    /// An e-mail address.
    #[oai(validator(max_length = 64))]
    pub email: Option<String>,
    /// 1 enabled, 0 disabled.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub status: i32,
}

impl DeptView {
    /// A row, with its times in the clock's zone.
    pub fn of(dept: Dept, clock: &Clock) -> Self {
        Self {
            name: dept.name,
            parent_id: dept.parent_id.map(Id::from),
            sort: dept.sort,
            leader: dept.leader,
            phone: dept.phone,
            email: dept.email,
            status: dept.status,
            id: dept.id.into(),
            del_flag: dept.del_flag,
            created_time: clock.format(dept.created_time),
            updated_time: dept.updated_time.map(|time| clock.format(time)),
        }
    }
}

impl DeptNode {
    fn of(node: Node<Dept>, clock: &Clock) -> Self {
        let children: Vec<Self> = node.children.into_iter().map(|child| Self::of(child, clock)).collect();
        Self { dept: DeptView::of(node.item, clock), children: (!children.is_empty()).then_some(children) }
    }
}

impl DeptApi {
    /// The routes over `depts`.
    pub fn new(depts: DeptService, clock: Clock) -> Self {
        Self { depts, clock }
    }
}

/// Departments
#[OpenApi]
impl DeptApi {
    /// The departments that the user who asks may see, as a tree
    #[oai(path = "/sys/depts", method = "get", operation_id = "get_depts")]
    async fn tree(
        &self,
        caller: Caller,
        /// A part of the name
        name: Query<Option<String>>,
        /// A part of the head's name
        leader: Query<Option<String>>,
        /// The beginning of the telephone number
        phone: Query<Option<String>>,
        /// 1 enabled, 0 disabled
        status: Query<Option<i32>>,
    ) -> Result<Answer<Vec<DeptNode>>, ApiError> {
        let search = Search { name: name.0, leader: leader.0, phone: phone.0, status: status.0 };
        let nodes = self.depts.tree(&caller.0, &search).await.map_err(ApiError::internal)?;
        Ok(Answer::of(nodes.into_iter().map(|node| DeptNode::of(node, &self.clock)).collect()))
    }

    /// Read a department
    #[oai(path = "/sys/depts/:pk", method = "get", operation_id = "get_dept")]
    async fn read(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<DeptView>, ApiError> {
        Ok(Answer::of(DeptView::of(self.depts.get(pk.0.get()).await?, &self.clock)))
    }

    /// Add a department
    #[oai(path = "/sys/depts", method = "post", operation_id = "create_dept")]
    async fn create(&self, _caller: Allowed<AddDept>, form: JsonBody<DeptForm>) -> Result<Done, ApiError> {
        self.depts.create(&draft(form.0)?).await?;
        Ok(Done::done())
    }

    /// Change a department
    #[oai(path = "/sys/depts/:pk", method = "put", operation_id = "update_dept")]
    async fn update(
        &self,
        _caller: Allowed<EditDept>,
        pk: Path<Id>,
        form: JsonBody<DeptForm>,
    ) -> Result<Done, ApiError> {
        let rows = self.depts.update(pk.0.get(), &draft(form.0)?).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }

    /// Delete a department; its row is kept
    #[oai(path = "/sys/depts/:pk", method = "delete", operation_id = "delete_dept")]
    async fn delete(&self, _caller: Allowed<DeleteDept>, pk: Path<Id>) -> Result<Done, ApiError> {
        let rows = self.depts.delete(pk.0.get()).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }
}

/// What is empty is not there.
fn draft(form: DeptForm) -> Result<Draft, ApiError> {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (phone, email) = (filled(form.phone), filled(form.email));
    if phone.as_deref().is_some_and(|phone| !is_mobile(phone)) {
        return Err(invalid("phone", Message::fixed("should be a Chinese mobile number", "应为有效的手机号")));
    }
    if email.as_deref().is_some_and(|email| !is_address(email)) {
        return Err(invalid("email", Message::fixed("should be an e-mail address", "应为有效的邮箱地址")));
    }
    Ok(Draft {
        name: form.name,
        parent_id: form.parent_id.map(Id::get),
        sort: form.sort.unwrap_or(0),
        leader: filled(form.leader),
        phone,
        email,
        status: form.status,
    })
}

/// `1[3-9]` and nine digits.
fn is_mobile(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 11
        && bytes[0] == b'1'
        && matches!(bytes[1], b'3'..=b'9')
        && bytes.iter().all(|byte| byte.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    let dotted = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    !local.is_empty()
        && domain.contains('.')
        && local.chars().all(plain)
        && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && dotted(local)
        && dotted(domain)
}

fn invalid(field: &str, message: Message) -> ApiError {
    validation::invalid(&[FieldError::new("value_error", Part::Body, vec![field.to_owned()], message)])
}

impl From<DeptError> for ApiError {
    fn from(error: DeptError) -> Self {
        match error {
            DeptError::Missing => Self::not_found(Message::fixed("the department does not exist", "部门不存在")),
            DeptError::NoParent => {
                Self::not_found(Message::fixed("the department above does not exist", "父级部门不存在"))
            }
            DeptError::OwnParent => {
                Self::forbidden(Message::fixed("a department can't stand below itself", "禁止关联自身为父级"))
            }
            DeptError::Circle => Self::forbidden(Message::fixed(
                "a department can't stand below one of its own, nor deeper than 64 levels",
                "禁止关联下级部门为父级，且层级不能超过 64",
            )),
            DeptError::NameTaken => {
                Self::conflict(Message::fixed("another department has this name", "部门名称已存在"))
            }
            DeptError::HasChildren => Self::conflict(Message::fixed(
                "the department has departments below it; delete or move them first",
                "部门下存在子部门，无法删除",
            )),
            DeptError::HasUsers => Self::conflict(Message::fixed(
                "users belong to the department; move them first",
                "部门下存在用户，无法删除",
            )),
            DeptError::Storage(error) => Self::internal(error),
        }
    }
}
