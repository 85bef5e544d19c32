//! A bundle as the field `file` of a multipart body, streamed into staging.

use super::plan::ActionDto;
use crate::http::{ApiError, JsonBody, Message};
use crate::plugin::{OperationError, SupervisorHandle};
use crate::store::Staged;
use poem::web::{Field, Multipart};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use tokio::io::AsyncReadExt;

/// The name of the field.
const FIELD: &str = "file";
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The body of an upload, unread.
pub(super) struct BundleUpload(Option<Multipart>);

impl<'a> ApiExtractor<'a> for BundleUpload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchema { description: Some("The bundle"), ..MetaSchema::new_with_format("string", "binary") };
        let schema = MetaSchema {
            required: vec![FIELD],
            properties: vec![(FIELD, MetaSchemaRef::Inline(Box::new(file)))],
            ..MetaSchema::new("object")
        };
        let schema = MetaSchemaRef::Inline(Box::new(schema));
        let content = vec![MetaMediaType { content_type: "multipart/form-data", schema }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        // No body, or one of another kind: a missing file, which is answered as such.
        Ok(Self(<Multipart as FromRequest>::from_request(request, body).await.ok()))
    }
}

impl BundleUpload {
    /// Receives the file; what else the body holds is ignored.
    pub(super) async fn receive(self, supervisor: &SupervisorHandle) -> Result<Staged, ApiError> {
        let mut multipart = self.0.ok_or_else(no_file)?;
        while let Some(field) = multipart.next_field().await.map_err(|_| broken())? {
            if field.name() == Some(FIELD) {
                return receive(field, supervisor).await;
            }
        }
        Err(no_file())
    }
}

async fn receive(field: Field, supervisor: &SupervisorHandle) -> Result<Staged, ApiError> {
    let workplace = supervisor.workplace();
    let bytes_max = workplace.inspection.limits.packed_bytes_max;
    let mut writer = workplace.store.stage(bytes_max).await.map_err(OperationError::from)?;
    let mut reader = std::pin::pin!(field.into_async_read());
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = reader.read(&mut chunk).await.map_err(|_| broken())?;
        if length == 0 {
            break;
        }
        writer.write(&chunk[..length]).await.map_err(OperationError::from)?;
    }
    let staged = writer.finish().await.map_err(OperationError::from)?;
    if staged.bytes() == 0 { Err(no_file()) } else { Ok(staged) }
}

fn no_file() -> ApiError {
    ApiError::bad_request(Message::fixed(
        "the bundle is missing: send a zip as the multipart field file",
        "ZIP 压缩包不能为空",
    ))
}

fn broken() -> ApiError {
    ApiError::bad_request(Message::fixed("the upload was cut off or is no multipart body", "上传内容不完整或格式非法"))
}

/// A bundle, or what is to be done with an installed plugin.
pub(super) enum PlanBody {
    /// `multipart/form-data`
    Bundle(BundleUpload),
    /// `application/json`
    Action(ActionDto),
}

impl<'a> ApiExtractor<'a> for PlanBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <JsonBody<ActionDto> as ApiExtractor>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let mut request = BundleUpload::request_meta()?;
        request.content.extend(<JsonBody<ActionDto> as ApiExtractor>::request_meta()?.content);
        Some(request)
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let content_type = request.content_type().unwrap_or_default().to_ascii_lowercase();
        if content_type.starts_with("multipart/") {
            return Ok(Self::Bundle(BundleUpload::from_request(request, body, options).await?));
        }
        let JsonBody(action) = <JsonBody<ActionDto> as ApiExtractor>::from_request(request, body, options).await?;
        Ok(Self::Action(action))
    }
}
