//! What of a model somebody is permitted to see, as a part of a statement.
//!
//! Columns come from the model's list only, values are parameters only: nothing that an
//! administrator writes into a rule becomes SQL.

use crate::admin::Clock;
use crate::admin::data_rule::operand::{self, Operand, Variable};
use crate::admin::data_rule::registry::{EVERY_MODEL, Kind};
use crate::admin::data_rule::{DataModel, DataRule};
use crate::admin::sql::placeholders;
use plugin_api::db::Value;

/// What a statement of no row says.
const NEVER: &str = "1 = 0";

/// What of a model somebody is permitted to see.
#[derive(Debug, Clone, PartialEq)]
pub enum Permitted {
    /// Every row.
    Everything,
    /// No row.
    Nothing,
    /// The rows that a condition holds for.
    Condition(Condition),
}

/// Comparisons, those with AND in one group, those with OR in the other; either group is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    all: Vec<Comparison>,
    any: Vec<Comparison>,
}

#[derive(Debug, Clone, PartialEq)]
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

impl Permitted {
    /// What `rules` permit of `model`. Rules only add: those of other models permit nothing here, and
    /// neither do those on a shared column that the model does not have.
    pub fn by_rules(rules: &[DataRule], model: &DataModel, asking: &Asking<'_>) -> Self {
        let mut condition = Condition { all: Vec::new(), any: Vec::new() };
        for rule in rules {
            let column = model.column(&rule.column);
            let comparison = match (rule.model == model.name, rule.model == EVERY_MODEL, column) {
                (true, _, Some(column)) | (_, true, Some(column)) => {
                    let name = format!("{}.{}", model.table, column.key);
                    let operands = operand::parse(&rule.value, rule.expression, column.kind, asking.clock);
                    operands.ok().map_or(Comparison::Never, |operands| {
                        let values = operands.into_iter().map(|operand| asking.value(operand, column.kind)).collect();
                        Comparison::new(name, rule.expression, values)
                    })
                }
                // The model's own rule on a column that is no longer there.
                (true, _, None) => Comparison::Never,
                (false, ..) => continue,
            };
            let group = if rule.operator == 0 { &mut condition.all } else { &mut condition.any };
            group.push(comparison);
        }
        if condition.all.is_empty() && condition.any.is_empty() { Self::Nothing } else { Self::Condition(condition) }
    }

    /// The condition in SQL, with its parameters, the first of which is `$first`.
    pub fn render(&self, first: usize) -> (String, Vec<Value>) {
        match self {
            Self::Everything => ("1 = 1".to_owned(), Vec::new()),
            Self::Nothing => (NEVER.to_owned(), Vec::new()),
            Self::Condition(condition) => condition.render(first),
        }
    }
}

impl Condition {
    fn render(&self, first: usize) -> (String, Vec<Value>) {
        let mut parameters = Vec::new();
        let mut group = |comparisons: &[Comparison], word: &str| {
            let parts: Vec<String> =
                comparisons.iter().map(|comparison| comparison.render(first, &mut parameters)).collect();
            (!parts.is_empty()).then(|| format!("({})", parts.join(word)))
        };
        let groups = [group(&self.all, " AND "), group(&self.any, " OR ")];
        let groups: Vec<String> = groups.into_iter().flatten().collect();
        (format!("({})", groups.join(" OR ")), parameters)
    }
}

impl Comparison {
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

    fn render(&self, first: usize, parameters: &mut Vec<Value>) -> String {
        match self {
            Self::Never => NEVER.to_owned(),
            Self::Of { column, operator, value } => {
                parameters.push(value.clone());
                format!("{column} {operator} ${}", first + parameters.len() - 1)
            }
            Self::Among { column, operator, values } => {
                let from = first + parameters.len();
                parameters.extend(values.iter().cloned());
                format!("{column} {operator} ({})", placeholders(from, values.len()))
            }
        }
    }
}

impl Asking<'_> {
    /// A user without a department has NULL for it, which equals nothing and differs from nothing.
    fn value(&self, operand: Operand, kind: Kind) -> Value {
        let number = match operand {
            Operand::Fixed(value) => return value,
            Operand::Variable(Variable::UserId) => Some(self.user_id),
            Operand::Variable(Variable::DeptId) => self.dept_id,
            Operand::Variable(Variable::Now) if kind == Kind::Text => {
                return Value::from(self.clock.format(self.clock.now_ms()));
            }
            Operand::Variable(Variable::Now) => Some(self.clock.now_ms()),
        };
        match kind {
            Kind::Text => Value::from(number.map(|number| number.to_string())),
            _ => Value::from(number),
        }
    }
}

#[cfg(test)]
mod tests;
