//! `/plugins/{plugin}/logs`: the last lines about a plugin, and those that come.

use super::model::Tag;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, SuperCaller};
use crate::plugin::{Followed, Follower, LogLine, PluginId, Published, SupervisorHandle};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use plugin_api::services::Level;
use poem::web::sse::Event;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::EventStream;
use poem_openapi::types::ToJSON;
use poem_openapi::{Enum, Object, OpenApi};
use std::sync::Arc;
use std::time::Duration;

/// Proxies close connections on which nothing moves for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// While nothing is said, how often it is looked whether there is still somebody to say it.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// `/plugins/{plugin}/logs`
pub struct PluginLogsApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "PluginLogLevel")]
pub(super) enum LevelDto {
    /// For the author, while looking for something.
    Trace,
    /// For the author.
    Debug,
    /// What happened.
    Info,
    /// Worth a look.
    Warn,
    /// A person should act.
    Error,
}

/// A line about a plugin; secrets are shown as `***`.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginLogLine")]
pub(super) struct LogLineDto {
    /// Its number, which grows by one from line to line.
    pub id: u64,
    /// When.
    pub time: String,
    /// The same, in milliseconds since 1970-01-01 UTC.
    pub unix_ms: i64,
    /// How grave it is.
    pub level: LevelDto,
    /// The version that it is about.
    pub version: String,
    /// Who says it: `host`, or what the plugin gave.
    pub target: String,
    /// The words, cut off if they were too long.
    pub message: String,
    /// A JSON object as text, cut off if it was too long.
    pub fields: Option<String>,
    /// The id of the request that was being answered.
    pub trace_id: Option<String>,
}

/// A line for somebody who watches.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginLogEvent")]
pub(super) struct LogEventDto {
    /// The line.
    #[oai(flatten)]
    pub line: LogLineDto,
    /// How many lines right before it are lost, because they came faster than they were read.
    pub missed: u64,
}

impl PluginLogsApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "Tag::Plugins")]
impl PluginLogsApi {
    /// Show the last lines about a plugin in this process, the oldest first
    #[oai(path = "/:plugin/logs", method = "get")]
    async fn logs(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        /// At least as grave as that.
        level: Query<Option<LevelDto>>,
        /// At most so many.
        #[oai(default = "most", validator(minimum(value = "1"), maximum(value = "10000")))]
        limit: Query<u32>,
    ) -> Result<Answer<Vec<LogLineDto>>, ApiError> {
        let status = self.supervisor.installed(&self.supervisor.id(&plugin.0)?)?;
        let least = level.0.map_or(Level::Trace, LevelDto::level);
        let lines = status.log.last(least, usize::try_from(limit.0).unwrap_or(usize::MAX));
        Ok(Answer::of(lines.iter().map(|line| LogLineDto::of(line, &self.clock)).collect()))
    }

    /// Watch the lines about a plugin as server-sent events: those that are kept, then those that come
    #[oai(path = "/:plugin/logs/events", method = "get")]
    async fn events(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        /// The last line that the watcher has, to go on after it.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<u64>>,
    ) -> Result<EventStream<BoxStream<'static, LogEventDto>>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let follower = self.supervisor.installed(&id)?.log.follow(last.0);
        let watch = Watch { follower, id, published: self.supervisor.published().clone() };
        let clock = self.clock.clone();
        let stream = futures_util::stream::unfold(watch, Watch::next);
        let stream = stream.map(move |followed| LogEventDto::of(&followed, &clock));
        let stream = stream.take_until(self.supervisor.watches_ended());
        let event = |event: LogEventDto| {
            Event::message(event.to_json_string()).id(event.line.id.to_string()).event_type("line")
        };
        Ok(EventStream::new(stream.boxed()).keep_alive(KEEP_ALIVE).to_event(event))
    }
}

/// Somebody who watches a log for as long as its plugin is installed.
struct Watch {
    follower: Follower,
    id: PluginId,
    published: Published,
}

impl Watch {
    async fn next(mut self) -> Option<(Followed, Self)> {
        loop {
            match tokio::time::timeout(LOOK_INTERVAL, self.follower.next()).await {
                Ok(followed) => return Some((followed, self)),
                Err(_) if self.is_there() => {}
                Err(_) => return None,
            }
        }
    }

    /// One that was uninstalled and came back has another log.
    fn is_there(&self) -> bool {
        let table = self.published.load();
        table.plugins().get(&self.id).is_some_and(|status| Arc::ptr_eq(&status.log, self.follower.log()))
    }
}

impl LevelDto {
    fn of(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Trace => Level::Trace,
            Self::Debug => Level::Debug,
            Self::Info => Level::Info,
            Self::Warn => Level::Warn,
            Self::Error => Level::Error,
        }
    }
}

impl LogLineDto {
    fn of(line: &LogLine, clock: &Clock) -> Self {
        Self {
            id: line.number,
            time: clock.format(line.at_ms),
            unix_ms: line.at_ms,
            level: LevelDto::of(line.level),
            version: line.version.to_string(),
            target: line.target.to_string(),
            message: line.message.to_string(),
            fields: line.fields.as_ref().map(ToString::to_string),
            trace_id: line.request.map(|request| request.as_str().to_owned()),
        }
    }
}

impl LogEventDto {
    fn of(followed: &Followed, clock: &Clock) -> Self {
        Self { line: LogLineDto::of(&followed.line, clock), missed: followed.missed }
    }
}

fn most() -> u32 {
    200
}
