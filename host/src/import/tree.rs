//! Tables whose rows stand below each other: parents go first.

use super::ImportError;
use super::column::shown;
use super::entry::Entry;
use super::ids::Ids;
use super::report::TableReport;
use super::step::Step;
use plugin_api::db::{DbError, Value};
use serde::Deserialize;
use std::collections::{HashMap, HashSet, VecDeque};

/// The core's menu entries have the same ids everywhere.
const CORE_MENU_IDS: std::ops::RangeInclusive<i64> = 1..=50;
/// Menu entries of others begin above.
const CORE_MENU_IDS_RESERVED: i64 = 100;
/// The type of a button, which has no page and no route.
const BUTTON: i64 = 2;
/// Pages of plugins: whoever installs the plugin gets them with it.
const PLUGIN_PAGES: &str = "/plugins/";
/// What may differ of a core entry without being another one.
const CORE_MENU_REFRESHED: [&str; 6] = ["sort", "icon", "status", "display", "cache", "remark"];

/// Adds the departments that are not here; one is known by its name and place.
pub(super) async fn depts(step: &mut Step<'_>) -> Result<Ids, ImportError> {
    let entries = parents_first(step.all().await?, &mut step.report);
    let mut ids = Ids::default();
    let mut numbers = step.numbers(0).await?;
    let taken = step.taken(&entries).await?;
    let mut here = Depts::read(step).await.map_err(step.failed())?;
    for mut entry in entries {
        let parent = parent_of(step, &mut entry, &ids);
        let name = entry.text("name").to_owned();
        let is_deleted = *entry.value("del_flag") == Value::Bool(true);
        if let Some(ours) = here.at.get(&(is_deleted, parent, name.clone())).copied() {
            ids.same(entry.id, ours);
            step.report.skipped += 1;
        } else if !is_deleted && here.names.contains(&name) {
            let why = format!("name: a department here is called {}, at another place", shown(&name));
            step.report.leave_out(entry.id, why);
        } else {
            let ours = step.add(&mut numbers, &taken, &entry).await?;
            ids.added(entry.id, ours);
            here.note(DeptRow { id: ours, name, parent_id: parent, del_flag: is_deleted });
        }
    }
    Ok(ids)
}

#[derive(Deserialize)]
struct DeptRow {
    id: i64,
    name: String,
    parent_id: Option<i64>,
    del_flag: bool,
}

/// Our departments.
#[derive(Default)]
struct Depts {
    at: HashMap<(bool, Option<i64>, String), i64>,
    /// Of those that are not deleted; no two share one.
    names: HashSet<String>,
}

impl Depts {
    async fn read(step: &Step<'_>) -> Result<Self, DbError> {
        let rows = step.to.rows("SELECT id, name, parent_id, del_flag FROM sys_dept", Vec::new()).await?;
        let mut here = Self::default();
        rows.deserialize::<DeptRow>()?.into_iter().for_each(|dept| here.note(dept));
        Ok(here)
    }

    fn note(&mut self, dept: DeptRow) {
        if !dept.del_flag {
            self.names.insert(dept.name.clone());
        }
        self.at.insert((dept.del_flag, dept.parent_id, dept.name), dept.id);
    }
}

/// Makes a parent ours. One that was not moved is none: the row goes to the top, and that is told.
fn parent_of(step: &mut Step<'_>, entry: &mut Entry, ids: &Ids) -> Option<i64> {
    let theirs = entry.int("parent_id")?;
    let ours = ids.ours(theirs);
    if ours.is_none() {
        step.report.problem(entry.id, format!("parent_id: {theirs} is not there; moved to the top"));
    }
    entry.set("parent_id", Value::from(ours));
    ours
}

/// Adds the menu entries that are not here.
pub(super) async fn menus(step: &mut Step<'_>) -> Result<Ids, ImportError> {
    let entries = parents_first(step.all().await?, &mut step.report);
    let mut ids = Ids::default();
    let mut numbers = step.numbers(CORE_MENU_IDS_RESERVED).await?;
    let taken = step.taken(&entries).await?;
    let mut here = Menus::read(step).await.map_err(step.failed())?;
    for mut entry in entries {
        let is_core = CORE_MENU_IDS.contains(&entry.id) && taken.contains(&entry.id);
        if is_core {
            ids.same(entry.id, entry.id);
            step.keep(entry.id, &entry, &CORE_MENU_REFRESHED).await?;
            continue;
        }
        let theirs = entry.int("parent_id");
        let parent = theirs.and_then(|theirs| ids.ours(theirs));
        if theirs.is_some() && parent.is_none() {
            step.report.leave_out(entry.id, "parent_id: the entry above it is not there");
            continue;
        }
        entry.set("parent_id", Value::from(parent));
        if let Some(ours) = here.same(&entry) {
            ids.same(entry.id, ours);
            step.report.skipped += 1;
        } else if let Some(why) = here.conflict(&entry) {
            step.report.leave_out(entry.id, why);
        } else {
            let ours = step.add(&mut numbers, &taken, &entry).await?;
            ids.added(entry.id, ours);
            here.note(MenuRow::of(ours, &entry));
        }
    }
    Ok(ids)
}

