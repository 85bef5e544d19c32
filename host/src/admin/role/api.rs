//! Routes about roles.

mod view;

pub use view::{RoleDetailView, RoleMenuNode, RoleMenuView, RoleScopeRuleView, RoleScopeView, RoleView};

use super::model::{RoleDraft, RoleFilter};
use super::service::{RoleError, RoleService};
use crate::admin::Clock;
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message, Page, PageQuery};
use crate::permissions;
use plugin_api::Id;
use poem::Request;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};

permissions! {
    AddRole = "sys:role:add",
    EditRole = "sys:role:edit",
    EditRoleMenu = "sys:role:menu:edit",
    EditRoleScope = "sys:role:scope:edit",
    DeleteRole = "sys:role:del",
}

/// `/sys/roles`
pub struct RoleApi {
    roles: RoleService,
    clock: Clock,
}

/// What is written of a role.
#[derive(Debug, Object)]
pub struct RoleForm {
    /// Unique
    #[oai(validator(min_length = 1, max_length = 32))]
    pub name: String,
    /// 1 enabled, 0 disabled
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub status: i32,
    /// Members see only the rows that the role's data scopes show; true unless it is said
    pub is_filter_scopes: Option<bool>,
    /// For administrators
    #[oai(validator(max_length = 10000))]
    pub remark: MaybeUndefined<String>,
}

/// The menu entries that a role shall have.
#[derive(Debug, Object)]
pub struct RoleMenuForm {
    /// Their ids
    #[oai(validator(max_items = 10000))]
    pub menus: Vec<Id>,
}

/// The data scopes that a role shall have.
#[derive(Debug, Object)]
pub struct RoleScopeForm {
    /// Their ids
    #[oai(validator(max_items = 10000))]
    pub scopes: Vec<Id>,
}

/// Which roles to delete.
#[derive(Debug, Object)]
pub struct RoleIds {
    /// Up to 1000 ids
    #[oai(validator(max_items = 1000))]
    pub pks: Vec<Id>,
}

impl RoleApi {
    /// The routes over `roles`.
    pub fn new(roles: RoleService, clock: Clock) -> Self {
        Self { roles, clock }
    }
}

/// Roles
#[OpenApi]
impl RoleApi {
    /// Every role
    #[oai(path = "/sys/roles/all", method = "get", operation_id = "get_all_roles")]
    async fn all(&self, _caller: Caller) -> Result<Answer<Vec<RoleView>>, ApiError> {
        let roles = self.roles.all().await?;
        Ok(Answer::of(roles.into_iter().map(|role| RoleView::of(role, &self.clock)).collect()))
    }

    /// List roles
    #[oai(path = "/sys/roles", method = "get", operation_id = "list_roles")]
    async fn list(
        &self,
        _caller: Caller,
        /// A part of the name
        #[oai(validator(max_length = 32))]
        name: Query<Option<String>>,
        /// 1 enabled, 0 disabled
        status: Query<Option<i32>>,
        /// From 1
        #[oai(name = "page")]
        _page: Query<Option<i64>>,
        /// 1 to 200
        #[oai(name = "size")]
        _size: Query<Option<i64>>,
        request: &Request,
    ) -> Result<Answer<Page<RoleView>>, ApiError> {
        let uri = request.original_uri();
        let page = PageQuery::of(uri)?;
        let filter = RoleFilter { name: name.0, status: status.0 };
        let (roles, total) =
            self.roles.page(&filter, page.limit().unsigned_abs(), page.offset().unsigned_abs()).await?;
        let roles = roles.into_iter().map(|role| RoleView::of(role, &self.clock)).collect();
        Ok(Answer::of(page.answer(uri, roles, total)))
    }

