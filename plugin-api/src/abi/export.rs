//! What `export_plugin!` expands to: the functions of [`PluginModule`] for one `Plugin`.

use super::{
    FfiBody, FfiBytes, FfiCall, FfiEvent, FfiFuture, FfiHead, FfiHost, FfiInstance, FfiServiceCall, FfiServiceError,
    FfiWakerRef, Panicked, PluginModule, PluginModuleRef, guard,
};
use crate::context::PluginContext;
use crate::contributions::{Handlers, Parts};
use crate::events::Event;
use crate::peer::Call;
use crate::plugin::{Plugin, PluginError};
use crate::services::{HostServices, ServiceError, ServiceErrorKind};
use crate::settings::Settings;
use crate::{raw, report};
use abi_stable::library::{LibHeader, RootModuleResult};
use abi_stable::prefix_type::{PrefixRefTrait, WithMetadata};
use abi_stable::std_types::{RResult, RStr, RString, RVec};
use futures_util::future::BoxFuture;
use std::marker::PhantomData;
use std::sync::Arc;

/// Who the plugin is: its crate's name and version, filled in by `export_plugin!`.
pub trait Identity {
    /// The crate's name, `-` written as `_`.
    const ID: &'static str;
    /// The crate's version.
    const VERSION: &'static str;
}

/// The exported functions for `P`.
pub struct Exported<P>(PhantomData<P>);

impl<P: Plugin + Identity> Exported<P> {
    const MODULE: &'static WithMetadata<PluginModule> = &WithMetadata::new(PluginModule {
        describe: describe::<P>,
        create: create::<P>,
        start,
        call,
        stop,
        ready,
        configure,
        run_job,
        handle_event,
        serve,
    });

    /// The header through which the host finds the module.
    #[expect(
        clippy::declare_interior_mutable_const,
        reason = "`export_plugin!` puts it into one static, which is what is used"
    )]
    pub const HEADER: LibHeader = {
        // SAFETY: `root` returns the module that the header's layout describes.
        unsafe { LibHeader::from_constructor::<PluginModuleRef>(Self::root, abi_stable::library::CheckTypeLayout::Yes) }
    };

    /// The module, as the host sees it after its checks.
    pub fn module() -> PluginModuleRef {
        PluginModuleRef(Self::MODULE.static_as_prefix())
    }

    extern "C" fn root() -> RootModuleResult {
        // SAFETY: the erased reference is cast back by the host to the type named in `HEADER`.
        RResult::ROk(unsafe { Self::module().to_prefix_ref().cast() })
    }
}

/// The one instance of a load.
struct Instance {
    handlers: Handlers,
    plugin: Arc<dyn Lifecycle>,
}

/// `Plugin` without its type.
trait Lifecycle: Send + Sync {
    fn start(self: Arc<Self>) -> BoxFuture<'static, Result<(), PluginError>>;
    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()>;
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<(), PluginError>>;
    fn configure(self: Arc<Self>, settings: Settings) -> BoxFuture<'static, Result<(), PluginError>>;
}

impl<P: Plugin> Lifecycle for P {
    fn start(self: Arc<Self>) -> BoxFuture<'static, Result<(), PluginError>> {
        Box::pin(async move { Plugin::start(&*self).await })
    }
    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { Plugin::stop(&*self).await })
    }
    fn ready(self: Arc<Self>) -> BoxFuture<'static, Result<(), PluginError>> {
        Box::pin(async move { Plugin::ready(&*self).await })
    }
    fn configure(self: Arc<Self>, settings: Settings) -> BoxFuture<'static, Result<(), PluginError>> {
        Box::pin(async move { Plugin::configure(&*self, settings).await })
    }
}

fn parts<P: Plugin + Identity>(plugin: &P) -> Result<Parts, String> {
    plugin.contributions().into_parts(P::ID, P::VERSION).map_err(|error| error.to_string())
}

extern "C" fn describe<P: Plugin + Identity>() -> RResult<RVec<u8>, RString> {
    answer(guard(|| {
        let plugin = P::new(PluginContext::detached(P::ID));
        let descriptor = parts(&plugin)?.descriptor;
        serde_json::to_vec(&descriptor).map_err(|error| error.to_string())
    }))
    .map(RVec::from)
}

extern "C" fn create<P: Plugin + Identity>(host: FfiHost) -> RResult<FfiInstance, RString> {
    report::install(host.clone());
    host.id_form().set();
    answer(guard(|| {
        let plugin = Arc::new(P::new(PluginContext::new(P::ID, Arc::new(host))));
        let handlers = parts(&*plugin)?.handlers;
        let instance = Box::new(Instance { handlers, plugin });
        Ok(FfiInstance { data: Box::into_raw(instance).cast_const().cast(), release: release_instance })
    }))
}

