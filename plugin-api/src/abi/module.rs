//! The functions that a plugin's library exports.

use super::{
    FfiBody, FfiBytes, FfiCall, FfiEvent, FfiFuture, FfiHead, FfiHost, FfiServiceCall, FfiServiceError, FfiWakerRef,
};
use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RStr, RString, RVec};

/// The root module. Fields are appended after `stop`, never changed.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PluginModule {
    /// The [`Descriptor`](crate::descriptor::Descriptor) as JSON, without starting anything.
    pub describe: extern "C" fn() -> RResult<RVec<u8>, RString>,
    /// Makes the plugin's one instance of this load.
    pub create: extern "C" fn(FfiHost) -> RResult<FfiInstance, RString>,
    /// The plugin's own start.
    pub start: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
    /// Answers a request. The head is lent for the call only.
    pub call: extern "C" fn(&FfiInstance, &FfiHead<'_>, FfiBody, &FfiWakerRef) -> FfiCall,
    /// The plugin's own stop; nothing is called afterwards but releases.
    #[sabi(last_prefix_field)]
    pub stop: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
    /// Whether the plugin can serve, asked between its start and its first request. Since 1.2.
    #[sabi(missing_field(option))]
    pub ready: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
    /// Offers the new effective settings, a JSON object. The text is lent for the call only. Since 1.2.
    #[sabi(missing_field(option))]
    pub configure: extern "C" fn(&FfiInstance, RStr<'_>) -> FfiFuture<RResult<(), RString>>,
    /// Does the work of a job, by its index in the descriptor. Since 1.4.
    #[sabi(missing_field(option))]
    pub run_job: extern "C" fn(&FfiInstance, u32) -> FfiFuture<RResult<(), RString>>,
    /// Takes an event, by the index of its handler in the descriptor. It is lent for the call only. Since 1.4.
    #[sabi(missing_field(option))]
    pub handle_event: extern "C" fn(&FfiInstance, u32, &FfiEvent<'_>) -> FfiFuture<RResult<(), RString>>,
    /// Answers a call of a service, by its index in the descriptor. It is lent for the call only. Since 1.4.
    #[sabi(missing_field(option))]
    pub serve: extern "C" fn(&FfiInstance, u32, &FfiServiceCall<'_>) -> FfiFuture<RResult<FfiBytes, FfiServiceError>>,
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}
    const BASE_NAME: &'static str = "plugin";
    const NAME: &'static str = "plugin";
    const VERSION_STRINGS: VersionStrings = abi_stable::package_version_strings!();
}

/// The plugin's instance, opaque to the host.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiInstance {
    pub(super) data: *const (),
    pub(super) release: unsafe extern "C" fn(*const ()),
}

// SAFETY: the instance behind it is `Send + Sync` (bound on `Plugin`).
unsafe impl Send for FfiInstance {}
// SAFETY: as above.
unsafe impl Sync for FfiInstance {}

impl Drop for FfiInstance {
    fn drop(&mut self) {
        // SAFETY: `data` belongs to `release`, and this is the only call of it.
        unsafe { (self.release)(self.data) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi_stable::prefix_type::WithMetadata;

    #[expect(dead_code, reason = "most is only laid out")]
    mod of_1_1 {
        use super::super::*;

        #[repr(C)]
        #[derive(StableAbi)]
        #[sabi(kind(Prefix(prefix_ref = OlderModuleRef)))]
        #[sabi(missing_field(panic))]
        pub(super) struct OlderModule {
            pub(super) describe: extern "C" fn() -> RResult<RVec<u8>, RString>,
            pub(super) create: extern "C" fn(FfiHost) -> RResult<FfiInstance, RString>,
            pub(super) start: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
            pub(super) call: extern "C" fn(&FfiInstance, &FfiHead<'_>, FfiBody, &FfiWakerRef) -> FfiCall,
            #[sabi(last_prefix_field)]
            pub(super) stop: extern "C" fn(&FfiInstance) -> FfiFuture<RResult<(), RString>>,
        }
    }

    extern "C" fn describe() -> RResult<RVec<u8>, RString> {
        RResult::RErr("of 1.1".into())
    }
    extern "C" fn create(_: FfiHost) -> RResult<FfiInstance, RString> {
        RResult::RErr("of 1.1".into())
    }
    extern "C" fn start(_: &FfiInstance) -> FfiFuture<RResult<(), RString>> {
        FfiFuture::new(async { RResult::ROk(()) })
    }
    extern "C" fn call(_: &FfiInstance, _: &FfiHead<'_>, _: FfiBody, _: &FfiWakerRef) -> FfiCall {
        FfiCall::Panicked("of 1.1".into())
    }

    #[test]
    fn what_a_module_of_1_1_lacks_is_seen_to_be_missing() {
        const OLDER: &WithMetadata<of_1_1::OlderModule> =
            &WithMetadata::new(of_1_1::OlderModule { describe, create, start, call, stop: start });
        let older = OLDER.static_as_prefix();
        // SAFETY: the layouts of 1.1 and of now begin alike, which `tests/abi.rs` compares.
        let module = PluginModuleRef(unsafe { older.cast::<PluginModule_Prefix>() });
        assert!(module.ready().is_none());
        assert!(module.configure().is_none());
        assert!(module.run_job().is_none());
        assert!(module.handle_event().is_none());
        assert!(module.serve().is_none());
        assert_eq!(module.describe()(), RResult::RErr("of 1.1".into()));
    }
}
