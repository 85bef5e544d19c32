//! The functions that the host offers to a plugin, and both halves of their use.
//!
//! The host wraps its [`HostServices`] with [`FfiHost::export`]; inside the plugin the same trait is
//! implemented by calls through the table.

mod services;

pub use services::FfiServiceError;

use super::guard::Panicked;
use super::{FfiBytes, FfiFuture, Hold, guard};
use crate::IdForm;
use crate::db::{DbError, DbErrorKind, Dialect, Executor, Value};
use crate::db::{decode_parameters, encode_parameters};
use crate::files::{FileEntry, WriteMode};
use crate::http::{Request, Response};
use crate::permitted::Permitted;
use crate::services::{HostServices, Level, ServiceError};
use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RSlice, RStr, RString};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::sync::Arc;

/// The table of host functions. Fields are appended at the end, never changed.
///
/// The first argument is always the opaque context that came with the table.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = HostApiRef)))]
#[sabi(missing_field(panic))]
pub struct HostApi {
    /// One more holder of the context.
    pub retain: extern "C" fn(*const ()),
    /// One holder less.
    pub release: extern "C" fn(*const ()),
    /// [`HostServices::log`]
    pub log: extern "C" fn(*const (), u8, RStr<'_>, RStr<'_>, RStr<'_>),
    /// [`HostServices::now_ms`]
    pub now_ms: extern "C" fn(*const ()) -> i64,
    /// [`HostServices::format_time`]
    pub format_time: extern "C" fn(*const (), i64) -> RString,
    /// [`HostServices::sleep`]
    pub sleep: extern "C" fn(*const (), u64) -> FfiFuture<()>,
    /// [`HostServices::settings`]
    pub settings: extern "C" fn(*const ()) -> RString,
    /// [`Executor::dialect`] as its number.
    pub db_dialect: extern "C" fn(*const ()) -> u8,
    /// [`Executor::query`] with encoded parameters.
    pub db_query: extern "C" fn(*const (), u64, RStr<'_>, RSlice<'_, u8>) -> FfiFuture<RResult<FfiBytes, FfiDbError>>,
    /// [`Executor::execute`] with encoded parameters.
    pub db_execute: extern "C" fn(*const (), u64, RStr<'_>, RSlice<'_, u8>) -> FfiFuture<RResult<u64, FfiDbError>>,
    /// [`Executor::begin`]
    pub db_begin: extern "C" fn(*const ()) -> FfiFuture<RResult<u64, FfiDbError>>,
    /// [`Executor::commit`]
    pub db_commit: extern "C" fn(*const (), u64) -> FfiFuture<RResult<(), FfiDbError>>,
    /// [`Executor::rollback`]
    pub db_rollback: extern "C" fn(*const (), u64) -> FfiFuture<RResult<(), FfiDbError>>,
    /// [`Executor::abandon`]
    pub db_abandon: extern "C" fn(*const (), u64),
    /// [`HostServices::panicked`]
    #[sabi(last_prefix_field)]
    pub panicked: extern "C" fn(*const (), RStr<'_>),
    /// [`HostServices::id_form`] as its number.
    pub id_form: extern "C" fn(*const ()) -> u8,
    /// [`Executor::new_id`]; 0 for none.
    pub new_id: extern "C" fn(*const ()) -> i64,
    /// [`HostServices::permitted`], its texts and values in turn, encoded as parameters. Since 1.1.
    pub permitted: extern "C" fn(*const (), i64, RStr<'_>) -> FfiFuture<RResult<FfiBytes, FfiDbError>>,
    /// [`HostServices::send`], request and answer encoded as parameters. Since 1.3.
    pub http_send: extern "C" fn(*const (), RSlice<'_, u8>) -> FfiFuture<RResult<FfiBytes, FfiServiceError>>,
    /// [`HostServices::read_file`]. Since 1.3.
    pub file_read: extern "C" fn(*const (), RStr<'_>) -> FfiFuture<RResult<FfiBytes, FfiServiceError>>,
    /// [`HostServices::write_file`], with the mode as its number. Since 1.3.
    pub file_write: extern "C" fn(*const (), RStr<'_>, RSlice<'_, u8>, u8) -> FfiFuture<RResult<(), FfiServiceError>>,
    /// [`HostServices::delete_file`]. Since 1.3.
    pub file_delete: extern "C" fn(*const (), RStr<'_>) -> FfiFuture<RResult<(), FfiServiceError>>,
    /// [`HostServices::list_files`], encoded as parameters. Since 1.3.
    pub file_list: extern "C" fn(*const ()) -> FfiFuture<RResult<FfiBytes, FfiServiceError>>,
    /// [`HostServices::publish`]. Since 1.4.
    pub event_publish: extern "C" fn(*const (), u64, RStr<'_>, RStr<'_>) -> FfiFuture<RResult<(), FfiServiceError>>,
    /// [`HostServices::run_job`]. Since 1.4.
    pub job_run: extern "C" fn(*const (), RStr<'_>) -> FfiFuture<RResult<(), FfiServiceError>>,
    /// [`HostServices::call_service`]. Since 1.4.
    pub service_call:
        extern "C" fn(*const (), RStr<'_>, RStr<'_>, RStr<'_>) -> FfiFuture<RResult<FfiBytes, FfiServiceError>>,
}

/// A [`DbError`] on its way.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiDbError {
    kind: u32,
    message: RString,
}

/// The host, as a plugin holds it.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiHost {
    context: *const (),
    api: HostApiRef,
}

// SAFETY: the context is an `Arc` of `Send + Sync` services.
unsafe impl Send for FfiHost {}
// SAFETY: as above.
unsafe impl Sync for FfiHost {}

impl Clone for FfiHost {
    fn clone(&self) -> Self {
        self.api.retain()(self.context);
        Self { context: self.context, api: self.api }
    }
}

impl Drop for FfiHost {
    fn drop(&mut self) {
        self.api.release()(self.context);
    }
}

impl From<DbError> for FfiDbError {
    fn from(error: DbError) -> Self {
        Self { kind: error.kind.to_code(), message: error.message.into() }
    }
}

impl From<FfiDbError> for DbError {
    fn from(error: FfiDbError) -> Self {
        Self { kind: DbErrorKind::from_code(error.kind), message: error.message.into_string() }
    }
}

// ---- the plugin's half -----------------------------------------------------------------------

impl Executor for FfiHost {
    fn dialect(&self) -> Dialect {
        if self.api.db_dialect()(self.context) == Dialect::Postgres as u8 { Dialect::Postgres } else { Dialect::Sqlite }
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        let parameters = encode_parameters(&parameters);
        let answer = self.api.db_query()(self.context, tx, sql.into(), parameters.as_slice().into());
        Box::pin(async move { received(answer.await).map(FfiBytes::into_bytes) })
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        let parameters = encode_parameters(&parameters);
        let answer = self.api.db_execute()(self.context, tx, sql.into(), parameters.as_slice().into());
        Box::pin(async move { received(answer.await) })
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        let answer = self.api.db_begin()(self.context);
        Box::pin(async move { received(answer.await) })
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        let answer = self.api.db_commit()(self.context, tx);
        Box::pin(async move { received(answer.await) })
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        let answer = self.api.db_rollback()(self.context, tx);
        Box::pin(async move { received(answer.await) })
    }

    fn abandon(&self, tx: u64) {
        self.api.db_abandon()(self.context, tx);
    }

    fn new_id(&self) -> Option<i64> {
        Some(self.api.new_id()(self.context)).filter(|id| *id != 0)
    }
}

impl HostServices for FfiHost {
    fn log(&self, level: Level, target: &str, message: &str, fields: &str) {
        self.api.log()(self.context, level as u8, target.into(), message.into(), fields.into());
    }

    fn now_ms(&self) -> i64 {
        self.api.now_ms()(self.context)
    }

    fn format_time(&self, unix_ms: i64) -> String {
        self.api.format_time()(self.context, unix_ms).into_string()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let answer = self.api.sleep()(self.context, ms);
        Box::pin(async move {
            let _ = answer.await;
        })
    }

    fn settings(&self) -> String {
        self.api.settings()(self.context).into_string()
    }

    fn id_form(&self) -> IdForm {
        IdForm::from_code(self.api.id_form()(self.context))
    }

    fn permitted(&self, user_id: i64, model: &str) -> BoxFuture<'static, Result<Permitted, DbError>> {
        let answer = self.api.permitted()(self.context, user_id, model.into());
        Box::pin(async move {
            let encoded = received(answer.await)?;
            Permitted::from_crossing(decode_parameters(encoded.as_ref())?)
        })
    }

    fn panicked(&self, message: &str) {
        self.api.panicked()(self.context, message.into());
    }

    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, ServiceError>> {
        let request = encode_parameters(&request.into_crossing());
        let answer = self.api.http_send()(self.context, request.as_slice().into());
        Box::pin(async move {
            let encoded = services::received(answer.await)?;
            services::decoded(encoded.as_ref(), Response::from_crossing)
        })
    }

    fn read_file(&self, name: &str) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let answer = self.api.file_read()(self.context, name.into());
        Box::pin(async move { services::received(answer.await).map(FfiBytes::into_bytes) })
    }

    fn write_file(&self, name: &str, content: Bytes, mode: WriteMode) -> BoxFuture<'static, Result<(), ServiceError>> {
        let answer = self.api.file_write()(self.context, name.into(), content.as_ref().into(), mode as u8);
        Box::pin(async move { services::received(answer.await) })
    }

    fn delete_file(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        let answer = self.api.file_delete()(self.context, name.into());
        Box::pin(async move { services::received(answer.await) })
    }

    fn list_files(&self) -> BoxFuture<'static, Result<Vec<FileEntry>, ServiceError>> {
        let answer = self.api.file_list()(self.context);
        Box::pin(async move {
            let encoded = services::received(answer.await)?;
            services::decoded(encoded.as_ref(), FileEntry::all_from_crossing)
        })
    }

    fn publish(&self, tx: u64, name: &str, data: String) -> BoxFuture<'static, Result<(), ServiceError>> {
        let answer = self.api.event_publish()(self.context, tx, name.into(), data.as_str().into());
        Box::pin(async move { services::received(answer.await) })
    }

    fn run_job(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        let answer = self.api.job_run()(self.context, name.into());
        Box::pin(async move { services::received(answer.await) })
    }

    fn call_service(
        &self,
        plugin: &str,
        service: &str,
        input: String,
    ) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let call = self.api.service_call();
        let answer = call(self.context, plugin.into(), service.into(), input.as_str().into());
        Box::pin(async move { services::received(answer.await).map(FfiBytes::into_bytes) })
    }
}

