//! What a rule compares a column with: values and variables, read from the rule's text.

use crate::admin::Clock;
use plugin_api::db::Value;
use plugin_api::descriptor::ColumnKind;

/// The numbers of the comparisons in rules.
pub mod expression {
    /// The value is a list, and the column's value one of it.
    pub const IN: i32 = 6;
    /// The value is a list, and the column's value none of it.
    pub const NOT_IN: i32 = 7;
}

/// What a rule may say of the moment in which it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The user who asks.
    UserId,
    /// That user's department.
    DeptId,
    /// The current time.
    Now,
}

/// One value of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Always the same.
    Fixed(Value),
    /// Known when the rule is applied.
    Variable(Variable),
}

/// Why a rule's text is no operand of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperandError {
    /// `${…}` with a name that is none, or not alone.
    #[error("unknown variable")]
    UnknownVariable,
    /// A variable of another kind than the column.
    #[error("variable of another kind than the column")]
    WrongVariable,
    /// A text that is no value of the column's kind.
    #[error("no value of the column's kind")]
    WrongKind,
    /// A list without an entry.
    #[error("empty list")]
    Empty,
}

impl Variable {
    /// Every variable.
    pub const ALL: [Self; 3] = [Self::UserId, Self::DeptId, Self::Now];

    /// As it is written in rules.
    pub const fn key(self) -> &'static str {
        match self {
            Self::UserId => "${user_id}",
            Self::DeptId => "${dept_id}",
            Self::Now => "${now}",
        }
    }

    /// For people, in English and in Chinese.
    pub const fn comment(self) -> [&'static str; 2] {
        match self {
            Self::UserId => ["Id of the user who asks", "当前用户 ID"],
            Self::DeptId => ["Department id of the user who asks", "当前用户的部门 ID"],
            Self::Now => ["The current time", "当前时间"],
        }
    }

    const fn fits(self, kind: ColumnKind) -> bool {
        match self {
            Self::UserId | Self::DeptId => matches!(kind, ColumnKind::Integer | ColumnKind::Text),
            Self::Now => matches!(kind, ColumnKind::Time | ColumnKind::Text),
        }
    }
}

/// Reads the operands of a comparison with a column of `kind`. Times are of the clock's zone.
///
/// # Errors
/// [`OperandError`].
pub fn parse(text: &str, expression: i32, kind: ColumnKind, clock: &Clock) -> Result<Vec<Operand>, OperandError> {
    if !matches!(expression, expression::IN | expression::NOT_IN) {
        return Ok(vec![one(text, kind, clock)?]);
    }
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let operands: Vec<Operand> = entries.map(|entry| one(entry, kind, clock)).collect::<Result<_, _>>()?;
    if operands.is_empty() { Err(OperandError::Empty) } else { Ok(operands) }
}

fn one(text: &str, kind: ColumnKind, clock: &Clock) -> Result<Operand, OperandError> {
    let trimmed = text.trim();
    if let Some(variable) = Variable::ALL.into_iter().find(|variable| variable.key() == trimmed) {
        return if variable.fits(kind) { Ok(Operand::Variable(variable)) } else { Err(OperandError::WrongVariable) };
    }
    if text.contains("${") {
        return Err(OperandError::UnknownVariable);
    }
    let value = match kind {
        ColumnKind::Text if text.contains('\0') => None,
        ColumnKind::Text => Some(Value::from(text)),
        ColumnKind::Integer => trimmed.parse::<i64>().ok().map(Value::from),
        ColumnKind::Boolean => boolean(trimmed).map(Value::from),
        ColumnKind::Time => clock.parse(trimmed).map(Value::from),
    };
    value.map(Operand::Fixed).ok_or(OperandError::WrongKind)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_kind_of_its_column() {
        let clock = Clock::new(jiff::tz::TimeZone::UTC);
        let fixed = |value: Value| Ok(vec![Operand::Fixed(value)]);
        let cases = [
            ("7", 0, ColumnKind::Integer, fixed(7.into())),
            (" -7 ", 2, ColumnKind::Integer, fixed(Value::from(-7))),
            ("1 OR 1=1", 0, ColumnKind::Integer, Err(OperandError::WrongKind)),
            ("99999999999999999999", 0, ColumnKind::Integer, Err(OperandError::WrongKind)),
            ("", 0, ColumnKind::Integer, Err(OperandError::WrongKind)),
            ("", 0, ColumnKind::Text, fixed("".into())),
            ("a,b", 0, ColumnKind::Text, fixed("a,b".into())),
            ("a\0", 0, ColumnKind::Text, Err(OperandError::WrongKind)),
            ("'; DROP TABLE sys_user; --", 1, ColumnKind::Text, fixed("'; DROP TABLE sys_user; --".into())),
            ("TRUE", 0, ColumnKind::Boolean, fixed(true.into())),
            ("2", 0, ColumnKind::Boolean, Err(OperandError::WrongKind)),
            ("1970-01-01 00:00:01", 4, ColumnKind::Time, fixed(1000.into())),
            ("1970-01-01T00:00:01Z", 4, ColumnKind::Time, fixed(1000.into())),
            ("yesterday", 4, ColumnKind::Time, Err(OperandError::WrongKind)),
            ("${dept_id}", 0, ColumnKind::Integer, Ok(vec![Operand::Variable(Variable::DeptId)])),
            ("${now}", 0, ColumnKind::Integer, Err(OperandError::WrongVariable)),
            ("${user_id}", 0, ColumnKind::Time, Err(OperandError::WrongVariable)),
            ("${password}", 0, ColumnKind::Text, Err(OperandError::UnknownVariable)),
            ("x${user_id}", 0, ColumnKind::Text, Err(OperandError::UnknownVariable)),
            (" , ,", expression::IN, ColumnKind::Text, Err(OperandError::Empty)),
            ("1,x", expression::NOT_IN, ColumnKind::Integer, Err(OperandError::WrongKind)),
        ];
        for (text, expression, kind, expected) in cases {
            assert_eq!(parse(text, expression, kind, &clock), expected, "{text:?} {kind:?}");
        }
        let list = parse("1, ${user_id},", expression::IN, ColumnKind::Integer, &clock);
        assert_eq!(list, Ok(vec![Operand::Fixed(1.into()), Operand::Variable(Variable::UserId)]));
    }
}
