//! The rules: what may be asked of dictionaries, and what is said when it can't be done.

mod data;
mod types;

pub(crate) use data::DataService;
pub(crate) use types::TypeService;

use plugin_api::ApiError;

fn no_such_type() -> ApiError {
    ApiError::not_found("Dictionary type does not exist", "字典类型不存在")
}
