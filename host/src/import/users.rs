//! Users, and the passwords that they had before.

use super::ImportError;
use super::column::shown;
use super::entry::Entry;
use super::ids::Ids;
use super::step::Step;
use plugin_api::db::Value;
use std::collections::HashMap;

/// What of a batch's users is in use here, by whom.
struct InUse {
    uuids: HashMap<String, i64>,
    names: HashMap<String, i64>,
    emails: HashMap<String, i64>,
}

/// Adds the users who are not here; somebody is known by the uuid.
pub(super) async fn users(step: &mut Step<'_>, depts: &Ids) -> Result<Ids, ImportError> {
    let mut ids = Ids::default();
    let mut numbers = step.numbers(0).await?;
    while let Some(entries) = step.next().await? {
        let mut in_use = InUse::by(step, &entries).await?;
        let taken = step.taken(&entries).await?;
        for mut entry in entries {
            if let Some(ours) = in_use.uuids.get(entry.text("uuid")).copied() {
                ids.same(entry.id, ours);
                step.report.skipped += 1;
                continue;
            }
            if in_use.names.contains_key(entry.text("username")) {
                let name = shown(entry.text("username"));
                step.report.leave_out(entry.id, format!("username: {name} is the name of another user here"));
                continue;
            }
            settle(step, &mut entry, depts, &in_use);
            let ours = step.add(&mut numbers, &taken, &entry).await?;
            ids.added(entry.id, ours);
            in_use.note(&entry, ours);
        }
    }
    Ok(ids)
}

impl InUse {
    async fn by(step: &Step<'_>, entries: &[Entry]) -> Result<Self, ImportError> {
        let by = async |key: &'static str| {
            let values: Vec<&str> = entries.iter().map(|entry| entry.text(key)).collect();
            step.to.by_text(step.table, key, &values).await.map_err(step.failed())
        };
        Ok(Self { uuids: by("uuid").await?, names: by("username").await?, emails: by("email").await? })
    }

    fn note(&mut self, entry: &Entry, ours: i64) {
        self.uuids.insert(entry.text("uuid").to_owned(), ours);
        self.names.insert(entry.text("username").to_owned(), ours);
        self.emails.insert(entry.text("email").to_owned(), ours);
    }
}

/// Takes out of a user what can't be here, and makes the department ours.
fn settle(step: &mut Step<'_>, entry: &mut Entry, depts: &Ids, in_use: &InUse) {
    let email = entry.text("email");
    if !email.is_empty() && in_use.emails.contains_key(email) {
        let problem = format!("email: {} is the address of another user here; moved without it", shown(email));
        step.report.problem(entry.id, problem);
        entry.set("email", Value::Null);
    }
    if let Some(theirs) = entry.int("dept_id") {
        let ours = depts.ours(theirs);
        if ours.is_none() {
            step.report.problem(entry.id, format!("dept_id: department {theirs} is not there; moved without it"));
        }
        entry.set("dept_id", Value::from(ours));
    }
}

/// Adds the former passwords of users who are new here; the others have their own history.
pub(super) async fn former_passwords(step: &mut Step<'_>, users: &Ids) -> Result<Ids, ImportError> {
    let mut numbers = step.numbers(0).await?;
    while let Some(entries) = step.next().await? {
        let taken = step.taken(&entries).await?;
        for mut entry in entries {
            let theirs = entry.int("user_id").unwrap_or_default();
            match users.ours(theirs) {
                Some(ours) if users.is_new(ours) => {
                    entry.set("user_id", Value::Int(ours));
                    step.add(&mut numbers, &taken, &entry).await?;
                }
                Some(_) => step.report.skipped += 1,
                None => step.report.leave_out(entry.id, format!("user_id: user {theirs} is not there")),
            }
        }
    }
    Ok(Ids::default())
}
