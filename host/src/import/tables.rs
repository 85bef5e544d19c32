//! The tables that are moved, as FBA 1.13 has them.

use super::column::Column;

/// A table of both sides, which has the same name here and there.
#[derive(Debug)]
pub(super) struct Table {
    /// What it is called.
    pub(super) name: &'static str,
    /// Its columns but for `id`.
    pub(super) columns: &'static [Column],
    /// Whether every FBA has it.
    pub(super) is_required: bool,
    /// How many rows are taken: of those that others refer to, every id is remembered.
    pub(super) rows_max: u64,
}

/// Some hundred megabytes at worst.
const REMEMBERED_ROWS_MAX: u64 = 2_000_000;

const CREATED: Column = Column::time("created_time");
const UPDATED: Column = Column::time("updated_time").or_null();
const STATUS: Column = Column::choice("status", 1);
const REMARK: Column = Column::long_text("remark").or_null();

const fn core(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, columns, is_required: true, rows_max: REMEMBERED_ROWS_MAX }
}

const fn optional(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, columns, is_required: false, rows_max: REMEMBERED_ROWS_MAX }
}

const fn log(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, columns, is_required: true, rows_max: u64::MAX }
}

pub(super) static DEPT: Table = core(
    "sys_dept",
    &[
        Column::name("name", 64),
        Column::reference("parent_id").or_null(),
        Column::number("sort"),
        Column::text("leader", 32).or_null(),
        Column::text("phone", 11).or_null(),
        Column::email("email", 64).or_null(),
        STATUS,
        Column::bool("del_flag"),
        CREATED,
        UPDATED,
    ],
);

pub(super) static ROLE: Table =
    core("sys_role", &[Column::name("name", 32), STATUS, Column::bool("is_filter_scopes"), REMARK, CREATED, UPDATED]);

pub(super) static MENU: Table = core(
    "sys_menu",
    &[
        Column::name("title", 64),
        Column::name("name", 64),
        Column::text("path", 200).or_null(),
        Column::reference("parent_id").or_null(),
        Column::number("sort"),
        Column::text("icon", 128).or_null(),
        Column::choice("type", 4),
        Column::text("component", 256).or_null(),
        Column::text("perms", 128).or_null(),
        STATUS,
        Column::choice("display", 1),
        Column::choice("cache", 1),
        Column::address("link", 2_048).or_null(),
        REMARK,
        CREATED,
        UPDATED,
    ],
);

pub(super) static DATA_RULE: Table = core(
    "sys_data_rule",
    &[
        Column::name("name", 512),
        Column::name("model", 64),
        Column::name("column", 32).here("column_name"),
        Column::choice("operator", 1),
        Column::choice("expression", 7),
        Column::text("value", 256),
        CREATED,
        UPDATED,
    ],
);

pub(super) static DATA_SCOPE: Table = core("sys_data_scope", &[Column::name("name", 64), STATUS, CREATED, UPDATED]);

pub(super) static USER: Table = core(
    "sys_user",
    &[
        Column::name("uuid", 64),
        Column::name("username", 64),
        Column::name("nickname", 64),
        Column::hash("password").or_null(),
        Column::email("email", 256).or_null(),
        Column::text("phone", 11).or_null(),
        Column::address("avatar", 256).or_null(),
        STATUS,
        Column::bool("is_superuser"),
        Column::bool("is_staff"),
        Column::bool("is_multi_login"),
        Column::time("join_time"),
        Column::time("last_login_time").or_null(),
        Column::time("last_password_changed_time").or_null(),
        Column::reference("dept_id").or_null(),
        CREATED,
        UPDATED,
    ],
);

pub(super) static PASSWORD_HISTORY: Table =
    optional("sys_user_password_history", &[Column::reference("user_id"), Column::hash("password"), CREATED]);

pub(super) static USER_ROLE: Table =
    core("sys_user_role", &[Column::reference("user_id"), Column::reference("role_id")]);

pub(super) static ROLE_MENU: Table =
    core("sys_role_menu", &[Column::reference("role_id"), Column::reference("menu_id")]);

pub(super) static ROLE_DATA_SCOPE: Table =
    core("sys_role_data_scope", &[Column::reference("role_id"), Column::reference("data_scope_id")]);

pub(super) static DATA_SCOPE_RULE: Table =
    core("sys_data_scope_rule", &[Column::reference("data_scope_id"), Column::reference("data_rule_id")]);

pub(super) static LOGIN_LOG: Table = log(
    "sys_login_log",
    &[
        Column::text("user_uuid", 64),
        Column::text("username", 64),
        STATUS,
        Column::text("ip", 64),
        Column::text("country", 64).or_null(),
        Column::text("region", 64).or_null(),
        Column::text("city", 64).or_null(),
        Column::text("user_agent", 512).or_null(),
        Column::text("os", 64).or_null(),
        Column::text("browser", 64).or_null(),
        Column::text("device", 64).or_null(),
        Column::long_text("msg"),
        Column::time("login_time"),
        CREATED,
    ],
);

pub(super) static OPERA_LOG: Table = log(
    "sys_opera_log",
    &[
        Column::text("trace_id", 32),
        Column::text("username", 64).or_null(),
        Column::text("method", 32),
        Column::text("title", 256),
        Column::text("path", 512),
        Column::text("ip", 64),
        Column::text("country", 64).or_null(),
        Column::text("region", 64).or_null(),
        Column::text("city", 64).or_null(),
        Column::text("user_agent", 512).or_null(),
        Column::text("os", 64).or_null(),
        Column::text("browser", 64).or_null(),
        Column::text("device", 64).or_null(),
        Column::json("args").or_null(),
        STATUS,
        Column::text("code", 32),
        Column::long_text("msg").or_null(),
        Column::float("cost_time"),
        Column::time("opera_time"),
        CREATED,
    ],
);

pub(super) static DICT_TYPE: Table =
    optional("sys_dict_type", &[Column::name("name", 32), Column::name("code", 32), REMARK, CREATED, UPDATED]);

pub(super) static DICT_DATA: Table = optional(
    "sys_dict_data",
    &[
        Column::reference("type_id"),
        Column::text("type_code", 32),
        Column::name("label", 32),
        Column::text("value", 32),
        Column::text("color", 32).or_null(),
        Column::number("sort"),
        STATUS,
        REMARK,
        CREATED,
        UPDATED,
    ],
);

pub(super) static CONFIG: Table = optional(
    "sys_config",
    &[
        Column::name("name", 32),
        Column::text("type", 32).or_null(),
        Column::name("key", 64),
        Column::long_text("value"),
        Column::bool("is_frontend"),
        REMARK,
        CREATED,
        UPDATED,
    ],
);

pub(super) static NOTICE: Table = optional(
    "sys_notice",
    &[Column::name("title", 64), Column::choice("type", 1), STATUS, Column::long_text("content"), CREATED, UPDATED],
);

/// Those that only a plugin's migrations make.
pub(super) static OF_PLUGINS: [&Table; 4] = [&DICT_TYPE, &DICT_DATA, &CONFIG, &NOTICE];

/// Everything that is moved.
pub(super) static ALL: [&Table; 17] = [
    &DEPT,
    &ROLE,
    &MENU,
    &DATA_RULE,
    &DATA_SCOPE,
    &USER,
    &PASSWORD_HISTORY,
    &USER_ROLE,
    &ROLE_MENU,
    &ROLE_DATA_SCOPE,
    &DATA_SCOPE_RULE,
    &LOGIN_LOG,
    &OPERA_LOG,
    &DICT_TYPE,
    &DICT_DATA,
    &CONFIG,
    &NOTICE,
];
