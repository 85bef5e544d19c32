//! What plugins do for each other.
//!
//! ```toml
//! [capabilities]
//! services = ["shop"]
//! ```
//!
//! A plugin [contributes](crate::Contributions::service) services by name; another one, which was granted it, calls them
//! through the host: what goes in and what comes out is JSON. A call is one of the called plugin's: its deadline and its limit of
//! calls at a time hold, and it is counted among them. Whoever can't do without the other plugin also names it in `[dependencies]`.
//!
//! ```
//! use plugin_api::peer::Call;
//! use plugin_api::prelude::*;
//! use plugin_api::services::{ServiceError, ServiceErrorKind};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct PriceOf { article: String }
//!
//! # struct Shop;
//! # impl Plugin for Shop {
//! #     fn new(_: PluginContext) -> Self { Self }
//! /// In the plugin `shop`:
//! fn contributions(&self) -> Contributions {
//!     Contributions::new().service("price", |call: Call<PriceOf>| async move {
//!         match call.input.article.as_str() {
//!             "tea" => Ok(250_u32),
//!             other => Err(ServiceError::new(ServiceErrorKind::NotFound, format!("there is no {other}"))),
//!         }
//!     })
//! }
//! # }
//!
//! /// In another one:
//! async fn price(context: &PluginContext, article: &str) -> Result<u32, ServiceError> {
//!     context.peer("shop").call("price", &PriceOf { article: article.to_owned() }).await
//! }
//! ```

use crate::abi::FfiServiceCall;
use crate::services::{HostServices, ServiceError, ServiceErrorKind};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Another plugin. From [`PluginContext::peer`](crate::PluginContext::peer); cheap to clone.
#[derive(Clone)]
pub struct Peer {
    id: String,
    services: Arc<dyn HostServices>,
}

/// A call of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<I> {
    /// The plugin that calls.
    pub caller: String,
    /// What it gave.
    pub input: I,
}

/// What answers a service's calls: JSON in and out.
pub(crate) type ServiceHandler =
    Arc<dyn Fn(Call<String>) -> BoxFuture<'static, Result<Vec<u8>, ServiceError>> + Send + Sync>;

impl Peer {
    pub(crate) fn new(id: &str, services: Arc<dyn HostServices>) -> Self {
        Self { id: id.to_owned(), services }
    }

    /// Calls one of the plugin's services.
    ///
    /// # Errors
    /// What the service answers; of kind `Refused` if the plugin was not granted, `NotFound` if it has no such service,
    /// `Unavailable` if it is not installed or does not serve, `Busy` if it answers as many calls as it may, `Timeout` at its deadline,
    /// `Invalid` if its answer is no `O`, `TooLarge` for more than the operator allows.
    pub async fn call<O: DeserializeOwned>(&self, service: &str, input: &impl Serialize) -> Result<O, ServiceError> {
        let input = serde_json::to_string(input).map_err(invalid)?;
        let answer = self.services.call_service(&self.id, service, input).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            invalid(format!("the answer of service {service} of plugin {} is not what was expected: {error}", self.id))
        })
    }
}

impl Call<String> {
    pub(crate) fn copied(call: &FfiServiceCall<'_>) -> Self {
        Self { caller: call.caller.into(), input: call.input.into() }
    }
}

/// A handler that reads and writes JSON around one that does not.
pub(crate) fn typed<I, O, F, R>(handler: F) -> ServiceHandler
where
    I: DeserializeOwned,
    O: Serialize,
    F: Fn(Call<I>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<O, ServiceError>> + Send + 'static,
{
    Arc::new(move |call| match serde_json::from_str(&call.input) {
        Ok(input) => handler(Call { caller: call.caller, input })
            .map(|answer| serde_json::to_vec(&answer?).map_err(ServiceError::other))
            .boxed(),
        Err(error) => {
            let error = invalid(format!("the input is not what the service expects: {error}"));
            Box::pin(std::future::ready(Err(error)))
        }
    })
}

fn invalid(reason: impl ToString) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Invalid, reason.to_string())
}
