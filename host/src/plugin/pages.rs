//! Which page a menu entry shows: an element of the plugin's own module, or one that is made of a
//! resource of its OpenAPI document. What a version declares of them is checked before it is stored.

use super::manifest::Manifest;
use super::ui::file_names;
use plugin_api::descriptor::{Descriptor, Menu};

/// Longer names of elements are of no use.
const NAME_BYTES_MAX: usize = 64;

/// Why pages can't be shown as they are declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A name that no element can have, or that another plugin's element might have.
    #[error(
        "menu entry {menu} shows element {name:?}: a name of lowercase letters, digits, - and _ that begins with {prefix:?} is accepted, at most {NAME_BYTES_MAX} long"
    )]
    Element {
        /// The entry.
        menu: String,
        /// The element's name.
        name: String,
        /// What it must begin with.
        prefix: String,
    },
    /// Nothing says where the element's code is.
    #[error(
        "menu entry {menu} shows an element, and plugin.toml names no module: [ui] with module = \"ui/page.js\" is accepted"
    )]
    NoModule {
        /// The entry.
        menu: String,
    },
    /// The module is not in the bundle.
    #[error(
        "plugin.toml: ui.module is {module:?}, which is not in the bundle; below ui/ it brings {}",
        file_names(found)
    )]
    MissingModule {
        /// What was looked for.
        module: String,
        /// What is there.
        found: Vec<String>,
    },
    /// No such resource is served by the plugin.
    #[error("menu entry {menu} shows resource {path:?}: {} is accepted", lists(found))]
    Resource {
        /// The entry.
        menu: String,
        /// The path that it names.
        path: String,
        /// The paths that could be shown.
        found: Vec<String>,
    },
}

/// The name of the element that a menu entry's component stands for.
#[must_use]
pub fn element_of(component: &str) -> Option<&str> {
    component.strip_prefix(Menu::ELEMENT)
}

/// Refuses pages that could not be shown, of a version whose bundle holds `files`.
pub(super) fn refuse_faults<'a>(
    manifest: &Manifest,
    descriptor: &Descriptor,
    files: impl IntoIterator<Item = &'a str>,
) -> Result<(), PageError> {
    refuse_missing_module(manifest, files)?;
    let mut open: Vec<&Menu> = descriptor.menus.iter().collect();
    while let Some(menu) = open.pop() {
        let component = menu.component.as_deref().unwrap_or_default();
        if let Some(name) = element_of(component) {
            refuse_element(manifest, menu, name)?;
        }
        if let Some(path) = component.strip_prefix(Menu::RESOURCE) {
            refuse_resource(descriptor, menu, path)?;
        }
        open.extend(&menu.children);
    }
    Ok(())
}

/// Refuses a manifest whose module is not among `files`.
///
/// # Errors
/// [`PageError::MissingModule`].
pub fn refuse_missing_module<'a>(
    manifest: &Manifest,
    files: impl IntoIterator<Item = &'a str>,
) -> Result<(), PageError> {
    let Some(ui) = &manifest.ui else { return Ok(()) };
    let found: Vec<String> =
        files.into_iter().filter(|name| crate::store::ui::is_ui(name)).map(str::to_owned).collect();
    if found.contains(&ui.module) {
        return Ok(());
    }
    Err(PageError::MissingModule { module: ui.module.clone(), found })
}

/// A custom element's name holds a hyphen; with the plugin's id before it, no two plugins meet.
fn refuse_element(manifest: &Manifest, menu: &Menu, name: &str) -> Result<(), PageError> {
    let prefix = format!("{}-", manifest.id);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let is_good = name.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain));
    if !is_good || name.len() > NAME_BYTES_MAX {
        return Err(PageError::Element { menu: menu.name.clone(), name: name.to_owned(), prefix });
    }
    match manifest.ui {
        Some(_) => Ok(()),
        None => Err(PageError::NoModule { menu: menu.name.clone() }),
    }
}

fn refuse_resource(descriptor: &Descriptor, menu: &Menu, path: &str) -> Result<(), PageError> {
    let shown = |method: &str, path: &str| method == "GET" && !path.contains(['{', ':']);
    let lists = descriptor.routes.iter().filter(|route| shown(&route.method, &route.path));
    let found: Vec<String> = lists.map(|route| route.path.clone()).collect();
    if found.iter().any(|known| known == path) {
        return Ok(());
    }
    Err(PageError::Resource { menu: menu.name.clone(), path: path.to_owned(), found })
}

fn lists(found: &[String]) -> String {
    match found {
        [] => "nothing, since no GET route without parameters in its path".to_owned(),
        found => format!("the path of a GET route such as {}", found.join(", ")),
    }
}

#[cfg(test)]
mod tests;
