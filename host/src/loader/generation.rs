//! One load of one version, running.

use super::image::{Image, Remains};
use super::report::ImageState;
use super::thread::Work;
use super::{ConfigureError, DrainTimeout, Loader, StartError, StopError};
use parking_lot::Mutex;
use plugin_api::abi::abi_stable::std_types::{RResult, RString};
use plugin_api::abi::{FfiBody, FfiCall, FfiFuture, FfiHead, FfiHost, FfiInstance, FfiWakerRef, Hold, PluginModuleRef};
use plugin_api::descriptor::Descriptor;
use plugin_api::services::HostServices;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One load of one version, running in this process. Dropping the last one gives it to the reaper.
pub struct Generation {
    number: u64,
    descriptor: Arc<Descriptor>,
    module: PluginModuleRef,
    instance: Arc<FfiInstance>,
    in_flight: AtomicUsize,
    draining: AtomicBool,
    drained: Notify,
    cut: CancellationToken,
    loader: Arc<Loader>,
    remains: Mutex<Option<Remains>>,
}

/// A running call's hold on a generation. It lives until the answer's body has been sent.
pub struct Lease(Arc<Generation>);

impl Lease {
    /// The generation that is held.
    pub fn generation(&self) -> &Generation {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.draining.load(Ordering::SeqCst) {
            self.0.drained.notify_waiters();
        }
    }
}

impl Image {
    /// Makes the plugin's instance and runs its start, on a thread of its own.
    ///
    /// # Errors
    /// [`StartError`]; the image is then given to the reaper.
    pub async fn start(
        mut self,
        services: Arc<dyn HostServices>,
        deadline: Duration,
    ) -> Result<Arc<Generation>, StartError> {
        let (module, hold) = (self.module, self.remains.hold());
        let runtime = tokio::runtime::Handle::current();
        let created = run(deadline, "plugin-start", move || {
            let instance = match module.create()(FfiHost::export(services, hold)) {
                RResult::ROk(instance) => instance,
                RResult::RErr(reason) => return Err((None, reason.into_string())),
            };
            match runtime.block_on(module.start()(&instance)) {
                Ok(RResult::ROk(())) => Ok(instance),
                Ok(RResult::RErr(reason)) => Err((Some(instance), reason.into_string())),
                Err(panicked) => Err((Some(instance), panicked.to_string())),
            }
        })
        .await
        .left_to(&mut self.remains);
        match created {
            Some(Ok(instance)) => Ok(Arc::new(self.into_generation(instance))),
            Some(Err((instance, reason))) => {
                self.remains.set_instance(instance.map(Arc::new));
                Err(StartError::Refused { reason })
            }
            None => Err(StartError::TimedOut(deadline)),
        }
    }

    fn into_generation(self, instance: FfiInstance) -> Generation {
        let (module, descriptor, loader) = (self.module, Arc::clone(&self.descriptor), Arc::clone(&self.loader));
        let instance = Arc::new(instance);
        let mut remains = self.into_remains();
        remains.set_instance(Some(Arc::clone(&instance)));
        Generation {
            number: remains.number(),
            descriptor,
            module,
            instance,
            in_flight: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            cut: CancellationToken::new(),
            loader,
            remains: Mutex::new(Some(remains)),
        }
    }
}

impl Generation {
    /// The number of this load in this process, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the library says of itself.
    pub fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    /// Holds the generation for one call; None once it drains.
    pub fn lease(self: &Arc<Self>) -> Option<Lease> {
        // First counted, then asked: a drain that begins in between sees the count.
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let lease = Lease(Arc::clone(self));
        (!self.draining.load(Ordering::SeqCst)).then_some(lease)
    }

    /// Calls that have not been answered whole.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Refuses new calls, waits for the running ones, and cuts those that still run after `deadline`.
    ///
    /// # Errors
    /// [`DrainTimeout`] with the number of calls that were cut.
    pub async fn drain(&self, deadline: Duration) -> Result<(), DrainTimeout> {
        self.draining.store(true, Ordering::SeqCst);
        if let Some(remains) = self.remains.lock().as_ref() {
            remains.report(ImageState::Draining);
        }
        if tokio::time::timeout(deadline, self.idle()).await.is_ok() {
            return Ok(());
        }
        let running = self.in_flight();
        self.cut.cancel();
        // Cut calls end at their next poll; one that blocks its worker can't be ended.
        let _ = tokio::time::timeout(CUT_DEADLINE, self.idle()).await;
        Err(DrainTimeout { running, waited: deadline })
    }

    /// Runs the plugin's own stop, on a thread of its own. Call it once, after [`drain`](Self::drain).
    ///
    /// # Errors
    /// [`StopError`]
    pub async fn stop(&self, deadline: Duration) -> Result<(), StopError> {
        let Some(mut remains) = self.remains.lock().take() else { return Ok(()) };
        let (module, instance) = (self.module, Arc::clone(&self.instance));
        let runtime = tokio::runtime::Handle::current();
        let stopped = run(deadline, "plugin-stop", move || {
            // The future is dropped before the instance, both on this thread.
            let answer = runtime.block_on(module.stop()(&instance));
            drop(instance);
            answer
        })
        .await
        .left_to(&mut remains);
        *self.remains.lock() = Some(remains);
        match stopped {
            Some(Ok(RResult::ROk(()))) => Ok(()),
            Some(Ok(RResult::RErr(reason))) => Err(StopError::Failed { reason: reason.into_string() }),
            Some(Err(panicked)) => Err(StopError::Failed { reason: panicked.to_string() }),
            None => Err(StopError::TimedOut(deadline)),
        }
    }

