//! What most plugins import: `use plugin_api::prelude::*;`

pub use crate::descriptor::{Access, DataModel, Menu, Setting};
pub use crate::services::Level;
pub use crate::{
    Contributions, Id, Permitted, Plugin, PluginContext, PluginError, RequestInfo, Secret, Settings, export_plugin,
    migrations,
};
pub use schemars::{self, JsonSchema};

#[cfg(feature = "poem")]
pub use crate::{ApiError, Envelope, Page, PageQuery};
#[cfg(feature = "poem")]
pub use poem_openapi::{
    self, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::{Json, PlainText},
};
