//! Tables that say which row of one table has which row of another.

use super::ImportError;
use super::ids::Ids;
use super::step::Step;
use plugin_api::db::Value;

/// Adds the links that are not here. None is taken away.
pub(super) async fn links(step: &mut Step<'_>, left: &Ids, right: &Ids) -> Result<Ids, ImportError> {
    let [left_column, right_column] = step.table.columns else { return Ok(Ids::default()) };
    let (left_column, right_column) = (left_column.name, right_column.name);
    let sql = format!(
        "INSERT INTO {} (id, {left_column}, {right_column}) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        step.table.name
    );
    let mut numbers = step.numbers(0).await?;
    let mut id = numbers.next();
    while let Some(entries) = step.next().await? {
        for entry in entries {
            let theirs = [left_column, right_column].map(|column| (column, entry.int(column).unwrap_or_default()));
            let ours = [left.ours(theirs[0].1), right.ours(theirs[1].1)];
            let [Some(one), Some(other)] = ours else {
                let (column, missing) = if ours[0].is_none() { theirs[0] } else { theirs[1] };
                step.report.leave_out(entry.id, format!("{column}: there is no {missing} to link"));
                continue;
            };
            let parameters = vec![Value::Int(id), Value::Int(one), Value::Int(other)];
            if step.to.execute(&sql, parameters).await.map_err(step.failed())? == 0 {
                step.report.skipped += 1;
            } else {
                step.report.added += 1;
                id = numbers.next();
            }
        }
    }
    Ok(Ids::default())
}