fn received<T>(answer: Result<RResult<T, FfiDbError>, Panicked>) -> Result<T, DbError> {
    match answer {
        Ok(RResult::ROk(value)) => Ok(value),
        Ok(RResult::RErr(error)) => Err(error.into()),
        Err(panicked) => Err(DbError { kind: DbErrorKind::Other, message: format!("the host {panicked}") }),
    }
}

// ---- the host's half -------------------------------------------------------------------------

/// What the opaque context is. The order of the fields matters: the hold goes last.
struct Context {
    services: Arc<dyn HostServices>,
    hold: Hold,
}

impl FfiHost {
    /// Offers `services` to a plugin. `hold` stays held while the plugin keeps the host, one of its
    /// futures, or a waker that the host keeps for it.
    pub fn export(services: Arc<dyn HostServices>, hold: Hold) -> Self {
        let context = Arc::into_raw(Arc::new(Context { services, hold }));
        Self { context: context.cast(), api: HostApiRef(HOST_API.static_as_prefix()) }
    }
}

static HOST_API: &abi_stable::prefix_type::WithMetadata<HostApi> = {
    const API: &abi_stable::prefix_type::WithMetadata<HostApi> = &abi_stable::prefix_type::WithMetadata::new(HostApi {
        retain,
        release,
        log,
        now_ms,
        format_time,
        sleep,
        settings,
        db_dialect,
        db_query,
        db_execute,
        db_begin,
        db_commit,
        db_rollback,
        db_abandon,
        panicked,
        id_form,
        new_id,
        permitted,
        http_send: services::http_send,
        file_read: services::file_read,
        file_write: services::file_write,
        file_delete: services::file_delete,
        file_list: services::file_list,
        event_publish: services::event_publish,
        job_run: services::job_run,
        service_call: services::service_call,
    });
    API
};

