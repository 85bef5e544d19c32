//! What a call answers.

use super::{FfiBytes, FfiFuture, FfiStream};
use abi_stable::StableAbi;
use abi_stable::std_types::{RString, RVec};

/// The answer of [`PluginModule::call`](super::PluginModule::call).
#[repr(u8)]
#[derive(StableAbi)]
pub enum FfiCall {
    /// Answered at once.
    Ready(FfiResponse),
    /// To be polled by the host's worker.
    Pending(FfiFuture<FfiResponse>),
    /// The handler panicked with this text.
    Panicked(RString),
}

/// A response.
#[repr(C)]
#[derive(StableAbi)]
pub struct FfiResponse {
    /// 100 to 999; the host answers 500 for anything else.
    pub status: u16,
    /// The usual content types without a header's cost.
    pub content_type: ContentType,
    /// The other headers: for each a `u16` length, the name, a `u32` length, the value; little endian.
    pub headers: RVec<u8>,
    /// The body.
    pub body: FfiBody,
}

/// The usual content types.
#[repr(u8)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// Among the headers, or none.
    Other,
    /// `application/json; charset=utf-8`
    Json,
    /// `text/plain; charset=utf-8`
    Text,
    /// `application/octet-stream`
    Binary,
}

impl ContentType {
    /// The header's value.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Other => None,
            Self::Json => Some("application/json; charset=utf-8"),
            Self::Text => Some("text/plain; charset=utf-8"),
            Self::Binary => Some("application/octet-stream"),
        }
    }

    /// The short form of a header's value, if it has one.
    pub fn of(value: &[u8]) -> Option<Self> {
        [Self::Json, Self::Text, Self::Binary]
            .into_iter()
            .find(|kind| kind.as_str().is_some_and(|text| text.as_bytes() == value))
    }
}

/// A body, in either direction.
#[repr(u8)]
#[derive(StableAbi)]
pub enum FfiBody {
    /// None.
    Empty,
    /// All of it.
    Full(FfiBytes),
    /// Piece by piece.
    Stream(FfiStream),
}

impl FfiResponse {
    /// Appends a header to `headers`; one that is too long for the encoding is left out.
    pub fn push_header(headers: &mut Vec<u8>, name: &str, value: &[u8]) {
        if let (Ok(name_len), Ok(value_len)) = (u16::try_from(name.len()), u32::try_from(value.len())) {
            headers.extend_from_slice(&name_len.to_le_bytes());
            headers.extend_from_slice(name.as_bytes());
            headers.extend_from_slice(&value_len.to_le_bytes());
            headers.extend_from_slice(value);
        }
    }

    /// The headers as pairs; ends at the first that is cut short.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.headers.as_slice();
        std::iter::from_fn(move || {
            let (name_len, after) = rest.split_first_chunk::<2>()?;
            let (name, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*name_len)))?;
            let (value_len, after) = after.split_first_chunk::<4>()?;
            let value_len = usize::try_from(u32::from_le_bytes(*value_len)).ok()?;
            let (value, after) = after.split_at_checked(value_len)?;
            rest = after;
            Some((name, value))
        })
    }
}
