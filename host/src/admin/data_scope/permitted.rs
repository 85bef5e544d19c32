//! What of a model somebody is permitted to see, as a part of a statement.
//!
//! Columns come from the model's list only, values are parameters only: nothing that an
//! administrator writes into a rule becomes SQL.

use crate::admin::Clock;
use crate::admin::data_rule::DataRule;
use crate::admin::data_rule::operand::{self, Operand, Variable};
use crate::admin::data_rule::registry::{self, EVERY_MODEL};
use plugin_api::Permitted;
use plugin_api::db::Value;
use plugin_api::descriptor::{ColumnKind, DataModel};

/// What a rule of no row says.
const NEVER: &str = "1 = 0";

/// One rule, as it is applied.
enum Comparison {
    /// The rule can't be applied as it is stored, so it permits nothing.
    Never,
    Of {
        column: String,
        operator: &'static str,
        value: Value,
    },
    Among {
        column: String,
        operator: &'static str,
        values: Vec<Value>,
    },
}

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Asking<'a> {
    /// The user.
    pub user_id: i64,
    /// The user's department.
    pub dept_id: Option<i64>,
    /// Tells and shows the time.
    pub clock: &'a Clock,
}

/// What `rules` permit of `model`. Rules only add: those of other models permit nothing here, and
/// neither do those on a shared column that the model does not have.
///
/// Those with AND are one group, those with OR the other; either group is enough.
pub fn by_rules(rules: &[DataRule], model: &DataModel, asking: &Asking<'_>) -> Permitted {
    let (mut all, mut any) = (Vec::new(), Vec::new());
    for rule in rules {
        let comparison = match (rule.model == model.name, rule.model == EVERY_MODEL) {
            (false, false) => continue,
            (own, _) => match registry::column(model, &rule.column) {
                Some((column, kind)) => Comparison::by(rule, format!("\"{}\".\"{column}\"", model.table), kind, asking),
                // The model's own rule on a column that is no longer there.
                None if own => Comparison::Never,
                None => continue,
            },
        };
        let group = if rule.operator == 0 { &mut all } else { &mut any };
        group.push(comparison);
    }
    match (all.is_empty(), any.is_empty()) {
        (true, true) => Permitted::nothing(),
        (false, true) => written(Permitted::when(""), all, " AND "),
        (true, false) => written(Permitted::when(""), any, " OR "),
        (false, false) => written(written(Permitted::when(""), all, " AND ").then(" OR "), any, " OR "),
    }
}

fn written(before: Permitted, group: Vec<Comparison>, word: &str) -> Permitted {
    let mut permitted = before;
    for (index, comparison) in group.into_iter().enumerate() {
        permitted = comparison.written(permitted.then(if index == 0 { "(" } else { word }));
    }
    permitted.then(")")
}

impl Comparison {
    fn by(rule: &DataRule, column: String, kind: ColumnKind, asking: &Asking<'_>) -> Self {
        let Ok(operands) = operand::parse(&rule.value, rule.expression, kind, asking.clock) else { return Self::Never };
        Self::new(column, rule.expression, operands.into_iter().map(|operand| asking.value(operand, kind)).collect())
    }

    fn new(column: String, expression: i32, mut values: Vec<Value>) -> Self {
        let operator = match expression {
            0 => "=",
            1 => "<>",
            2 => ">",
            3 => ">=",
            4 => "<",
            5 => "<=",
            operand::expression::IN => return Self::Among { column, operator: "IN", values },
            operand::expression::NOT_IN => return Self::Among { column, operator: "NOT IN", values },
            _ => return Self::Never,
        };
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Self::Of { column, operator, value },
            _ => Self::Never,
        }
    }

    fn written(self, before: Permitted) -> Permitted {
        match self {
            Self::Never => before.then(NEVER),
            Self::Of { column, operator, value } => before.then(&format!("{column} {operator} ")).value(value),
            Self::Among { column, operator, values } => {
                let mut listed = before.then(&format!("{column} {operator} "));
                for (index, value) in values.into_iter().enumerate() {
                    listed = listed.then(if index == 0 { "(" } else { ", " }).value(value);
                }
                listed.then(")")
            }
        }
    }
}

impl Asking<'_> {
    /// A user without a department has NULL for it, which equals nothing and differs from nothing.
    fn value(&self, operand: Operand, kind: ColumnKind) -> Value {
        let number = match operand {
            Operand::Fixed(value) => return value,
            Operand::Variable(Variable::UserId) => Some(self.user_id),
            Operand::Variable(Variable::DeptId) => self.dept_id,
            Operand::Variable(Variable::Now) if kind == ColumnKind::Text => {
                return Value::from(self.clock.format(self.clock.now_ms()));
            }
            Operand::Variable(Variable::Now) => Some(self.clock.now_ms()),
        };
        match kind {
            ColumnKind::Text => Value::from(number.map(|number| number.to_string())),
            _ => Value::from(number),
        }
    }
}

#[cfg(test)]
mod tests;
