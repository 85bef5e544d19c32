//! The head of a request, lent for the time of one call.

use abi_stable::StableAbi;
use abi_stable::std_types::{RSlice, RStr};

/// What the host knows of a request before its body is read.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiHead<'a> {
    /// Index into the descriptor's routes.
    pub route: u32,
    /// In capitals.
    pub method: RStr<'a>,
    /// Path and query below the API's prefix.
    pub uri: RStr<'a>,
    /// Path and query as the client sent them.
    pub original_uri: RStr<'a>,
    /// Names in lower case; values as sent, valid by the host's `http` crate.
    pub headers: RSlice<'a, FfiHeader<'a>>,
    /// The path's parameters, percent-encoded as sent.
    pub params: RSlice<'a, FfiParam<'a>>,
    /// Who asks.
    pub caller: FfiCaller<'a>,
}

/// One header.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiHeader<'a> {
    /// In lower case.
    pub name: RStr<'a>,
    /// Not always text.
    pub value: RSlice<'a, u8>,
}

/// One parameter of the path.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiParam<'a> {
    /// As in the route's path.
    pub name: RStr<'a>,
    /// As sent.
    pub value: RStr<'a>,
}

/// Who asks.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiCaller<'a> {
    /// 0 if nobody is logged in.
    pub user_id: i64,
    /// Bit 0: super-user, bit 1: staff.
    pub flags: u32,
    /// The user's public id, empty if nobody is logged in.
    pub user_uuid: RStr<'a>,
    /// Empty if nobody is logged in.
    pub user_name: RStr<'a>,
    /// The client's address.
    pub ip: RStr<'a>,
    /// `en-US` or `zh-CN`.
    pub language: RStr<'a>,
    /// 32 hexadecimal digits.
    pub request_id: RStr<'a>,
}
