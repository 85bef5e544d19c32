//! The routes, and what they take and give.

mod data;
mod types;

pub(crate) use data::DataApi;
pub(crate) use types::TypeApi;

use plugin_api::prelude::*;

type Answer<T> = Result<Json<Envelope<T>>, ApiError>;
