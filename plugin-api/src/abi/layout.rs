//! Whether a plugin's functions and the host's fit together.

use super::{MINOR, PluginModuleRef};
use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::{
    AbiInstabilityErrors, CheckingGlobals, check_layout_compatibility_with_globals,
};
use abi_stable::type_layout::TypeLayout;

/// Compares the layout of a module that a plugin of this `MAJOR` and of `minor` exports with that of
/// [`PluginModule`](super::PluginModule). The answer may refer to the plugin's image.
///
/// # Errors
/// What differs. `abi_stable` calls what is wanted "expected" and what is given "found".
pub fn check_layout(exported: &'static TypeLayout, minor: u32) -> Result<(), AbiInstabilityErrors> {
    let own = <PluginModuleRef as StableAbi>::LAYOUT;
    // `abi_stable` accepts more than is wanted, never less. What an older plugin knows is a beginning of what
    // there is now, so for it the plugin is the side that wants.
    let (wanted, given) = if minor < MINOR { (exported, own) } else { (own, exported) };
    // Fresh globals for each check: the process-wide ones would keep pointers into the image.
    check_layout_compatibility_with_globals(wanted, given, &CheckingGlobals::new())
}
