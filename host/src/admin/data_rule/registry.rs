//! The models that rules may speak of, with their columns: nothing else ever becomes SQL.

/// The name that stands for every model.
pub const EVERY_MODEL: &str = "__ALL__";

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// In English.
    pub english: &'static str,
    /// In Chinese.
    pub chinese: &'static str,
}

/// What a column holds, and so what it may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// Text.
    Text,
    /// Truth values.
    Boolean,
    /// Unix milliseconds.
    Time,
}

/// A column that rules may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, in rules and in the database.
    pub key: &'static str,
    /// For people.
    pub comment: Comment,
    /// What it holds.
    pub kind: Kind,
}

/// A column that many models have under different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Virtual {
    /// The department something belongs to.
    Dept,
    /// The user who created something.
    Creator,
}

/// A table that rules may narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataModel {
    /// Its name in rules.
    pub name: &'static str,
    /// Its name in the database.
    pub table: &'static str,
    /// What rules may compare. Secrets are not listed.
    pub columns: &'static [Column],
    /// The column that stands for [`Virtual::Dept`].
    pub dept: Option<&'static str>,
    /// The column that stands for [`Virtual::Creator`].
    pub creator: Option<&'static str>,
}

/// Every model.
#[derive(Debug, Clone, Copy)]
pub struct Models(&'static [&'static DataModel]);

impl Virtual {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dept, Self::Creator];

    /// As a column of rules.
    pub const fn column(self) -> Column {
        match self {
            Self::Dept => column("__dept_id__", Kind::Integer, "Department id", "部门 ID"),
            Self::Creator => column("__created_by__", Kind::Integer, "Creator", "创建者"),
        }
    }
}

impl DataModel {
    /// The column that rules call `key`, as it is in the database.
    pub fn column(&self, key: &str) -> Option<Column> {
        let stands_for = Virtual::ALL.into_iter().find(|one| one.column().key == key);
        match stands_for {
            Some(one) => Some(Column { key: self.stand_in(one)?, ..one.column() }),
            None => self.columns.iter().find(|column| column.key == key).copied(),
        }
    }

    fn stand_in(&self, one: Virtual) -> Option<&'static str> {
        match one {
            Virtual::Dept => self.dept,
            Virtual::Creator => self.creator,
        }
    }

    fn keys(&self) -> Vec<Column> {
        let shared = Virtual::ALL.into_iter().filter(|one| self.stand_in(*one).is_some());
        self.columns.iter().copied().chain(shared.map(Virtual::column)).collect()
    }
}

impl Models {
    /// The core's own.
    pub const CORE: Self = Self(&[&DEPT, &USER]);

    /// Their names, with the one that stands for all of them first.
    pub fn names(self) -> Vec<&'static str> {
        std::iter::once(EVERY_MODEL).chain(self.0.iter().map(|model| model.name)).collect()
    }

    /// The columns that rules on `model` may name; None if there is no such model.
    pub fn columns(self, model: &str) -> Option<Vec<Column>> {
        if model == EVERY_MODEL {
            return Some(Virtual::ALL.map(Virtual::column).to_vec());
        }
        self.0.iter().find(|one| one.name == model).map(|model| model.keys())
    }
}

const fn column(key: &'static str, kind: Kind, english: &'static str, chinese: &'static str) -> Column {
    Column { key, comment: Comment { english, chinese }, kind }
}

/// Departments. A department belongs to itself.
pub static DEPT: DataModel = DataModel {
    name: "Dept",
    table: "sys_dept",
    columns: &[
        column("id", Kind::Integer, "Department id", "部门编号"),
        column("name", Kind::Text, "Name", "部门名称"),
        column("parent_id", Kind::Integer, "Department above", "上级部门编号"),
        column("sort", Kind::Integer, "Order", "排序"),
        column("leader", Kind::Text, "Head", "负责人"),
        column("phone", Kind::Text, "Telephone", "电话"),
        column("email", Kind::Text, "E-mail", "电子邮箱"),
        column("status", Kind::Integer, "Status (0 disabled, 1 enabled)", "状态（0 停用，1 启用）"),
        column("created_time", Kind::Time, "Created at", "创建于"),
        column("updated_time", Kind::Time, "Changed at", "更新于"),
    ],
    dept: Some("id"),
    creator: None,
};

/// Users. Everybody counts as the creator of their own row.
pub static USER: DataModel = DataModel {
    name: "User",
    table: "sys_user",
    columns: &[
        column("id", Kind::Integer, "User id", "用户编号"),
        column("uuid", Kind::Text, "Public id", "公开编号"),
        column("username", Kind::Text, "Login name", "登录名"),
        column("nickname", Kind::Text, "Shown name", "显示名称"),
        column("email", Kind::Text, "E-mail", "电子邮箱"),
        column("phone", Kind::Text, "Telephone", "电话"),
        column("avatar", Kind::Text, "Picture", "头像地址"),
        column("status", Kind::Integer, "Status (0 disabled, 1 enabled)", "状态（0 停用，1 启用）"),
        column("is_superuser", Kind::Boolean, "Super-user", "是否超级管理员"),
        column("is_staff", Kind::Boolean, "Staff", "是否后台人员"),
        column("is_multi_login", Kind::Boolean, "May be logged in several times", "是否允许多处登录"),
        column("join_time", Kind::Time, "Joined at", "加入于"),
        column("last_login_time", Kind::Time, "Last login", "最近登录于"),
        column("last_password_changed_time", Kind::Time, "Last change of password", "最近改密于"),
        column("dept_id", Kind::Integer, "Department", "所属部门"),
    ],
    dept: Some("dept_id"),
    creator: Some("id"),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_columns_are_those_of_each_model_and_secrets_are_none() {
        let name = |model: &DataModel, key| model.column(key).map(|column| column.key);
        assert_eq!(name(&DEPT, "__dept_id__"), Some("id"));
        assert_eq!(name(&DEPT, "__created_by__"), None);
        assert_eq!(name(&USER, "__dept_id__"), Some("dept_id"));
        for key in ["password", "salt", "id; DROP TABLE sys_user", "", "ID"] {
            assert_eq!(name(&USER, key), None, "{key}");
        }
        assert_eq!(Models::CORE.names(), ["__ALL__", "Dept", "User"]);
        assert_eq!(Models::CORE.columns("__ALL__").map(|columns| columns.len()), Some(2));
        assert_eq!(Models::CORE.columns("Nope"), None);
    }
}