extern "C" fn start(instance: &FfiInstance) -> FfiFuture<RResult<(), RString>> {
    outcome(Arc::clone(&known(instance).plugin).start())
}

extern "C" fn ready(instance: &FfiInstance) -> FfiFuture<RResult<(), RString>> {
    outcome(Arc::clone(&known(instance).plugin).ready())
}

extern "C" fn configure(instance: &FfiInstance, settings: RStr<'_>) -> FfiFuture<RResult<(), RString>> {
    let (plugin, settings) = (Arc::clone(&known(instance).plugin), Settings::new(settings.as_str()));
    outcome(async move { plugin.configure(settings).await })
}

extern "C" fn run_job(instance: &FfiInstance, job: u32) -> FfiFuture<RResult<(), RString>> {
    let handler = at(&known(instance).handlers.jobs, job).cloned();
    outcome(async move { handler.ok_or_else(|| PluginError::new("there is no such job"))?().await })
}

extern "C" fn handle_event(
    instance: &FfiInstance,
    handler: u32,
    event: &FfiEvent<'_>,
) -> FfiFuture<RResult<(), RString>> {
    let (handler, event) = (at(&known(instance).handlers.events, handler).cloned(), Event::copied(event));
    outcome(async move { handler.ok_or_else(|| PluginError::new("there is no such handler"))?(event).await })
}

extern "C" fn serve(
    instance: &FfiInstance,
    service: u32,
    call: &FfiServiceCall<'_>,
) -> FfiFuture<RResult<FfiBytes, FfiServiceError>> {
    let (handler, call) = (at(&known(instance).handlers.services, service).cloned(), Call::copied(call));
    let missing = || ServiceError::new(ServiceErrorKind::NotFound, "there is no such service");
    let answer = async move { handler.ok_or_else(missing)?(call).await };
    FfiFuture::new(async move { answer.await.map(FfiBytes::from).map_err(FfiServiceError::from).into() })
}

fn at<T>(handlers: &[T], index: u32) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| handlers.get(index))
}

fn outcome(work: impl Future<Output = Result<(), PluginError>> + Send + 'static) -> FfiFuture<RResult<(), RString>> {
    FfiFuture::new(async move { work.await.map_err(|error| RString::from(error.to_string())).into() })
}

extern "C" fn stop(instance: &FfiInstance) -> FfiFuture<RResult<(), RString>> {
    let plugin = Arc::clone(&known(instance).plugin);
    FfiFuture::new(async move {
        plugin.stop().await;
        RResult::ROk(())
    })
}

extern "C" fn call(instance: &FfiInstance, head: &FfiHead<'_>, body: FfiBody, waker: &FfiWakerRef) -> FfiCall {
    let answer = guard(|| match at(&known(instance).handlers.routes, head.route) {
        Some(handler) => waker.enter(None, |context| handler.call(raw::Head::new(head), raw::Body::new(body), context)),
        None => FfiCall::Ready(raw::Response::status(404).into()),
    });
    match answer {
        Ok(call) => call,
        Err(Panicked(text)) => FfiCall::Panicked(text.into()),
    }
}

fn known(instance: &FfiInstance) -> &Instance {
    // SAFETY: `data` is the box made in `create`, alive until the instance is released; the host gives
    // an instance only to the library that made it.
    unsafe { &*instance.data.cast::<Instance>() }
}

unsafe extern "C" fn release_instance(data: *const ()) {
    // SAFETY: `data` is the box made in `create`, released once.
    let instance = unsafe { Box::from_raw(data.cast_mut().cast::<Instance>()) };
    let _ = guard(move || drop(instance));
    report::remove();
}

fn answer<T>(result: Result<Result<T, String>, Panicked>) -> RResult<T, RString> {
    match result {
        Ok(Ok(value)) => RResult::ROk(value),
        Ok(Err(text)) => RResult::RErr(text.into()),
        Err(panicked) => RResult::RErr(panicked.to_string().into()),
    }
}

/// Makes a plugin of a type that implements [`Plugin`]: one line at the end of the crate.
///
/// The plugin's id is the crate's name (with `-` written as `_`), its version the crate's.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        $crate::export_plugin!(
            $plugin,
            $crate::abi::AbiTag::CURRENT,
            env!("CARGO_CRATE_NAME"),
            env!("CARGO_PKG_VERSION")
        );
    };
    ($plugin:ty, $tag:expr, $id:expr, $version:expr) => {
        impl $crate::abi::export::Identity for $plugin {
            const ID: &'static str = $id;
            const VERSION: &'static str = $version;
        }
        const _: () = {
            #[unsafe(export_name = "PLUGIN_ABI_TAG")]
            static TAG: $crate::abi::AbiTag = $tag;
            #[unsafe(export_name = "PLUGIN_MODULE")]
            static HEADER: $crate::abi::abi_stable::library::LibHeader =
                <$crate::abi::export::Exported<$plugin>>::HEADER;
        };
    };
}