/// Runs `work` with the context's services; a panic of the host's own gives `fallback`.
fn with<T>(context: *const (), fallback: T, work: impl FnOnce(&Context) -> T) -> T {
    // SAFETY: the caller holds the context by `FfiHost`, whose release has not run.
    let context = unsafe { &*context.cast::<Context>() };
    guard(|| work(context)).unwrap_or(fallback)
}

/// A future for the plugin, whose wakers keep the plugin's image mapped.
fn answer<T: Send + 'static>(
    context: *const (),
    work: impl FnOnce(&Context) -> BoxFuture<'static, Result<T, DbError>>,
) -> FfiFuture<RResult<T, FfiDbError>> {
    // SAFETY: the caller holds the context by `FfiHost`, whose release has not run.
    let context = unsafe { &*context.cast::<Context>() };
    let future: BoxFuture<'static, Result<T, DbError>> = match guard(|| work(context)) {
        Ok(future) => future,
        Err(Panicked(text)) => Box::pin(std::future::ready(Err(DbError { kind: DbErrorKind::Other, message: text }))),
    };
    held(context, async move { future.await.map_err(FfiDbError::from).into() })
}

fn held<T>(context: &Context, future: impl Future<Output = T> + Send + 'static) -> FfiFuture<T> {
    FfiFuture::held(future, Arc::clone(&context.hold))
}

