//! Data rules whose value names rows by their ids.

use super::entry::Entry;
use super::ids::Ids;
use plugin_api::db::Value;

/// What no row has for an id: a rule about a row that was not moved must not fall to another one.
const NOBODY: i64 = 0;
/// The comparisons by which ids are named: equal, different, one of, none of.
const NAMING: [i64; 4] = [0, 1, 6, 7];

/// Makes the ids in a rule's value ours; gives what is to be told.
pub(super) fn with_our_ids(entry: &mut Entry, depts: &Ids, users: &Ids) -> Option<String> {
    let (what, ids) = match (entry.text("model"), entry.text("column")) {
        (_, "__dept_id__" | "dept_id") | ("Dept", "id" | "parent_id") => ("department", depts),
        (_, "__created_by__") | ("User", "id") => ("user", users),
        _ => return None,
    };
    if !entry.int("expression").is_some_and(|expression| NAMING.contains(&expression)) {
        return None;
    }
    let value = entry.text("value").to_owned();
    // Anything else, as a variable, names nobody in particular.
    let theirs: Vec<i64> = value.split(',').map(|id| id.trim().parse()).collect::<Result<_, _>>().ok()?;
    let missing = theirs.iter().find(|id| ids.ours(**id).is_none());
    let ours: Vec<String> = theirs.iter().map(|id| ids.ours(*id).unwrap_or(NOBODY).to_string()).collect();
    entry.set("value", Value::from(ours.join(",")));
    missing.map(|id| format!("value: {what} {id} is not there; moved with {NOBODY}, which nothing has"))
}
