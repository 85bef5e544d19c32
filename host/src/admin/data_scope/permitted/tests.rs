//! Rules as SQL.

use super::*;
use crate::admin::data_rule::registry::{DEPT, USER};

const HOSTILE: &str = "1) OR 1=1; DROP TABLE sys_user; --";

fn rule(model: &str, column: &str, operator: i32, expression: i32, value: &str) -> DataRule {
    DataRule {
        id: 1,
        name: String::new(),
        model: model.to_owned(),
        column: column.to_owned(),
        operator,
        expression,
        value: value.to_owned(),
        created_time: 0,
        updated_time: None,
    }
}

fn permitted(rules: &[DataRule], model: &DataModel) -> Permitted {
    let clock = Clock::new(jiff::tz::TimeZone::UTC);
    by_rules(rules, model, &Asking { user_id: 7, dept_id: Some(3), clock: &clock })
}

/// The text without its quotes, which every name has.
fn plain(permitted: &Permitted, first: usize) -> String {
    permitted.sql(first).replace('"', "")
}

#[track_caller]
fn check(rules: &[DataRule], sql: &str, values: &[Value]) {
    let permitted = permitted(rules, &DEPT);
    assert_eq!((plain(&permitted, 4), permitted.parameters()), (sql.to_owned(), values.to_vec()));
}

#[test]
fn names_are_quoted() {
    assert_eq!(permitted(&[rule("Dept", "sort", 0, 0, "5")], &DEPT).sql(1), r#"(("sys_dept"."sort" = $1))"#);
}

#[test]
fn each_expression_has_its_operator_and_its_value_is_a_parameter() {
    let operators = ["=", "<>", ">", ">=", "<", "<="];
    for (expression, operator) in (0..).zip(operators) {
        let rules = [rule("Dept", "sort", 0, expression, "5")];
        check(&rules, &format!("((sys_dept.sort {operator} $4))"), &[5.into()]);
    }
    let names = ["a".into(), "b' OR '1".into()];
    check(&[rule("Dept", "name", 0, 6, "a, b' OR '1")], "((sys_dept.name IN ($4, $5)))", &names);
    check(&[rule("Dept", "name", 0, 7, "a, b' OR '1")], "((sys_dept.name NOT IN ($4, $5)))", &names);
}

#[test]
fn rules_with_and_form_one_group_and_those_with_or_another() {
    let rules = [
        rule("Dept", "sort", 0, 2, "1"),
        rule("Dept", "name", 1, 0, "x"),
        rule("Dept", "id", 0, 6, "1,2"),
        rule("Dept", "leader", 1, 1, "y"),
    ];
    check(
        &rules,
        "((sys_dept.sort > $4 AND sys_dept.id IN ($5, $6)) OR (sys_dept.name = $7 OR sys_dept.leader <> $8))",
        &[1.into(), 1.into(), 2.into(), "x".into(), "y".into()],
    );
}

#[test]
fn shared_columns_and_variables_are_those_of_the_model_and_of_who_asks() {
    let own_dept = rule("__ALL__", "__dept_id__", 0, 0, "${dept_id}");
    let own = rule("__ALL__", "__created_by__", 0, 0, "${user_id}");
    check(std::slice::from_ref(&own_dept), "((sys_dept.id = $4))", &[3.into()]);
    let rules = [own_dept, own];
    let users = permitted(&rules, &USER);
    assert_eq!(plain(&users, 1), "((sys_user.dept_id = $1 AND sys_user.id = $2))");
    assert_eq!(users.parameters(), [3.into(), 7.into()]);
    let text = rule("User", "nickname", 0, 0, "${user_id}");
    assert_eq!(permitted(&[text], &USER).parameters(), ["7".into()]);
    let now = permitted(&[rule("Dept", "created_time", 0, 5, "${now}")], &DEPT).parameters();
    assert!(matches!(now[..], [Value::Int(now)] if now > 1_700_000_000_000));
}

#[test]
fn what_does_not_apply_permits_nothing() {
    for rules in [
        vec![],
        vec![rule("User", "id", 0, 0, "1")],
        vec![rule("__ALL__", "__created_by__", 0, 0, "${user_id}")],
        vec![rule("__ALL__", "password", 1, 1, "x")],
        vec![rule("dept", "id", 1, 2, "0")],
    ] {
        assert_eq!(permitted(&rules, &DEPT), Permitted::nothing(), "{rules:?}");
    }
}

#[test]
fn rules_that_can_not_be_applied_close_their_group() {
    for (column, expression, value) in [
        ("id", 0, HOSTILE),
        (HOSTILE, 0, "1"),
        ("password", 1, "x"),
        ("id", 8, "1"),
        ("id", -1, "1"),
        ("id", 6, ""),
        ("id", 7, ","),
        ("name", 0, "${nobody}"),
        ("created_time", 0, "${user_id}"),
    ] {
        check(&[rule("Dept", column, 0, expression, value)], "((1 = 0))", &[]);
        let beside = [rule("Dept", column, 0, expression, value), rule("Dept", "sort", 0, 0, "1")];
        check(&beside, "((1 = 0 AND sys_dept.sort = $4))", &[1.into()]);
    }
    check(&[rule("Dept", "name", 1, 0, HOSTILE)], "((sys_dept.name = $4))", &[HOSTILE.into()]);
}

#[test]
fn a_user_without_a_department_has_null_for_it() {
    let clock = Clock::new(jiff::tz::TimeZone::UTC);
    let asking = Asking { user_id: 7, dept_id: None, clock: &clock };
    let rules = [rule("Dept", "__dept_id__", 0, 0, "${dept_id}")];
    assert_eq!(by_rules(&rules, &DEPT, &asking).parameters(), [Value::Null]);
}