#[derive(Deserialize)]
struct MenuRow {
    id: i64,
    title: String,
    name: String,
    #[serde(rename = "type")]
    kind: i64,
    parent_id: Option<i64>,
    perms: Option<String>,
    plugin_id: Option<String>,
}

impl MenuRow {
    fn of(id: i64, entry: &Entry) -> Self {
        let perms = entry.text("perms");
        Self {
            id,
            title: entry.text("title").to_owned(),
            name: entry.text("name").to_owned(),
            kind: entry.int("type").unwrap_or_default(),
            parent_id: entry.int("parent_id"),
            perms: (!perms.is_empty()).then(|| perms.to_owned()),
            plugin_id: None,
        }
    }
}

/// Our menu entries.
#[derive(Default)]
struct Menus {
    /// Of those with a route, by name.
    routes: HashMap<String, i64>,
    /// Of those without, by the entry above and by what they are called or permit.
    buttons: HashMap<(Option<i64>, String), i64>,
    /// Those that no two may share.
    titles: HashSet<String>,
}

impl Menus {
    async fn read(step: &Step<'_>) -> Result<Self, DbError> {
        let sql = "SELECT id, title, name, type, parent_id, perms, plugin_id FROM sys_menu";
        let rows = step.to.rows(sql, Vec::new()).await?;
        let mut here = Self::default();
        rows.deserialize::<MenuRow>()?.into_iter().for_each(|menu| here.note(menu));
        Ok(here)
    }

    fn note(&mut self, menu: MenuRow) {
        if menu.kind == BUTTON {
            for called in [Some(menu.name), menu.perms].into_iter().flatten() {
                self.buttons.insert((menu.parent_id, called), menu.id);
            }
            return;
        }
        self.routes.insert(menu.name, menu.id);
        if menu.plugin_id.is_none() {
            self.titles.insert(menu.title);
        }
    }

    fn same(&self, entry: &Entry) -> Option<i64> {
        if entry.int("type") != Some(BUTTON) {
            return self.routes.get(entry.text("name")).copied();
        }
        let called = |column: &str| {
            let text = entry.text(column);
            let key = (entry.int("parent_id"), text.to_owned());
            (!text.is_empty()).then(|| self.buttons.get(&key)).flatten().copied()
        };
        called("perms").or_else(|| called("name"))
    }

    /// Why a new entry can't be here.
    fn conflict(&self, entry: &Entry) -> Option<String> {
        if entry.int("type") == Some(BUTTON) {
            return None;
        }
        if entry.text("component").starts_with(PLUGIN_PAGES) {
            let page = shown(entry.text("component"));
            return Some(format!("component: {page} is a plugin's page; install the plugin, then import again"));
        }
        let title = entry.text("title");
        self.titles.contains(title).then(|| format!("title: {} is the title of another entry here", shown(title)))
    }
}

/// Sorts so that each row comes after the one above it. Rows that stand below each other in a circle
/// are left out; one whose parent is not there counts as one at the top.
fn parents_first(entries: Vec<Entry>, report: &mut TableReport) -> Vec<Entry> {
    let there: HashSet<i64> = entries.iter().map(|entry| entry.id).collect();
    let mut below: HashMap<i64, Vec<Entry>> = HashMap::new();
    let mut waiting = VecDeque::new();
    for entry in entries {
        match entry.int("parent_id").filter(|parent| there.contains(parent)) {
            Some(parent) => below.entry(parent).or_default().push(entry),
            None => waiting.push_back(entry),
        }
    }
    let mut sorted = Vec::with_capacity(there.len());
    while let Some(entry) = waiting.pop_front() {
        waiting.extend(below.remove(&entry.id).unwrap_or_default());
        sorted.push(entry);
    }
    let mut circular: Vec<i64> = below.into_values().flatten().map(|entry| entry.id).collect();
    circular.sort_unstable();
    circular.into_iter().for_each(|id| report.leave_out(id, "parent_id: it stands below itself"));
    sorted
}
