//! The rows of a plugin's menu entries.
//!
//! They keep their ids over upgrades and restarts, because roles refer to them; whether they are
//! shown is not their business but the route table's.

use super::conflict::{Conflict, Owner};
use super::id::PluginId;
use super::release::Release;
use super::status::PluginStatus;
use super::table::Plugins;
use plugin_api::db::{Database, DbError, Statements, Transaction, Value, assignments};
use plugin_api::descriptor::{Menu, MenuKind};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the stored entries claim, the core's and those of every plugin that was ever enabled.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Name of an entry, and its plugin.
    names: HashMap<String, Option<String>>,
    /// The codes of the core's own entries.
    core_permissions: HashSet<String>,
}

/// An entry as it should be stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Row {
    name: String,
    title: String,
    path: Option<String>,
    sort: i64,
    icon: Option<String>,
    #[serde(rename = "type")]
    kind: i64,
    component: Option<String>,
    perms: Option<String>,
    display: i64,
    link: Option<String>,
    parent_id: Option<i64>,
}

#[derive(Deserialize)]
struct StoredRow {
    id: i64,
    /// An administrator has decided about place and look.
    arranged: bool,
    #[serde(flatten)]
    row: Row,
}

#[derive(Deserialize)]
struct ClaimRow {
    name: String,
    perms: Option<String>,
    plugin_id: Option<String>,
}

/// Reads what the stored entries claim.
pub(super) async fn claims(db: &Database) -> Result<Claims, DbError> {
    let rows: Vec<ClaimRow> = db.query("SELECT name, perms, plugin_id FROM sys_menu").fetch_all().await?;
    let mut claims = Claims::default();
    for row in rows {
        if row.plugin_id.is_none() {
            let codes = row.perms.iter().flat_map(|perms| perms.split(',')).map(str::trim);
            claims.core_permissions.extend(codes.filter(|code| !code.is_empty()).map(str::to_owned));
        }
        claims.names.insert(row.name, row.plugin_id);
    }
    Ok(claims)
}

/// Refuses entries and permission codes that belong to somebody else, and entries below nothing.
pub(super) fn refuse_conflicts(release: &Release, claims: &Claims, plugins: &Plugins) -> Result<(), Conflict> {
    let claimed_by = || Box::new(Owner::Plugin { id: release.id().clone(), version: release.version().clone() });
    for name in &release.contribution.menu_names {
        if let Some(owned_by) = claims.owner(name, release.id(), plugins) {
            return Err(Conflict::Menu { name: name.clone(), claimed_by: claimed_by(), owned_by: owned_by.into() });
        }
    }
    for code in &release.contribution.permissions {
        if let Some(owned_by) = permission_owner(code, release.id(), claims, plugins) {
            return Err(Conflict::Permission {
                code: code.clone(),
                claimed_by: claimed_by(),
                owned_by: owned_by.into(),
            });
        }
    }
    for (menu, parent) in release.descriptor.menus.iter().filter_map(|menu| Some((menu, menu.parent.as_ref()?))) {
        if !claims.names.contains_key(parent) && !release.contribution.menu_names.contains(parent) {
            let (name, parent) = (menu.name.clone(), parent.clone());
            return Err(Conflict::MenuParent { name, parent, claimed_by: claimed_by() });
        }
    }
    Ok(())
}

impl Claims {
    /// Who else than `asking` has an entry of this name.
    fn owner(&self, name: &str, asking: &PluginId, plugins: &Plugins) -> Option<Owner> {
        let Some(plugin) = self.names.get(name)? else { return Some(Owner::Core) };
        if plugin == asking.as_str() {
            return None;
        }
        match plugins.get(plugin.as_str()) {
            Some(status) => Some(Owner::Plugin { id: status.id().clone(), version: status.version().clone() }),
            None => Some(Owner::Kept { id: plugin.clone() }),
        }
    }
}

fn permission_owner(code: &str, asking: &PluginId, claims: &Claims, plugins: &Plugins) -> Option<Owner> {
    if claims.core_permissions.contains(code) {
        return Some(Owner::Core);
    }
    let serves = |other: &&Arc<PluginStatus>| other.active.is_some() && other.id() != asking;
    let claims = |other: &&Arc<PluginStatus>| other.release.contribution.permissions.iter().any(|own| own == code);
    let other = plugins.values().filter(serves).find(claims)?;
    Some(Owner::Plugin { id: other.id().clone(), version: other.version().clone() })
}

/// Makes the rows of a plugin's entries equal to `menus`.
pub(super) async fn save(tx: &Transaction, id: &PluginId, menus: &[Menu], now_ms: i64) -> Result<(), DbError> {
    for gone in compare(tx, id, menus, Some((tx, now_ms))).await?.unwrap_or_default() {
        remove_row(tx, gone).await?;
    }
    Ok(())
}

/// Whether [`save`] would change nothing.
pub(super) async fn stand(db: &Database, id: &PluginId, menus: &[Menu]) -> Result<bool, DbError> {
    Ok(compare(db, id, menus, None).await?.is_some_and(|gone| gone.is_empty()))
}

