//! The way of a request to a plugin's route.
//!
//! Stands before poem's router: one load of the published table, one match. What no plugin serves
//! goes on to the core. A request that has begun keeps its generation by a lease, which lives until
//! the last byte of its answer; the table itself is let go as soon as the call has begun, so that a
//! slow answer of one plugin does not keep the code of another.

mod body;
mod outage;

use super::{API_PREFIX, ApiError, Context, Message, RequestId, TrustedProxies, context};
use crate::admin::auth::{Authenticator, Identity, authorise};
use crate::admin::opera_log::Route;
use crate::loader::{Begun, CallError, CallHead, CallResponse, Caller, RequestDigits, ResponseBody};
use crate::plugin::{ActivePlugin, Lookup, Matched, Outcome, Permit, Published, SupervisorHandle};
use body::Refused;
use plugin_api::services::Level;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Body, Endpoint, IntoResponse, Request, Response};
use smallvec::SmallVec;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds after which a client that was turned away may try again.
const RETRY_AFTER_S: u32 = 1;

/// Longer answers of plugins are not looked at for their code and text.
const ENVELOPE_BYTES_MAX: usize = 512;

/// Serves plugins' routes, and hands everything else to `E`.
pub struct Dispatcher<E> {
    core: E,
    published: Published,
    authenticator: Arc<Authenticator>,
    proxies: TrustedProxies,
    following: Option<SupervisorHandle>,
}

impl<E> Dispatcher<E> {
    /// Before `core`.
    pub fn new(core: E, published: Published, authenticator: Arc<Authenticator>, proxies: TrustedProxies) -> Self {
        Self { core, published, authenticator, proxies, following: None }
    }

    /// One of several processes: what others have changed is looked up before each request, when this one
    /// may not have been told.
    #[must_use]
    pub fn following(self, supervisor: SupervisorHandle) -> Self {
        Self { following: Some(supervisor), ..self }
    }
}

/// Where a request goes.
enum Way {
    /// To poem's router.
    Core,
    /// Answered by a plugin, or in its place.
    Done(Response),
    /// The table has just been replaced; look again.
    Again,
}

impl<E: Endpoint<Output = Response>> Endpoint for Dispatcher<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(supervisor) = &self.following
            && let Err(error) = supervisor.keep_up().await
        {
            tracing::warn!("it can't be found out whether another process has changed plugins: {}", error.chain());
        }
        // A generation drains only after another table has been published, so the second look finds
        // what serves now; a third would mean two swaps within one request's matching.
        for _ in 0..3 {
            match self.way(&mut request).await {
                Ok(Way::Core) => return self.core.call(request).await,
                Ok(Way::Done(response)) => return Ok(response),
                Ok(Way::Again) => {}
                Err(error) => return Ok(error.to_response()),
            }
        }
        let busy = Message::fixed("the plugin is being replaced; try again", "插件正在更新，请稍后重试");
        Ok(ApiError::unavailable(busy, RETRY_AFTER_S).to_response())
    }
}

impl<E> Dispatcher<E> {
    async fn way(&self, request: &mut Request) -> Result<Way, ApiError> {
        let table = self.published.load_full();
        let uri = request.uri().clone();
        let matched = match table.find(request.method(), uri.path()) {
            Lookup::Found(matched) => matched,
            Lookup::Core(target) => {
                note_route(&target.title, &target.pattern);
                return Ok(Way::Core);
            }
            Lookup::NotFound => return Ok(Way::Core),
            Lookup::MethodNotAllowed { allow } => return Ok(Way::Done(not_allowed(request.method(), allow))),
            Lookup::Disabled { plugin } => return Err(outage::of(plugin, table.plugins())),
        };
        note_route(&matched.target.title, &matched.target.pattern);
        let identity = self.authenticator.identify(request.headers()).await?;
        if let Some(identity) = &identity {
            context::note(|seen| seen.user = Some(Arc::clone(identity)));
        }
        authorise(identity.as_deref(), &matched.target.access, &matched.target.method)?;
        let plugin = Arc::clone(&matched.target.plugin);
        let Some(lease) = plugin.generation.lease() else { return Ok(Way::Again) };
        let Some(permit) = plugin.enter() else { return Err(crowded(&plugin)) };

        let began = Instant::now();
        let deadline = Duration::from_millis(plugin.limits.deadline_ms);
        let body = body::taken(request, plugin.limits.body_bytes_max, deadline).await.map_err(refused)?;
        let asking = Asking::of(request, &self.proxies, identity.as_deref());
        let params: SmallVec<[(&str, &str); 4]> = matched.params.iter().collect();
        let begun = lease.begin(&asking.head(&matched, request, &params), body).await;
        drop(params);
        drop(table);

        let answer = match begun {
            Begun::Ready(answer) => Ok(answer),
            Begun::Pending(pending) => {
                tokio::time::timeout(deadline.saturating_sub(began.elapsed()), pending.finish()).await
            }
        };
        let (outcome, answer) = judged(&plugin, answer, request);
        plugin.record(outcome, began.elapsed());
        answer.map(|answer| Way::Done(written(answer, permit)))
    }
}

/// What the head of a call says of its sender, in buffers of this task.
struct Asking<'a> {
    identity: Option<&'a Identity>,
    ip: Option<IpText>,
    language: &'static str,
    request_id: [u8; RequestId::LENGTH],
}

impl<'a> Asking<'a> {
    fn of(request: &Request, proxies: &TrustedProxies, identity: Option<&'a Identity>) -> Self {
        let context = Context::current();
        let mut request_id = [b'0'; RequestId::LENGTH];
        if let Some(context) = context {
            context.request_id.encode(&mut request_id);
        }
        Self {
            identity,
            ip: proxies.client(request).map(IpText::of),
            language: context.map_or("zh-CN", |context| context.language.tag()),
            request_id,
        }
    }

