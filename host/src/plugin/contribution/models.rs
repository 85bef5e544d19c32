//! Models, checked: their names become SQL.

use super::{ContributionError, check_length, refuse_too_many, refuse_twice};
use plugin_api::descriptor::{ColumnKind, DataModel};
use std::sync::Arc;

/// More than an administrator would look through.
const MODELS_MAX: usize = 100;
const COLUMNS_MAX: usize = 200;
/// The limits of the columns in which rules name them.
const NAME_CHARACTERS_MAX: usize = 64;
const COLUMN_CHARACTERS_MAX: usize = 32;
/// The limit of PostgreSQL.
const TABLE_CHARACTERS_MAX: usize = 63;
/// No line of a list is longer.
const TITLE_CHARACTERS_MAX: usize = 128;
/// Names that begin so are the host's own, in rules.
const RESERVED: &str = "__";

const NAME: &str = "a name of 1 to 64 letters, digits and _, beginning with a letter";
const TABLE: &str = "a name in snake_case of 1 to 63 characters";
const COLUMN: &str = "a name in snake_case of 1 to 32 characters that does not begin with __";
const TITLE: &str = "a title of 1 to 128 characters";
const NUMBERS: &str = "a column of whole numbers";

pub(super) fn checked(models: &[DataModel]) -> Result<Vec<Arc<DataModel>>, ContributionError> {
    refuse_too_many("models", models.len(), MODELS_MAX)?;
    refuse_twice("model", models.iter().map(|model| model.name.as_str()))?;
    models.iter().map(|model| check(model).map(|()| Arc::new(model.clone()))).collect()
}

fn check(model: &DataModel) -> Result<(), ContributionError> {
    let letters = model.name.starts_with(|first: char| first.is_ascii_alphabetic())
        && model.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    accept("model", &model.name, letters, NAME_CHARACTERS_MAX, NAME)?;
    accept("table", &model.table, snake_case(&model.table), TABLE_CHARACTERS_MAX, TABLE)?;
    refuse_too_many("columns of a model", model.columns.len(), COLUMNS_MAX)?;
    refuse_twice("column", model.columns.iter().map(|column| column.name.as_str()))?;
    for column in &model.columns {
        check_column(&column.name)?;
        for title in [&column.english, &column.chinese] {
            check_length("title of a column", title, TITLE_CHARACTERS_MAX, TITLE)?;
        }
    }
    [&model.dept, &model.creator].into_iter().flatten().try_for_each(|column| check_shared(model, column))
}

fn check_column(name: &str) -> Result<(), ContributionError> {
    let plain = snake_case(name) && !name.starts_with(RESERVED);
    accept("column", name, plain, COLUMN_CHARACTERS_MAX, COLUMN)
}

/// A column that stands for departments or users holds their ids; it need not be listed.
fn check_shared(model: &DataModel, column: &str) -> Result<(), ContributionError> {
    check_column(column)?;
    let listed = model.columns.iter().find(|listed| listed.name == column);
    let numbers = listed.is_none_or(|listed| listed.kind == ColumnKind::Integer);
    accept("column of ids", column, numbers, COLUMN_CHARACTERS_MAX, NUMBERS)
}

fn snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn accept(
    kind: &'static str,
    name: &str,
    good: bool,
    max: usize,
    accepted: &'static str,
) -> Result<(), ContributionError> {
    if !good {
        return Err(ContributionError::Name { kind, name: name.to_owned(), accepted });
    }
    check_length(kind, name, max, accepted)
}
