//! Routes about uploaded files.

use super::media::Class;
use super::service::{FileError, FileService};
use crate::http::site::UPLOADS_PATH;
use crate::http::{Allowed, Answer, ApiError, Message};
use crate::permissions;
use poem::web::{Field, Multipart};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object, OpenApi};
use tokio::io::AsyncReadExt;

permissions! {
    UploadFile = "sys:file:upload",
}

/// The name of the field.
const FIELD: &str = "file";
/// Fields that are looked at to find it.
const FIELDS_MAX: usize = 8;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// `/sys/files`
pub struct FileApi {
    files: FileService,
}

/// Where an uploaded file is.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct UploadUrl {
    /// A path of this server.
    pub url: String,
}

/// The body of an upload, unread.
pub struct MediaUpload(Option<Multipart>);

impl<'a> ApiExtractor<'a> for MediaUpload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchema {
            description: Some("A picture (jpg, jpeg, png, gif, webp) or a film (mp4, mov, avi, flv)"),
            ..MetaSchema::new_with_format("string", "binary")
        };
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

impl MediaUpload {
    async fn file(self) -> Result<Field, ApiError> {
        let mut multipart = self.0.ok_or_else(no_file)?;
        for _ in 0..FIELDS_MAX {
            match multipart.next_field().await.map_err(|_| broken())? {
                Some(field) if field.name() == Some(FIELD) => return Ok(field),
                Some(_) => {}
                None => break,
            }
        }
        Err(no_file())
    }
}

impl FileApi {
    /// The routes over `files`.
    pub fn new(files: FileService) -> Self {
        Self { files }
    }
}

/// Files
#[OpenApi]
impl FileApi {
    /// Upload a picture (at most 5 MiB) or a film (at most 20 MiB)
    #[oai(path = "/sys/files/upload", method = "post", operation_id = "upload_file")]
    async fn upload(&self, _caller: Allowed<UploadFile>, upload: MediaUpload) -> Result<Answer<UploadUrl>, ApiError> {
        let field = upload.file().await?;
        let mut incoming = self.files.begin(field.file_name().unwrap_or_default()).await?;
        let mut reader = std::pin::pin!(field.into_async_read());
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let length = reader.read(&mut chunk).await.map_err(|_| broken())?;
            if length == 0 {
                break;
            }
            incoming.write(&chunk[..length]).await?;
        }
        let name = incoming.finish().await?;
        Ok(Answer::of(UploadUrl { url: format!("{UPLOADS_PATH}/{}", name.as_str()) }))
    }
}

fn no_file() -> ApiError {
    ApiError::bad_request(Message::fixed("send a file as the multipart field file", "请通过表单字段 file 上传文件"))
}

fn broken() -> ApiError {
    ApiError::bad_request(Message::fixed("the upload was cut off or is no multipart body", "上传内容不完整或格式非法"))
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        let message = match error {
            FileError::NoExtension => Message::fixed("the file's name has no extension", "无法识别文件类型"),
            FileError::Unsupported { extension } => Message::new(
                format!("files of type {extension} are not accepted"),
                format!("暂不支持 {extension} 格式的文件"),
            ),
            FileError::Mismatch { extension } => {
                Message::new(format!("the file is no {extension}"), format!("文件内容不是 {extension} 格式"))
            }
            FileError::TooLarge { class: Class::Image } => {
                Message::fixed("pictures may have 5 MiB at most", "图片不能超过 5 MiB")
            }
            FileError::TooLarge { class: Class::Video } => {
                Message::fixed("films may have 20 MiB at most", "视频不能超过 20 MiB")
            }
            FileError::Io(error) => return Self::internal(error),
        };
        Self::bad_request(message)
    }
}