    fn head<'b>(
        &'b self,
        matched: &'b Matched<'_, '_>,
        request: &'b Request,
        params: &'b [(&'b str, &'b str)],
    ) -> CallHead<'b> {
        let original_uri = request.uri().path_and_query().map_or("/", |uri| uri.as_str());
        let user = self.identity;
        CallHead {
            route: matched.target.route,
            method: matched.target.method.as_str(),
            uri: original_uri.strip_prefix(API_PREFIX).unwrap_or(original_uri),
            original_uri,
            headers: request.headers(),
            params,
            caller: Caller {
                user_id: user.map_or(0, |user| user.user_id),
                is_superuser: user.is_some_and(|user| user.is_superuser),
                is_staff: user.is_some_and(|user| user.is_staff),
                user_uuid: user.map_or("", |user| &user.uuid),
                user_name: user.map_or("", |user| &user.username),
                ip: self.ip.as_ref().map_or("", IpText::as_str),
                language: self.language,
                request_id: std::str::from_utf8(&self.request_id).unwrap_or(""),
            },
        }
    }
}

/// An address as text, without an allocation.
struct IpText {
    bytes: SmallVec<[u8; 46]>,
}

impl IpText {
    fn of(ip: IpAddr) -> Self {
        let mut text = Self { bytes: SmallVec::new() };
        // Writing into a vector never fails.
        let _ = std::io::Write::write_fmt(&mut text.bytes, format_args!("{ip}"));
        text
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or("")
    }
}

/// What a call came to: how it is counted, and what its client gets.
fn judged(
    plugin: &ActivePlugin,
    answer: Result<Result<CallResponse, CallError>, tokio::time::error::Elapsed>,
    request: &Request,
) -> (Outcome, Result<CallResponse, ApiError>) {
    match answer {
        Ok(Ok(answer)) if answer.status.is_server_error() => (Outcome::Error, Ok(answer)),
        Ok(Ok(answer)) => (Outcome::Answered, Ok(answer)),
        Ok(Err(CallError::Cut)) => {
            let stopped = Message::fixed("the plugin was stopped while it answered", "插件在处理请求时被停止");
            (Outcome::Answered, Err(ApiError::unavailable(stopped, RETRY_AFTER_S)))
        }
        // A panic is counted where it is reported, by the plugin's own hook.
        Ok(Err(error)) => {
            note_call(plugin, Level::Error, request, &error.to_string());
            (Outcome::Error, Err(ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR)))
        }
        Err(_) => {
            let deadline_ms = plugin.limits.deadline_ms;
            note_call(plugin, Level::Warn, request, &format!("no answer within {deadline_ms} ms"));
            let late = Message::new(
                format!("plugin {} did not answer within {deadline_ms} ms", plugin.id),
                format!("插件 {} 未在 {deadline_ms} 毫秒内响应", plugin.id),
            );
            (Outcome::Timeout, Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, late)))
        }
    }
}

/// Says about a plugin what became of a call; what was asked for in its query is nobody else's business.
fn note_call(plugin: &ActivePlugin, level: Level, request: &Request, what: &str) {
    let mut digits = [b'0'; RequestId::LENGTH];
    let context = Context::current();
    context.inspect(|context| context.request_id.encode(&mut digits));
    let id = context.and_then(|_| RequestDigits::of(std::str::from_utf8(&digits).ok()?));
    plugin.note(level, &format!("{} {}: {what}", request.method(), request.uri().path()), id);
}

fn note_route(title: &Arc<str>, pattern: &Arc<str>) {
    context::note(|seen| seen.route = Some(Route { title: Arc::clone(title), pattern: Arc::clone(pattern) }));
}

fn written(answer: CallResponse, permit: Permit) -> Response {
    if let ResponseBody::Full(bytes) = &answer.body
        && bytes.len() <= ENVELOPE_BYTES_MAX
    {
        context::note(|seen| seen.envelope = Some(bytes.as_ref().into()));
    }
    let body = match answer.body {
        ResponseBody::Empty => Body::empty(),
        ResponseBody::Full(bytes) => Body::from_bytes(bytes),
        ResponseBody::Stream(stream) => Body::from_bytes_stream(body::holding(stream, permit)),
    };
    let mut response = Response::from(body);
    response.set_status(answer.status);
    *response.headers_mut() = answer.headers;
    response
}

fn not_allowed(method: &Method, allow: &str) -> Response {
    let status = if *method == Method::OPTIONS { StatusCode::NO_CONTENT } else { StatusCode::METHOD_NOT_ALLOWED };
    let mut response = match status {
        StatusCode::NO_CONTENT => status.into_response(),
        _ => ApiError::of_status(status).to_response(),
    };
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn crowded(plugin: &ActivePlugin) -> ApiError {
    plugin.stats.record_rejected();
    let limit = plugin.limits.concurrency_max;
    let message = Message::new(
        format!("plugin {} already answers {limit} requests, its limit; try again", plugin.id),
        format!("插件 {} 正在处理的请求已达上限 {limit}，请稍后重试", plugin.id),
    );
    ApiError::unavailable(message, RETRY_AFTER_S)
}

fn refused(refused: Refused) -> ApiError {
    match refused {
        Refused::TooLarge { bytes_max } => ApiError::too_large(Message::new(
            format!("the body is larger than the {bytes_max} bytes that this plugin accepts"),
            format!("请求体超过此插件允许的 {bytes_max} 字节"),
        )),
        Refused::TooSlow => ApiError::of_status(StatusCode::REQUEST_TIMEOUT),
        Refused::Broken => ApiError::bad_request(Message::fixed("the body ended early", "请求体不完整")),
    }
}
