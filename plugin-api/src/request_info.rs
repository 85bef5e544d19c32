//! Who asks, and in which language.

use crate::abi::FfiHead;
use bytes::Bytes;
use std::fmt;
use std::ops::Range;

/// Who asks: the user, the client's address, the language, the request's id.
///
/// One shared block of text; cloning copies no text.
#[derive(Clone)]
pub struct RequestInfo {
    text: Bytes,
    fields: [u32; FIELDS + 1],
    user_id: i64,
    flags: u32,
}

const FIELDS: usize = 6;
const IP: usize = 0;
const LANGUAGE: usize = 1;
const REQUEST_ID: usize = 2;
const USER_UUID: usize = 3;
const USER_NAME: usize = 4;
const ORIGINAL_URI: usize = 5;

impl RequestInfo {
    pub(crate) fn copied(head: &FfiHead<'_>) -> Self {
        let mut block = Vec::with_capacity(Self::len(head));
        let fields = Self::append(head, &mut block);
        Self { text: Bytes::from(block), fields, user_id: head.caller.user_id, flags: head.caller.flags }
    }

    /// How many bytes [`append`](Self::append) adds.
    pub(crate) fn len(head: &FfiHead<'_>) -> usize {
        Self::parts(head).iter().map(|part| part.len()).sum()
    }

    /// Appends the text to a block that is shared with others; give the places to [`shared`](Self::shared).
    pub(crate) fn append(head: &FfiHead<'_>, block: &mut Vec<u8>) -> [u32; FIELDS + 1] {
        let mut places = [0; FIELDS + 1];
        for (place, part) in places.iter_mut().zip(Self::parts(head)) {
            *place = offset(block.len());
            block.extend_from_slice(part.as_bytes());
        }
        places[FIELDS] = offset(block.len());
        places
    }

    #[cfg(feature = "poem")]
    pub(crate) fn shared(head: &FfiHead<'_>, text: Bytes, fields: [u32; FIELDS + 1]) -> Self {
        Self { text, fields, user_id: head.caller.user_id, flags: head.caller.flags }
    }

    fn parts<'a>(head: &FfiHead<'a>) -> [&'a str; FIELDS] {
        let caller = &head.caller;
        [caller.ip, caller.language, caller.request_id, caller.user_uuid, caller.user_name, head.original_uri]
            .map(|part| part.as_str())
    }

    /// The user's id; None if nobody is logged in.
    pub fn user_id(&self) -> Option<i64> {
        (self.user_id != 0).then_some(self.user_id)
    }

    /// The user's public id, empty if nobody is logged in.
    pub fn user_uuid(&self) -> &str {
        self.field(USER_UUID)
    }

    /// The user's login name, empty if nobody is logged in.
    pub fn user_name(&self) -> &str {
        self.field(USER_NAME)
    }

    /// Whether every permission is granted.
    pub fn is_superuser(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the user may change things in the back office.
    pub fn is_staff(&self) -> bool {
        self.flags & 2 != 0
    }

    /// The client's address.
    pub fn ip(&self) -> &str {
        self.field(IP)
    }

    /// `en-US` or `zh-CN`.
    pub fn language(&self) -> &str {
        self.field(LANGUAGE)
    }

    /// 32 hexadecimal digits, the same as in the answer's `X-Request-ID`.
    pub fn request_id(&self) -> &str {
        self.field(REQUEST_ID)
    }

    /// Path and query as the client sent them.
    pub fn original_uri(&self) -> &str {
        self.field(ORIGINAL_URI)
    }

    fn field(&self, index: usize) -> &str {
        let range: Range<usize> = self.fields[index] as usize..self.fields[index + 1] as usize;
        self.text.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl fmt::Debug for RequestInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInfo")
            .field("user_id", &self.user_id)
            .field("ip", &self.ip())
            .field("request_id", &self.request_id())
            .finish_non_exhaustive()
    }
}

/// A head is far below 4 GiB; a larger one would read as empty.
fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(0)
}

#[cfg(feature = "poem")]
impl<'a> poem::FromRequest<'a> for RequestInfo {
    async fn from_request(request: &'a poem::Request, _: &mut poem::RequestBody) -> poem::Result<Self> {
        let info = request.extensions().get::<Self>().cloned();
        info.ok_or_else(|| crate::ApiError::internal("the request did not come through the host").into())
    }
}
