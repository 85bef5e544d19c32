//! Which pages are accepted, and what a refusal says.

use super::*;
use plugin_api::descriptor::{Access, RouteSpec};

const MANIFEST: &str = r#"
[plugin]
id = "my_shop"
version = "1.0.0"
summary = "A shop"
description = "A shop"
author = "Somebody"
tags = ["other"]
database = ["sqlite"]
"#;
const UI: &str = "[ui]\nmodule = \"ui/shop.js\"";

fn outcome(ui: &str, menu: Menu) -> Result<(), PageError> {
    let manifest = Manifest::parse(&format!("{MANIFEST}{ui}")).unwrap();
    let mut descriptor = Descriptor { menus: vec![Menu::directory("Shop", "/shop").child(menu)], ..descriptor() };
    for path in ["/shop/orders", "/shop/orders/{pk}"] {
        descriptor.routes.push(RouteSpec {
            method: "GET".to_owned(),
            path: path.to_owned(),
            access: Access::Authenticated,
            summary: String::new(),
        });
    }
    refuse_faults(&manifest, &descriptor, ["plugin.toml", "ui/shop.js"])
}

fn descriptor() -> Descriptor {
    serde_json::from_str(r#"{"id": "my_shop", "version": "1.0.0", "api": "1.0.0", "routes": []}"#).unwrap()
}

#[track_caller]
fn refused(ui: &str, menu: Menu, words: &str) {
    let text = outcome(ui, menu).expect_err("must be refused").to_string();
    assert!(text.contains(words), "{text:?} does not say {words:?}");
}

#[test]
fn what_can_be_shown_is_accepted() {
    let page = || Menu::page("Page", "/shop/page");
    assert_eq!(outcome(UI, page().element("my_shop-page")), Ok(()));
    assert_eq!(outcome(UI, page().element("my_shop-order-list2")), Ok(()));
    assert_eq!(outcome("", page().resource("/shop/orders")), Ok(()));
    assert_eq!(outcome("", page().component("/plugins/my_shop/views/index")), Ok(()));
}

#[test]
fn what_can_not_be_shown_is_refused_with_what_would_be_accepted() {
    let page = || Menu::page("Page", "/shop/page");
    let names = ["page", "my_shop", "my_shop-", "my_shop-Page", "other-page", "my_shop-<b>", "my_shop-ä"];
    for name in names {
        refused(UI, page().element(name), "begins with \"my_shop-\" is accepted");
    }
    refused("", page().element("my_shop-page"), "[ui] with module = \"ui/page.js\" is accepted");
    refused(
        "[ui]\nmodule = \"ui/other.js\"",
        page(),
        "ui.module is \"ui/other.js\", which is not in the bundle; below ui/ it brings ui/shop.js",
    );
    refused("", page().resource("/shop/order"), "the path of a GET route such as /shop/orders is accepted");
    refused("", page().resource("/shop/orders/{pk}"), "such as /shop/orders is accepted");
}