fn statement(parameters: RSlice<'_, u8>) -> Result<Vec<Value>, DbError> {
    decode_parameters(parameters.as_slice())
        .map_err(|error| DbError { kind: DbErrorKind::Decode, message: error.to_string() })
}

fn failed<T: Send + 'static>(error: DbError) -> BoxFuture<'static, Result<T, DbError>> {
    Box::pin(std::future::ready(Err(error)))
}

extern "C" fn retain(context: *const ()) {
    // SAFETY: the caller holds the context, made by `Arc::into_raw` of this type.
    unsafe { Arc::increment_strong_count(context.cast::<Context>()) }
}

extern "C" fn release(context: *const ()) {
    // SAFETY: the caller gives up one count that it holds.
    let context = unsafe { Arc::from_raw(context.cast::<Context>()) };
    let _ = guard(move || drop(context));
}

extern "C" fn log(context: *const (), level: u8, target: RStr<'_>, message: RStr<'_>, fields: RStr<'_>) {
    let level = match level {
        0 => Level::Trace,
        1 => Level::Debug,
        2 => Level::Info,
        3 => Level::Warn,
        _ => Level::Error,
    };
    with(context, (), |c| c.services.log(level, target.as_str(), message.as_str(), fields.as_str()));
}

extern "C" fn now_ms(context: *const ()) -> i64 {
    with(context, 0, |c| c.services.now_ms())
}

extern "C" fn format_time(context: *const (), unix_ms: i64) -> RString {
    with(context, RString::new(), |c| c.services.format_time(unix_ms).into())
}

extern "C" fn sleep(context: *const (), ms: u64) -> FfiFuture<()> {
    with(context, None, |c| Some(held(c, c.services.sleep(ms)))).unwrap_or_else(|| FfiFuture::new(async {}))
}

extern "C" fn settings(context: *const ()) -> RString {
    with(context, RString::from("{}"), |c| c.services.settings().into())
}

extern "C" fn db_dialect(context: *const ()) -> u8 {
    with(context, Dialect::Sqlite as u8, |c| c.services.dialect() as u8)
}

extern "C" fn db_query(
    context: *const (),
    tx: u64,
    sql: RStr<'_>,
    parameters: RSlice<'_, u8>,
) -> FfiFuture<RResult<FfiBytes, FfiDbError>> {
    answer(context, |c| match statement(parameters) {
        Ok(parameters) => {
            let rows = c.services.query(tx, sql.as_str(), parameters);
            Box::pin(async move { rows.await.map(FfiBytes::from) })
        }
        Err(error) => failed(error),
    })
}

extern "C" fn db_execute(
    context: *const (),
    tx: u64,
    sql: RStr<'_>,
    parameters: RSlice<'_, u8>,
) -> FfiFuture<RResult<u64, FfiDbError>> {
    answer(context, |c| match statement(parameters) {
        Ok(parameters) => c.services.execute(tx, sql.as_str(), parameters),
        Err(error) => failed(error),
    })
}

extern "C" fn db_begin(context: *const ()) -> FfiFuture<RResult<u64, FfiDbError>> {
    answer(context, |c| c.services.begin())
}

extern "C" fn db_commit(context: *const (), tx: u64) -> FfiFuture<RResult<(), FfiDbError>> {
    answer(context, |c| c.services.commit(tx))
}

extern "C" fn db_rollback(context: *const (), tx: u64) -> FfiFuture<RResult<(), FfiDbError>> {
    answer(context, |c| c.services.rollback(tx))
}

extern "C" fn db_abandon(context: *const (), tx: u64) {
    with(context, (), |c| c.services.abandon(tx));
}

extern "C" fn panicked(context: *const (), message: RStr<'_>) {
    with(context, (), |c| c.services.panicked(message.as_str()));
}

extern "C" fn id_form(context: *const ()) -> u8 {
    with(context, IdForm::Number as u8, |c| c.services.id_form() as u8)
}

extern "C" fn new_id(context: *const ()) -> i64 {
    with(context, 0, |c| c.services.new_id().unwrap_or(0))
}

extern "C" fn permitted(context: *const (), user_id: i64, model: RStr<'_>) -> FfiFuture<RResult<FfiBytes, FfiDbError>> {
    answer(context, |c| {
        let permitted = c.services.permitted(user_id, model.as_str());
        Box::pin(async move { Ok(FfiBytes::from(encode_parameters(&permitted.await?.into_crossing()))) })
    })
}
