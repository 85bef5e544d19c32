//! The layout of everything that crosses, as text: a change of it is seen in review.
//!
//! Appending a function to [`PluginModule`](plugin_api::abi::PluginModule) or
//! [`HostApi`](plugin_api::abi::HostApi) raises `MINOR`; any other change raises `MAJOR`, and every
//! plugin has to be built again.

use abi_stable::StableAbi;
use abi_stable::type_layout::{TLFunction, TypeLayout};
use plugin_api::abi::{AbiTag, HostApiRef, MAJOR, MINOR, PluginModuleRef, abi_stable};
use std::collections::BTreeMap;

/// Visits `layout` and all that it is made of, each type once.
fn walk(layout: &'static TypeLayout, seen: &mut BTreeMap<String, String>) {
    let name = layout.full_type().to_string();
    if seen.contains_key(&name) {
        return;
    }
    seen.insert(name.clone(), String::new());
    let mut text = format!("size {} align {}", layout.size(), layout.alignment());
    // A prefix type hides its fields behind its reference.
    let fields = layout.get_fields().into_iter().chain([layout.phantom_fields()]);
    for field in fields.flat_map(|fields| fields.to_vec()) {
        text.push_str(&format!("\n  {}: ", field.name()));
        let functions: Vec<TLFunction> = field.function_range().iter().collect();
        if functions.is_empty() {
            text.push_str(&field.full_type().to_string());
        }
        for function in functions {
            // Below it stand its lifetimes, which have no layout.
            text.push_str(function.to_string().lines().next().unwrap_or_default());
            let returned = function.return_type_layout().map(|layout| layout());
            for below in function.param_type_layouts.iter().map(|layout| layout()).chain(returned) {
                walk(below, seen);
            }
        }
        walk(field.layout(), seen);
    }
    seen.insert(name, text);
}

#[test]
fn the_abi_is_the_one_of_its_version() {
    let mut seen = BTreeMap::new();
    for layout in [AbiTag::LAYOUT, PluginModuleRef::LAYOUT, HostApiRef::LAYOUT] {
        walk(layout, &mut seen);
    }
    let types: Vec<String> = seen.iter().map(|(name, text)| format!("{name} {text}")).collect();
    insta::assert_snapshot!("layout", format!("ABI {MAJOR}.{MINOR}\n\n{}\n", types.join("\n\n")));
}
