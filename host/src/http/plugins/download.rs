//! A stored bundle as an answer.

use crate::http::ApiError;
use crate::plugin::{PluginId, PluginStatus, SupervisorHandle};
use poem::http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use tokio::fs::File;

/// The content type that clients of the contract expect.
const CONTENT_TYPE: &str = "application/x-zip-compressed";

/// A bundle, streamed from the store.
pub(super) struct Download {
    id: PluginId,
    file: File,
    bytes: u64,
}

impl Download {
    /// The bundle of the installed version.
    pub(super) async fn of(status: &PluginStatus, supervisor: &SupervisorHandle) -> Result<Self, ApiError> {
        let path = supervisor.workplace().store.bundle(&status.release.bundle);
        let file = File::open(path).await.map_err(ApiError::internal)?;
        let bytes = file.metadata().await.map_err(ApiError::internal)?.len();
        Ok(Self { id: status.id().clone(), file, bytes })
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        // An id has no character that needs quoting.
        let disposition = HeaderValue::from_str(&format!("attachment; filename={}.zip", self.id));
        let mut response = Response::builder()
            .content_type(CONTENT_TYPE)
            .header(header::CONTENT_LENGTH, self.bytes)
            .body(Body::from_async_read(self.file));
        if let Ok(disposition) = disposition {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema }];
        let response =
            MetaResponse { description: "The bundle", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(_registry: &mut Registry) {}
}
