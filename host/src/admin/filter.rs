//! The `WHERE` of lists: what clients and data permissions narrow them to.

use crate::admin::sql::{ESCAPE, escaped};
use plugin_api::Permitted;
use plugin_api::db::Value;

/// Conditions that hold together. Columns are the caller's own words, values always parameters.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::admin) struct Filter {
    sql: String,
    parameters: Vec<Value>,
}

impl Filter {
    /// Everything.
    pub(in crate::admin) fn new() -> Self {
        Self { sql: "1 = 1".to_owned(), parameters: Vec::new() }
    }

    /// `column` equals `value`, if there is one.
    pub(in crate::admin) fn equal(self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.compare(&format!("{column} ="), "", value.into()),
            None => self,
        }
    }

    /// `part` stands in `column`, if there is one and it is not empty.
    pub(in crate::admin) fn containing(self, column: &'static str, part: Option<&str>) -> Self {
        self.like(column, part, |part| format!("%{part}%"))
    }

    /// `column` starts with `part`, if there is one and it is not empty.
    pub(in crate::admin) fn starting(self, column: &'static str, part: Option<&str>) -> Self {
        self.like(column, part, |part| format!("{part}%"))
    }

    /// What somebody is permitted to see.
    pub(in crate::admin) fn within(mut self, permitted: &Permitted) -> Self {
        self.sql.push_str(&format!(" AND {}", permitted.sql(self.next())));
        self.parameters.extend(permitted.parameters());
        self
    }

    /// The condition, to stand after `WHERE`.
    pub(in crate::admin) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values of `$1`, `$2`, …
    pub(in crate::admin) fn parameters(&self) -> Vec<Value> {
        self.parameters.clone()
    }

    /// The number of the next parameter.
    pub(in crate::admin) fn next(&self) -> usize {
        self.parameters.len() + 1
    }

    fn like(self, column: &str, part: Option<&str>, pattern: impl Fn(&str) -> String) -> Self {
        match part.filter(|part| !part.is_empty()) {
            None => self,
            Some(part) => {
                let pattern = pattern(&escaped(part));
                self.compare(&format!("{column} LIKE"), &format!(" ESCAPE '{ESCAPE}'"), pattern.into())
            }
        }
    }

    fn compare(mut self, before: &str, after: &str, value: Value) -> Self {
        let number = self.next();
        self.sql.push_str(&format!(" AND {before} ${number}{after}"));
        self.parameters.push(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parameters_and_wildcards_mean_themselves() {
        let filter = Filter::new()
            .containing("name", Some("50%_!"))
            .starting("phone", Some("138"))
            .containing("leader", Some(""))
            .equal("status", Some(1));
        let sql = "1 = 1 AND name LIKE $1 ESCAPE '!' AND phone LIKE $2 ESCAPE '!' AND status = $3";
        assert_eq!(filter.sql(), sql);
        let values = [Value::from("%50!%!_!!%"), Value::from("138%"), Value::from(1)];
        assert_eq!(filter.parameters(), values);
    }
}
