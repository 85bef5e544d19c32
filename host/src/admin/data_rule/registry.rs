//! The models that rules may speak of, with their columns: nothing else ever becomes SQL.
//!
//! The core has two of its own; the plugins that run bring theirs, in the same form.

use crate::admin::Published;
use plugin_api::descriptor::{ColumnKind, DataColumn, DataModel};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The name that stands for every model.
pub const EVERY_MODEL: &str = "__ALL__";

/// A column that many models have under different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Virtual {
    /// The department something belongs to.
    Dept,
    /// The user who created something.
    Creator,
}

/// Every model: the core's own, and those of the plugins that run at the moment of the question.
#[derive(Clone)]
pub struct Models(Arc<dyn Published>);

impl Virtual {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dept, Self::Creator];

    /// As rules write it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Dept => "__dept_id__",
            Self::Creator => "__created_by__",
        }
    }

    /// As a column of rules.
    pub fn column(self) -> DataColumn {
        let (english, chinese) = match self {
            Self::Dept => ("Department id", "部门 ID"),
            Self::Creator => ("Creator", "创建者"),
        };
        let (name, english, chinese) = (self.key().to_owned(), english.to_owned(), chinese.to_owned());
        DataColumn { name, english, chinese, kind: ColumnKind::Integer }
    }

    fn stand_in(self, model: &DataModel) -> Option<&str> {
        match self {
            Self::Dept => model.dept.as_deref(),
            Self::Creator => model.creator.as_deref(),
        }
    }
}

/// The column of `model` that rules call `key`: its name in the database, and what it holds.
pub fn column<'m>(model: &'m DataModel, key: &str) -> Option<(&'m str, ColumnKind)> {
    match Virtual::ALL.into_iter().find(|one| one.key() == key) {
        Some(one) => Some((one.stand_in(model)?, ColumnKind::Integer)),
        None => model.columns.iter().find(|column| column.name == key).map(|column| (&*column.name, column.kind)),
    }
}

/// The names of the core's own models.
pub fn core_names() -> Vec<String> {
    core().into_iter().map(|model| model.name.clone()).collect()
}

impl Models {
    /// The core's own, and those in `published`.
    pub fn new(published: Arc<dyn Published>) -> Self {
        Self(published)
    }

    /// Their names, with the one that stands for all of them first.
    pub fn names(&self) -> Vec<String> {
        let plugged = self.0.models();
        let names = core().into_iter().chain(plugged.iter().map(|model| &**model)).map(|model| model.name.clone());
        std::iter::once(EVERY_MODEL.to_owned()).chain(names).collect()
    }

    /// The columns that rules on `model` may name; None if there is no such model.
    pub fn columns(&self, model: &str) -> Option<Vec<DataColumn>> {
        if model == EVERY_MODEL {
            return Some(Virtual::ALL.map(Virtual::column).to_vec());
        }
        let plugged = self.0.models();
        let mut models = core().into_iter().chain(plugged.iter().map(|model| &**model));
        models.find(|one| one.name == model).map(keys)
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

fn keys(model: &DataModel) -> Vec<DataColumn> {
    let shared = Virtual::ALL.into_iter().filter(|one| one.stand_in(model).is_some());
    model.columns.iter().cloned().chain(shared.map(Virtual::column)).collect()
}

fn core() -> [&'static DataModel; 2] {
    [&DEPT, &USER]
}

/// Departments. A department belongs to itself.
pub static DEPT: LazyLock<DataModel> = LazyLock::new(|| {
    DataModel::new("Dept", "sys_dept")
        .integer("id", "Department id", "部门编号")
        .text("name", "Name", "部门名称")
        .integer("parent_id", "Department above", "上级部门编号")
        .integer("sort", "Order", "排序")
        .text("leader", "Head", "负责人")
        .text("phone", "Telephone", "电话")
        .text("email", "E-mail", "电子邮箱")
        .integer("status", "Status (0 disabled, 1 enabled)", "状态（0 停用，1 启用）")
        .time("created_time", "Created at", "创建于")
        .time("updated_time", "Changed at", "更新于")
        .dept("id")
});

/// Users. Everybody counts as the creator of their own row. Secrets are not listed.
pub static USER: LazyLock<DataModel> = LazyLock::new(|| {
    DataModel::new("User", "sys_user")
        .integer("id", "User id", "用户编号")
        .text("uuid", "Public id", "公开编号")
        .text("username", "Login name", "登录名")
        .text("nickname", "Shown name", "显示名称")
        .text("email", "E-mail", "电子邮箱")
        .text("phone", "Telephone", "电话")
        .text("avatar", "Picture", "头像地址")
        .integer("status", "Status (0 disabled, 1 enabled)", "状态（0 停用，1 启用）")
        .boolean("is_superuser", "Super-user", "是否超级管理员")
        .boolean("is_staff", "Staff", "是否后台人员")
        .boolean("is_multi_login", "May be logged in several times", "是否允许多处登录")
        .time("join_time", "Joined at", "加入于")
        .time("last_login_time", "Last login", "最近登录于")
        .time("last_password_changed_time", "Last change of password", "最近改密于")
        .integer("dept_id", "Department", "所属部门")
        .dept("dept_id")
        .creator("id")
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::NothingPublished;

    #[test]
    fn shared_columns_are_those_of_each_model_and_secrets_are_none() {
        let name = |model: &'static DataModel, key| column(model, key).map(|(name, _)| name);
        assert_eq!(name(&DEPT, "__dept_id__"), Some("id"));
        assert_eq!(name(&DEPT, "__created_by__"), None);
        assert_eq!(name(&USER, "__dept_id__"), Some("dept_id"));
        for key in ["password", "salt", "id; DROP TABLE sys_user", "", "ID"] {
            assert_eq!(name(&USER, key), None, "{key}");
        }
        let models = Models::new(Arc::new(NothingPublished));
        assert_eq!(models.names(), ["__ALL__", "Dept", "User"]);
        assert_eq!(models.columns("__ALL__").map(|columns| columns.len()), Some(2));
        assert_eq!(models.columns("Nope"), None);
    }
}