    /// Read a role with what it grants
    #[oai(path = "/sys/roles/:pk", method = "get", operation_id = "get_role")]
    async fn read(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<RoleDetailView>, ApiError> {
        let detail = self.roles.detail(pk.0.get()).await?;
        Ok(Answer::of(RoleDetailView::of(detail, &self.clock)))
    }

    /// The menu entries of a role, as a tree
    ///
    /// Null if it has none.
    #[oai(path = "/sys/roles/:pk/menus", method = "get", operation_id = "get_role_menus")]
    async fn menus(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<Option<Vec<RoleMenuNode>>>, ApiError> {
        let tree = self.roles.menus(pk.0.get()).await?;
        let nodes = tree.into_iter().map(|branch| RoleMenuNode::of(branch, &self.clock));
        let nodes: Vec<RoleMenuNode> = nodes.collect();
        Ok(Answer::of((!nodes.is_empty()).then_some(nodes)))
    }

    /// The ids of a role's data scopes
    #[oai(path = "/sys/roles/:pk/scopes", method = "get", operation_id = "get_role_scopes")]
    async fn scopes(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<Vec<Id>>, ApiError> {
        let scopes = self.roles.scope_ids(pk.0.get()).await?;
        Ok(Answer::of(scopes.into_iter().map(Id::from).collect()))
    }

    /// Add a role
    #[oai(path = "/sys/roles", method = "post", operation_id = "create_role")]
    async fn create(&self, _caller: Allowed<AddRole>, form: JsonBody<RoleForm>) -> Result<Done, ApiError> {
        self.roles.create(&form.0.into()).await?;
        Ok(Done::done())
    }

    /// Change a role
    #[oai(path = "/sys/roles/:pk", method = "put", operation_id = "update_role")]
    async fn update(
        &self,
        _caller: Allowed<EditRole>,
        pk: Path<Id>,
        form: JsonBody<RoleForm>,
    ) -> Result<Done, ApiError> {
        self.roles.update(pk.0.get(), &form.0.into()).await?;
        Ok(Done::done())
    }

    /// Give a role exactly these menu entries
    #[oai(path = "/sys/roles/:pk/menus", method = "put", operation_id = "update_role_menus")]
    async fn replace_menus(
        &self,
        _caller: Allowed<EditRoleMenu>,
        pk: Path<Id>,
        form: JsonBody<RoleMenuForm>,
    ) -> Result<Done, ApiError> {
        self.roles.replace_menus(pk.0.get(), &Id::all(form.0.menus)).await?;
        Ok(Done::done())
    }

    /// Give a role exactly these data scopes
    #[oai(path = "/sys/roles/:pk/scopes", method = "put", operation_id = "update_role_scopes")]
    async fn replace_scopes(
        &self,
        _caller: Allowed<EditRoleScope>,
        pk: Path<Id>,
        form: JsonBody<RoleScopeForm>,
    ) -> Result<Done, ApiError> {
        self.roles.replace_scopes(pk.0.get(), &Id::all(form.0.scopes)).await?;
        Ok(Done::done())
    }

    /// Delete roles; their members lose them
    #[oai(path = "/sys/roles", method = "delete", operation_id = "delete_roles")]
    async fn delete(&self, _caller: Allowed<DeleteRole>, ids: JsonBody<RoleIds>) -> Result<Done, ApiError> {
        match self.roles.delete(&Id::all(ids.0.pks)).await? {
            0 => Ok(Done::nothing_done()),
            _ => Ok(Done::done()),
        }
    }
}

impl From<RoleForm> for RoleDraft {
    fn from(form: RoleForm) -> Self {
        let remark = match form.remark {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(remark) => Some(Some(remark)),
        };
        Self { name: form.name, status: form.status, is_filter_scopes: form.is_filter_scopes, remark }
    }
}

impl From<RoleError> for ApiError {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::NotFound => Self::not_found(Message::fixed("the role does not exist", "角色不存在")),
            RoleError::MenuNotFound => Self::not_found(Message::fixed("the menu does not exist", "菜单不存在")),
            RoleError::ScopeNotFound => {
                Self::not_found(Message::fixed("the data scope does not exist", "数据范围不存在"))
            }
            RoleError::NameTaken => {
                Self::conflict(Message::fixed("there is a role of this name already", "角色名称已存在"))
            }
            error @ RoleError::Storage(_) => Self::internal(error),
        }
    }
}