/// Compares the stored rows with `menus`, and writes each that differs, where and at the time that `write` says. Gives
/// the ids of the rows that nobody wants any more; without `write`, None as soon as one differs.
async fn compare(
    db: &impl Statements,
    id: &PluginId,
    menus: &[Menu],
    write: Option<(&Transaction, i64)>,
) -> Result<Option<Vec<i64>>, DbError> {
    let mut stored = stored(db, id).await?;
    // Entries above come first, so that those below know the id of theirs.
    let mut open: Vec<(&Menu, Option<i64>)> = menus.iter().rev().map(|menu| (menu, None)).collect();
    let mut ids: HashMap<&str, i64> = HashMap::new();
    while let Some((menu, above)) = open.pop() {
        let parent_id = parent_id(db, menu, above, &ids).await?;
        let known = stored.remove(&menu.name);
        let row = Row::of(menu, parent_id).arranged_as(known.as_ref());
        let menu_id = match (known, write) {
            (Some(known), _) if known.row == row => known.id,
            (_, None) => return Ok(None),
            (Some(known), Some((tx, now_ms))) => update(tx, known.id, &row, now_ms).await?,
            (None, Some((tx, now_ms))) => insert(tx, id, &row, now_ms).await?,
        };
        ids.insert(&menu.name, menu_id);
        open.extend(menu.children.iter().rev().map(|below| (below, Some(menu_id))));
    }
    Ok(Some(stored.into_values().map(|gone| gone.id).collect()))
}

/// Removes the rows of all entries of a plugin, with what roles were granted of them.
pub(super) async fn remove(tx: &Transaction, id: &PluginId) -> Result<(), DbError> {
    for row in stored(tx, id).await?.values() {
        remove_row(tx, row.id).await?;
    }
    Ok(())
}

async fn stored(db: &impl Statements, id: &PluginId) -> Result<HashMap<String, StoredRow>, DbError> {
    let sql = "SELECT id, arranged, name, title, path, sort, icon, type, component, perms, display, link, parent_id \
               FROM sys_menu WHERE plugin_id = $1";
    let rows: Vec<StoredRow> = db.query(sql).bind(id.as_str()).fetch_all().await?;
    Ok(rows.into_iter().map(|stored| (stored.row.name.clone(), stored)).collect())
}

/// The entry `above`; else the one that `menu` names, of the same plugin or of anybody else.
async fn parent_id(
    db: &impl Statements,
    menu: &Menu,
    above: Option<i64>,
    ids: &HashMap<&str, i64>,
) -> Result<Option<i64>, DbError> {
    let (Some(name), None) = (&menu.parent, above) else { return Ok(above) };
    if let Some(id) = ids.get(name.as_str()) {
        return Ok(Some(*id));
    }
    db.query("SELECT id FROM sys_menu WHERE name = $1").bind(name.as_str()).fetch_optional().await
}

async fn insert(tx: &Transaction, id: &PluginId, row: &Row, now_ms: i64) -> Result<i64, DbError> {
    let menu = tx
        .insert("sys_menu")
        .value("name", row.name.as_str())
        .value("plugin_id", id.as_str())
        .value("status", 1)
        .value("cache", 1)
        .value("created_time", now_ms);
    row.columns().into_iter().fold(menu, |menu, (column, value)| menu.value(column, value)).returning_id().await
}

/// The administrator's own choices are left alone: `status` and `cache`, and what is arranged.
async fn update(tx: &Transaction, menu_id: i64, row: &Row, now_ms: i64) -> Result<i64, DbError> {
    let (columns, values): (Vec<&str>, Vec<Value>) = row.columns().into_iter().unzip();
    let sql = format!("UPDATE sys_menu SET updated_time = $1, {} WHERE id = $2", assignments(3, &columns));
    tx.query(sql).bind(now_ms).bind(menu_id).bind_all(values).execute().await?;
    Ok(menu_id)
}

async fn remove_row(tx: &Transaction, menu_id: i64) -> Result<(), DbError> {
    tx.query("DELETE FROM sys_role_menu WHERE menu_id = $1").bind(menu_id).execute().await?;
    tx.query("DELETE FROM sys_menu WHERE id = $1").bind(menu_id).execute().await?;
    Ok(())
}

impl Row {
    fn of(menu: &Menu, parent_id: Option<i64>) -> Self {
        Self {
            name: menu.name.clone(),
            title: menu.title.clone(),
            path: menu.path.clone(),
            sort: i64::from(menu.sort),
            icon: menu.icon.clone(),
            kind: number(menu.kind),
            component: menu.component.clone(),
            perms: menu.perms.clone(),
            display: i64::from(!menu.hidden),
            link: menu.link.clone(),
            parent_id,
        }
    }

    /// With the title, the icon and the place that an administrator has given the entry.
    fn arranged_as(self, known: Option<&StoredRow>) -> Self {
        let Some(StoredRow { arranged: true, row, .. }) = known else { return self };
        let Self { title, icon, sort, display, parent_id, .. } = row.clone();
        Self { title, icon, sort, display, parent_id, ..self }
    }

    fn columns(&self) -> [(&'static str, Value); 10] {
        [
            ("title", self.title.as_str().into()),
            ("path", self.path.clone().into()),
            ("sort", self.sort.into()),
            ("icon", self.icon.clone().into()),
            ("type", self.kind.into()),
            ("component", self.component.clone().into()),
            ("perms", self.perms.clone().into()),
            ("display", self.display.into()),
            ("link", self.link.clone().into()),
            ("parent_id", self.parent_id.into()),
        ]
    }
}

fn number(kind: MenuKind) -> i64 {
    match kind {
        MenuKind::Directory => 0,
        MenuKind::Page => 1,
        MenuKind::Button => 2,
        MenuKind::Embedded => 3,
        MenuKind::Link => 4,
    }
}
