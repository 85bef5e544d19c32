//! The functions that a plugin's library exports.

use super::{FfiBody, FfiCall, FfiFuture, FfiHead, FfiHost, FfiWakerRef};
use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RString, RVec};

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
