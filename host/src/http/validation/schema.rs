//! Finds every fault of a JSON body by the schema of the type it should have been.
//!
//! Runs only after parsing has failed: a valid request pays nothing for it.

use super::{FieldError, Part};
use crate::http::Message;
use plugin_api::schema;
use poem_openapi::registry::Registry;
use poem_openapi::types::Type;
use serde_json::Value;

/// Every fault of `value`, were it a `T`; empty if the schema alone shows none.
pub fn check<T: Type>(value: &Value) -> Vec<FieldError> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    schema::check(&registry, &T::schema_ref(), value).into_iter().map(FieldError::of_schema).collect()
}

impl FieldError {
    fn of_schema(fault: schema::SchemaFault) -> Self {
        let message = Message::new(fault.english, fault.chinese);
        let error = Self::new(fault.kind, Part::Body, fault.path, message);
        match fault.bounds {
            Some(bounds) => error.with_bounds(bounds),
            None => error,
        }
    }
}