    /// Asks the plugin whether it can serve, on a thread of its own; one of ABI 1.1 can.
    ///
    /// # Errors
    /// [`StartError`] with the plugin's words. It runs on: whoever asked stops it.
    pub async fn ready(&self, deadline: Duration) -> Result<(), StartError> {
        let Some(ready) = self.module.ready() else { return Ok(()) };
        match self.ask(deadline, "plugin-ready", move |instance| ready(instance)).await {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(StartError::NotReady { reason }),
            None => Err(StartError::TimedOut(deadline)),
        }
    }

    /// Offers the plugin its settings, a JSON object, on a thread of its own; one of ABI 1.1 takes all.
    ///
    /// # Errors
    /// [`ConfigureError`] with the plugin's words.
    pub async fn configure(&self, settings: String, deadline: Duration) -> Result<(), ConfigureError> {
        let Some(configure) = self.module.configure() else { return Ok(()) };
        let offer = move |instance: &FfiInstance| configure(instance, settings.as_str().into());
        match self.ask(deadline, "plugin-configure", offer).await {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(ConfigureError::Refused { reason }),
            None => Err(ConfigureError::TimedOut(deadline)),
        }
    }

    /// Runs something of the plugin's own while it may serve; None if it does not come back.
    async fn ask<F>(&self, deadline: Duration, name: &'static str, question: F) -> Option<Result<(), String>>
    where
        F: FnOnce(&FfiInstance) -> FfiFuture<RResult<(), RString>> + Send + 'static,
    {
        let (instance, runtime) = (Arc::clone(&self.instance), tokio::runtime::Handle::current());
        let ran = run(deadline, name, move || {
            // The future is dropped before the instance, both on this thread.
            let answer = runtime.block_on(question(&instance));
            drop(instance);
            answer
        })
        .await;
        // Calls run meanwhile and hold the image by the remains, which must stay in their place.
        let answer = match self.remains.lock().as_mut() {
            Some(remains) => ran.left_to(remains),
            None => ran.answer,
        };
        Some(match answer? {
            Ok(RResult::ROk(())) => Ok(()),
            Ok(RResult::RErr(reason)) => Err(reason.into_string()),
            Err(panicked) => Err(panicked.to_string()),
        })
    }

    /// Gives up this hold on the generation; the last one sends it to the reaper.
    pub fn retire(self: Arc<Self>) {
        drop(self);
    }

    pub(super) fn call(&self, head: &FfiHead<'_>, body: FfiBody, waker: &FfiWakerRef) -> FfiCall {
        self.module.call()(&self.instance, head, body, waker)
    }

    pub(super) fn module(&self) -> PluginModuleRef {
        self.module
    }

    pub(super) fn instance(&self) -> &FfiInstance {
        &self.instance
    }

    pub(super) fn cut_token(&self) -> &CancellationToken {
        &self.cut
    }

    pub(super) fn hold(&self) -> Hold {
        self.remains.lock().as_ref().map_or_else(|| Arc::new(()) as Hold, Remains::hold)
    }

    async fn idle(&self) {
        loop {
            let notified = self.drained.notified();
            if self.in_flight() == 0 {
                return;
            }
            // A notification between the check and the wait would be lost, hence the short wait.
            let _ = tokio::time::timeout(Duration::from_millis(20), notified).await;
        }
    }
}

/// How long a cut call gets to be polled once more.
const CUT_DEADLINE: Duration = Duration::from_secs(2);

impl Drop for Generation {
    fn drop(&mut self) {
        if let Some(remains) = self.remains.get_mut().take() {
            self.loader.reaper().take(remains);
        }
    }
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Generation({} {} #{})", self.descriptor.id, self.descriptor.version, self.number)
    }
}

/// What plugin code on a thread of its own came to.
struct Ran<T> {
    /// None if it did not come back in time.
    answer: Option<T>,
    thread: Option<JoinHandle<()>>,
}

impl<T> Ran<T> {
    /// Leaves the thread to whom the reaper joins it for.
    fn left_to(self, remains: &mut Remains) -> Option<T> {
        if let Some(thread) = self.thread {
            remains.add_thread(thread);
        }
        self.answer
    }
}

/// Runs plugin code that may not come back.
async fn run<T: Send + 'static>(
    deadline: Duration,
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Ran<T> {
    let work = match Work::start(name, work) {
        Ok(work) => work,
        Err(error) => {
            tracing::error!(%error, "no thread could be started for a plugin");
            return Ran { answer: None, thread: None };
        }
    };
    match tokio::task::spawn_blocking(move || work.wait(deadline)).await {
        Ok((answer, thread)) => Ran { answer, thread: Some(thread) },
        Err(_) => Ran { answer: None, thread: None },
    }
}
