//! What a plugin is given to do beside requests: jobs, events, calls of its services.
//!
//! Nobody asks in an errand, so nobody is permitted anything. As a request does, it keeps the generation by its lease,
//! and ends at the latest when that is cut.

use super::CallError;
use super::asker::Asker;
use super::generation::Lease;
use bytes::Bytes;
use plugin_api::abi::abi_stable::std_types::{RResult, RString};
use plugin_api::abi::{FfiEvent, FfiFuture, FfiServiceCall};
use plugin_api::services::ServiceError;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// An event, as it is given to a handler.
#[derive(Debug, Clone, Copy)]
pub struct GivenEvent<'a> {
    /// The same whenever the plugin is given it.
    pub id: i64,
    /// The plugin that published it, or `core`.
    pub source: &'a str,
    /// Without the source.
    pub name: &'a str,
    /// JSON.
    pub data: &'a str,
    /// Unix milliseconds.
    pub published_ms: i64,
    /// From 1.
    pub attempt: u32,
}

impl Lease {
    /// Does the work of a job, by its index in the descriptor; gives the plugin's own error.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn run_job(self, job: u32) -> Result<Result<(), String>, CallError> {
        let generation = self.generation();
        let run = generation.module().run_job().ok_or(LACKING)?;
        let work = run(generation.instance(), job);
        self.finish(work).await
    }

    /// Gives an event to a handler, by its index in the descriptor; gives the plugin's own error.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn handle_event(self, handler: u32, event: GivenEvent<'_>) -> Result<Result<(), String>, CallError> {
        let generation = self.generation();
        let handle = generation.module().handle_event().ok_or(LACKING)?;
        let GivenEvent { id, source, name, data, published_ms, attempt } = event;
        let (source, name, data) = (source.into(), name.into(), data.into());
        let event = FfiEvent { id, source, name, data, published_ms, attempt };
        let work = handle(generation.instance(), handler, &event);
        self.finish(work).await
    }

    /// Lets a service answer a call of the plugin `caller`, by its index in the descriptor. JSON in and out.
    ///
    /// # Errors
    /// [`CallError`]; inside, the service's own.
    pub async fn serve(
        self,
        service: u32,
        caller: &str,
        input: &str,
    ) -> Result<Result<Bytes, ServiceError>, CallError> {
        let generation = self.generation();
        let serve = generation.module().serve().ok_or(LACKING)?;
        let call = FfiServiceCall { caller: caller.into(), input: input.into() };
        let mut work = serve(generation.instance(), service, &call);
        let answer = polled(&self, None, &mut work).await;
        drop(work);
        // Copied: the answer goes to another plugin, which may keep it for as long as it likes.
        match answer? {
            RResult::ROk(bytes) => Ok(Ok(Bytes::copy_from_slice(bytes.as_ref()))),
            RResult::RErr(error) => Ok(Err(error.into())),
        }
    }

    async fn finish(self, mut work: FfiFuture<RResult<(), RString>>) -> Result<Result<(), String>, CallError> {
        let outcome = polled(&self, None, &mut work).await;
        // The plugin's future ends before the lease, whatever came of it.
        drop(work);
        Ok(outcome?.into_result().map_err(RString::into_string))
    }
}

/// A library whose functions do not fit its descriptor.
const LACKING: CallError = CallError::Malformed("the library has no function for it");

/// Polls a plugin's future to the end, or until the generation is cut.
pub(super) async fn polled<T>(lease: &Lease, asker: Option<Asker>, future: &mut FfiFuture<T>) -> Result<T, CallError> {
    let mut cut = pin!(lease.generation().cut_token().cancelled());
    poll_fn(|context| {
        let mut step = || Pin::new(&mut *future).poll(context);
        let polled = match asker {
            Some(asker) => asker.during(step),
            None => step(),
        };
        match polled {
            Poll::Ready(Ok(answer)) => Poll::Ready(Ok(answer)),
            Poll::Ready(Err(panicked)) => Poll::Ready(Err(CallError::Panicked(panicked.0))),
            Poll::Pending => cut.as_mut().poll(context).map(|()| Err(CallError::Cut)),
        }
    })
    .await
}
