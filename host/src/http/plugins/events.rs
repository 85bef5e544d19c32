//! Changes of plugins' states as server-sent events.

use super::event::{ChangeDto, EventDto};
use crate::admin::Clock;
use crate::plugin::{EventState, PluginEvent, SupervisorHandle};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use poem::web::sse::Event;
use poem_openapi::payload::EventStream;
use poem_openapi::types::ToJSON;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Proxies close connections on which nothing moves for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The stream of a watcher that came just now. A watcher that is too slow misses events: it can
/// see the state itself at any time.
pub(super) fn events(supervisor: &SupervisorHandle, clock: Clock) -> EventStream<BoxStream<'static, EventDto>> {
    let stream = futures_util::stream::unfold(supervisor.subscribe(), next);
    let stream = stream.map(move |event| EventDto::of(&event, &clock)).take_until(supervisor.watches_ended());
    EventStream::new(stream.boxed())
        .keep_alive(KEEP_ALIVE)
        .to_event(|event| Event::message(event.to_json_string()).event_type("plugin"))
}

/// The same for everybody: only that something has changed, when it has.
pub(super) fn changes(supervisor: &SupervisorHandle) -> EventStream<BoxStream<'static, ChangeDto>> {
    let stream = futures_util::stream::unfold(supervisor.subscribe(), next);
    let stream = stream.filter_map(async |event| changes_menus(event.state).then_some(ChangeDto { menus: true }));
    let stream = stream.take_until(supervisor.watches_ended());
    EventStream::new(stream.boxed())
        .keep_alive(KEEP_ALIVE)
        .to_event(|event| Event::message(event.to_json_string()).event_type("change"))
}

fn changes_menus(state: EventState) -> bool {
    match state {
        EventState::Working
        | EventState::Installed
        | EventState::Starting
        | EventState::Draining
        | EventState::Stopped
        | EventState::Configured
        | EventState::Degraded
        | EventState::Restored
        | EventState::TablesRestored
        | EventState::ProbationFailed => false,
        EventState::Enabled
        | EventState::Disabled
        | EventState::Upgraded
        | EventState::RolledBack
        | EventState::Failed
        | EventState::Quarantined
        | EventState::Uninstalled => true,
    }
}

async fn next(mut watcher: Receiver<PluginEvent>) -> Option<(PluginEvent, Receiver<PluginEvent>)> {
    loop {
        match watcher.recv().await {
            Ok(event) => return Some((event, watcher)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}
