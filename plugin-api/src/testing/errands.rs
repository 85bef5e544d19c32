//! What a plugin is given to do beside requests, and what it asks others for.

use super::{TestHost, finished};
use crate::PluginError;
use crate::abi::{FfiBytes, FfiEvent, FfiServiceCall};
use crate::report;
use crate::services::ServiceError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event that the plugin has published.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedEvent {
    /// Its name, without the plugin's.
    pub name: String,
    /// What was said of it.
    pub data: Value,
}

impl TestHost {
    /// Does the work of a job, as when it falls due.
    ///
    /// # Errors
    /// The job's own, a panic included.
    ///
    /// # Panics
    /// If the plugin does not contribute the job, as all of these.
    pub async fn run_job(&self, name: &str) -> Result<(), PluginError> {
        let index = index_of(&self.descriptor.jobs, |job| job.name == name, &format!("job {name:?}"));
        let run = self.module.run_job().expect("this is the ABI's own version");
        let work = report::beside(&self.host, || run(self.running(), index));
        finished(&self.host, work).await.map_err(PluginError)
    }

    /// The jobs that the plugin has asked for itself, in order. The harness does not start them.
    pub fn asked_jobs(&self) -> Vec<String> {
        self.services.asked_jobs()
    }

    /// Gives the plugin an event, `<plugin>.<name>`, for the first time.
    ///
    /// # Errors
    /// The handler's own, a panic included.
    ///
    /// # Panics
    /// If the plugin does not handle the event.
    pub async fn deliver(&self, event: &str, data: &impl Serialize) -> Result<(), PluginError> {
        let index =
            index_of(&self.descriptor.events, |handler| handler.event == event, &format!("handler of {event:?}"));
        let handle = self.module.handle_event().expect("this is the ABI's own version");
        let (source, name) = event.split_once('.').unwrap_or(("", event));
        let data = serde_json::to_string(data).map_err(PluginError::new)?;
        let event = FfiEvent {
            id: self.services.next_event(),
            source: source.into(),
            name: name.into(),
            data: data.as_str().into(),
            published_ms: self.now_ms(),
            attempt: 1,
        };
        let work = report::beside(&self.host, || handle(self.running(), index, &event));
        finished(&self.host, work).await.map_err(PluginError)
    }

    /// The events that the plugin has published so far, without those of transactions that were not committed.
    pub fn published(&self) -> Vec<PublishedEvent> {
        self.services.published()
    }

    /// Calls one of the plugin's services, as a plugin of the name `test`.
    ///
    /// # Errors
    /// The service's own, a panic included; of kind `Invalid` if the answer is no `O`.
    ///
    /// # Panics
    /// If the plugin does not contribute the service.
    pub async fn call<O: DeserializeOwned>(&self, service: &str, input: &impl Serialize) -> Result<O, ServiceError> {
        let index =
            index_of(&self.descriptor.services, |offered| offered.name == service, &format!("service {service:?}"));
        let serve = self.module.serve().expect("this is the ABI's own version");
        let input = serde_json::to_string(input).map_err(ServiceError::other)?;
        let call = FfiServiceCall { caller: "test".into(), input: input.as_str().into() };
        let work = report::beside(&self.host, || serve(self.running(), index, &call));
        let answer = report::polled_beside(&self.host, work).await.map_err(ServiceError::other)?;
        let answer = answer.map(FfiBytes::into_bytes).into_result().map_err(ServiceError::from)?;
        serde_json::from_slice(&answer).map_err(ServiceError::other)
    }

    /// From now on, `answer` answers the plugin's calls of other plugins: it is given the plugin, the service and the
    /// input. Without it there are none. Whether they are granted is decided by a real server.
    pub fn on_call(&self, answer: impl FnMut(&str, &str, Value) -> Result<Value, ServiceError> + Send + 'static) {
        self.services.answer_calls_with(Box::new(answer));
    }
}

fn index_of<T>(all: &[T], is_meant: impl Fn(&T) -> bool, what: &str) -> u32 {
    let index = all.iter().position(is_meant).unwrap_or_else(|| panic!("the plugin contributes no {what}"));
    u32::try_from(index).expect("there are fewer contributions than that")
}
