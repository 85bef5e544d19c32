//! The builder of menu entries.

use crate::descriptor::{Menu, MenuKind};

impl Menu {
    /// What the component of a page begins with that [`Menu::element`] makes.
    pub const ELEMENT: &str = "element:";
    /// What the component of a page begins with that [`Menu::resource`] makes.
    pub const RESOURCE: &str = "resource:";

    /// A page at `path` of the browser, absolute.
    pub fn page(name: &str, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..Self::of(MenuKind::Page, name) }
    }

    /// A folder of entries.
    pub fn directory(name: &str, path: &str) -> Self {
        Self { path: Some(path.to_owned()), ..Self::of(MenuKind::Directory, name) }
    }

    /// A button on a page, which grants `perms` to the roles that are given it.
    pub fn button(name: &str, perms: &str) -> Self {
        Self { perms: Some(perms.to_owned()), ..Self::of(MenuKind::Button, name) }
    }

    /// A page of `link` in a frame.
    pub fn embedded(name: &str, path: &str, link: &str) -> Self {
        Self { path: Some(path.to_owned()), link: Some(link.to_owned()), ..Self::of(MenuKind::Embedded, name) }
    }

    /// A link that opens elsewhere.
    pub fn link(name: &str, link: &str) -> Self {
        Self { link: Some(link.to_owned()), ..Self::of(MenuKind::Link, name) }
    }

    fn of(kind: MenuKind, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: name.to_owned(),
            kind,
            path: None,
            parent: None,
            sort: 0,
            icon: None,
            component: None,
            perms: None,
            link: None,
            hidden: false,
            children: Vec::new(),
        }
    }

    /// The text, or a key of the console's language files; the name if it is not given.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.to_owned();
        self
    }

    /// Below the entry of that name, which the core or another plugin has.
    pub fn below(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }

    /// The place among its neighbours, ascending.
    pub fn sort(mut self, sort: i32) -> Self {
        self.sort = sort;
        self
    }

    /// An icon's name, or a URL.
    pub fn icon(mut self, icon: &str) -> Self {
        self.icon = Some(icon.to_owned());
        self
    }

    /// The front end's component that shows the page.
    pub fn component(mut self, component: &str) -> Self {
        self.component = Some(component.to_owned());
        self
    }

    /// The console shows the custom element `name`, from the module that `plugin.toml` names:
    ///
    /// ```toml
    /// [ui]
    /// module = "ui/hello.js"
    /// ```
    ///
    /// The name begins with the plugin's id and a hyphen: `hello-page`. The module exports by default an
    /// object of such names and the classes of the elements; it does not define them, since the console
    /// does, anew for each version:
    ///
    /// ```js
    /// class HelloPage extends HTMLElement {
    ///   set backplane(backplane) { … } // language, theme, user, fetch, notify, may
    /// }
    /// export default { 'hello-page': HelloPage }
    /// ```
    ///
    /// What an element is given stands in `host/docs/PAGES.md`.
    pub fn element(self, name: &str) -> Self {
        self.component(&format!("{}{name}", Self::ELEMENT))
    }

    /// The console makes the page of one resource: a list at `GET path`, with the operations at and below
    /// that path that the OpenAPI document has. Without this, and without a component, an entry whose path
    /// begins with the plugin's id shows all of the plugin's resources.
    pub fn resource(self, path: &str) -> Self {
        self.component(&format!("{}{path}", Self::RESOURCE))
    }

    /// Not shown, but still routed in the browser.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// One more entry below this one.
    pub fn child(mut self, child: Menu) -> Self {
        self.children.push(child);
        self
    }
}
