//! The services of the host beside its database, as they cross.

use super::{Context, held};
use crate::abi::guard::Panicked;
use crate::abi::{FfiBytes, FfiFuture, guard};
use crate::db::{DecodeError, Value, decode_parameters, encode_parameters};
use crate::files::{FileEntry, WriteMode};
use crate::http::Request;
use crate::services::{ServiceError, ServiceErrorKind};
use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RSlice, RStr, RString};
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// A [`ServiceError`] on its way.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiServiceError {
    kind: u32,
    message: RString,
}

impl From<ServiceError> for FfiServiceError {
    fn from(error: ServiceError) -> Self {
        Self { kind: error.kind.to_code(), message: error.message.into() }
    }
}

impl From<FfiServiceError> for ServiceError {
    fn from(error: FfiServiceError) -> Self {
        Self::new(ServiceErrorKind::from_code(error.kind), error.message.into_string())
    }
}

pub(super) fn received<T>(answer: Result<RResult<T, FfiServiceError>, Panicked>) -> Result<T, ServiceError> {
    match answer {
        Ok(RResult::ROk(value)) => Ok(value),
        Ok(RResult::RErr(error)) => Err(error.into()),
        Err(panicked) => Err(ServiceError::new(ServiceErrorKind::Other, format!("the host {panicked}"))),
    }
}

pub(super) fn decoded<T>(
    bytes: &[u8],
    read: impl FnOnce(Vec<Value>) -> Result<T, DecodeError>,
) -> Result<T, ServiceError> {
    let decoded = decode_parameters(bytes).and_then(read);
    decoded.map_err(|error| ServiceError::new(ServiceErrorKind::Other, error.to_string()))
}

/// A future for the plugin, whose wakers keep the plugin's image mapped. What it is made of is copied first: nothing
/// that the host keeps may be memory of the plugin's.
fn answer<T: Send + 'static>(
    context: *const (),
    work: impl FnOnce(&Context) -> BoxFuture<'static, Result<T, ServiceError>>,
) -> FfiFuture<RResult<T, FfiServiceError>> {
    // SAFETY: the caller holds the context by `FfiHost`, whose release has not run.
    let context = unsafe { &*context.cast::<Context>() };
    let future = match guard(|| work(context)) {
        Ok(future) => future,
        Err(Panicked(text)) => failed(ServiceError::new(ServiceErrorKind::Other, text)),
    };
    held(context, async move { future.await.map_err(FfiServiceError::from).into() })
}

fn failed<T: Send + 'static>(error: ServiceError) -> BoxFuture<'static, Result<T, ServiceError>> {
    Box::pin(std::future::ready(Err(error)))
}

pub(super) extern "C" fn http_send(
    context: *const (),
    request: RSlice<'_, u8>,
) -> FfiFuture<RResult<FfiBytes, FfiServiceError>> {
    answer(context, |context| match decoded(request.as_slice(), Request::from_crossing) {
        Ok(request) => {
            let response = context.services.send(request);
            Box::pin(async move { Ok(FfiBytes::from(encode_parameters(&response.await?.into_crossing()))) })
        }
        Err(error) => failed(error),
    })
}

pub(super) extern "C" fn file_read(
    context: *const (),
    name: RStr<'_>,
) -> FfiFuture<RResult<FfiBytes, FfiServiceError>> {
    answer(context, |context| {
        let content = context.services.read_file(name.as_str());
        Box::pin(async move { content.await.map(FfiBytes::from) })
    })
}

pub(super) extern "C" fn file_write(
    context: *const (),
    name: RStr<'_>,
    content: RSlice<'_, u8>,
    mode: u8,
) -> FfiFuture<RResult<(), FfiServiceError>> {
    answer(context, |context| {
        let content = Bytes::copy_from_slice(content.as_slice());
        context.services.write_file(name.as_str(), content, WriteMode::from_code(mode))
    })
}

pub(super) extern "C" fn file_delete(context: *const (), name: RStr<'_>) -> FfiFuture<RResult<(), FfiServiceError>> {
    answer(context, |context| context.services.delete_file(name.as_str()))
}

pub(super) extern "C" fn file_list(context: *const ()) -> FfiFuture<RResult<FfiBytes, FfiServiceError>> {
    answer(context, |context| {
        let entries = context.services.list_files();
        Box::pin(async move { Ok(FfiBytes::from(encode_parameters(&FileEntry::all_into_crossing(entries.await?)))) })
    })
}

pub(super) extern "C" fn event_publish(
    context: *const (),
    tx: u64,
    name: RStr<'_>,
    data: RStr<'_>,
) -> FfiFuture<RResult<(), FfiServiceError>> {
    answer(context, |context| context.services.publish(tx, name.as_str(), data.as_str().to_owned()))
}

pub(super) extern "C" fn job_run(context: *const (), name: RStr<'_>) -> FfiFuture<RResult<(), FfiServiceError>> {
    answer(context, |context| context.services.run_job(name.as_str()))
}

pub(super) extern "C" fn service_call(
    context: *const (),
    plugin: RStr<'_>,
    service: RStr<'_>,
    input: RStr<'_>,
) -> FfiFuture<RResult<FfiBytes, FfiServiceError>> {
    answer(context, |context| {
        let answer = context.services.call_service(plugin.as_str(), service.as_str(), input.as_str().to_owned());
        Box::pin(async move { answer.await.map(FfiBytes::from) })
    })
}
