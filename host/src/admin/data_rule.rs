//! Data rules: comparisons of a model's column, from which data scopes are made.

pub mod api;
mod crud;
pub mod model;
pub mod operand;
pub mod registry;
pub mod service;

pub use model::DataRule;
pub use registry::Models;
pub use service::DataRuleService;
