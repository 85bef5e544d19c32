//! The layout of everything that crosses, as text: a change of it is seen in review.
//!
//! Appending a function to [`PluginModule`](plugin_api::abi::PluginModule) or
//! [`HostApi`](plugin_api::abi::HostApi) raises `MINOR`; any other change raises `MAJOR`, and every
//! plugin has to be built again.

use abi_stable::StableAbi;
use abi_stable::type_layout::{TLFunction, TypeLayout};
use plugin_api::abi::{AbiTag, HostApiRef, MAJOR, MINOR, PluginModuleRef, abi_stable, check_layout};
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

/// What crossed in ABI 1.0, as far as it has grown since.
#[expect(dead_code, reason = "only the layout is looked at")]
mod of_1_0 {
    use plugin_api::abi::abi_stable::StableAbi;
    use plugin_api::abi::abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
    use plugin_api::abi::{FfiBody, FfiBytes, FfiCall, FfiDbError, FfiFuture, FfiHead, FfiInstance, FfiWakerRef};

    type Answer<T> = FfiFuture<RResult<T, FfiDbError>>;

    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
    #[sabi(missing_field(panic))]
    pub(super) struct PluginModule {
        describe: extern "C" fn() -> RResult<RVec<u8>, RString>,
        create: extern "C" fn(FfiHost) -> RResult<FfiInstance, RString>,
        start: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
        call: extern "C" fn(&FfiInstance, &FfiHead<'_>, FfiBody, &FfiWakerRef) -> FfiCall,
        #[sabi(last_prefix_field)]
        stop: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
    }

    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct FfiHost {
        context: *const (),
        api: HostApiRef,
    }

    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(kind(Prefix(prefix_ref = HostApiRef)))]
    #[sabi(missing_field(panic))]
    pub(super) struct HostApi {
        retain: extern "C" fn(*const ()),
        release: extern "C" fn(*const ()),
        log: extern "C" fn(*const (), u8, RStr<'_>, RStr<'_>, RStr<'_>),
        now_ms: extern "C" fn(*const ()) -> i64,
        format_time: extern "C" fn(*const (), i64) -> RString,
        sleep: extern "C" fn(*const (), u64) -> FfiFuture<()>,
        settings: extern "C" fn(*const ()) -> RString,
        db_dialect: extern "C" fn(*const ()) -> u8,
        db_query: extern "C" fn(*const (), u64, RStr<'_>, RSlice<'_, u8>) -> Answer<FfiBytes>,
        db_execute: extern "C" fn(*const (), u64, RStr<'_>, RSlice<'_, u8>) -> Answer<u64>,
        db_begin: extern "C" fn(*const ()) -> Answer<u64>,
        db_commit: extern "C" fn(*const (), u64) -> Answer<()>,
        db_rollback: extern "C" fn(*const (), u64) -> Answer<()>,
        db_abandon: extern "C" fn(*const (), u64),
        #[sabi(last_prefix_field)]
        panicked: extern "C" fn(*const (), RStr<'_>),
    }
}

/// What crossed in ABI 1.1, as far as it has grown since.
#[expect(dead_code, reason = "only the layout is looked at")]
mod of_1_1 {
    use plugin_api::abi::abi_stable::StableAbi;
    use plugin_api::abi::abi_stable::std_types::{RResult, RString, RVec};
    use plugin_api::abi::{FfiBody, FfiCall, FfiFuture, FfiHead, FfiHost, FfiInstance, FfiWakerRef};

    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
    #[sabi(missing_field(panic))]
    pub(super) struct PluginModule {
        pub(super) describe: extern "C" fn() -> RResult<RVec<u8>, RString>,
        pub(super) create: extern "C" fn(FfiHost) -> RResult<FfiInstance, RString>,
        pub(super) start: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
        pub(super) call: extern "C" fn(&FfiInstance, &FfiHead<'_>, FfiBody, &FfiWakerRef) -> FfiCall,
        #[sabi(last_prefix_field)]
        pub(super) stop: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
    }
}

#[test]
fn a_plugin_of_an_older_minor_version_fits_and_one_that_lacks_what_it_should_have_does_not() {
    for (minor, older) in [(0, of_1_0::PluginModuleRef::LAYOUT), (1, of_1_1::PluginModuleRef::LAYOUT)] {
        let checked = check_layout(older, minor).map_err(|errors| errors.to_string());
        assert_eq!(checked, Ok(()), "1.{minor}");
        assert!(check_layout(older, MINOR).is_err(), "1.{minor}");
    }
    assert!(check_layout(PluginModuleRef::LAYOUT, MINOR).is_ok());
}
