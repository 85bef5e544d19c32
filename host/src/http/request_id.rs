//! The number under which one request is found again, in answers and in logs.

use poem::http::HeaderValue;
use std::fmt;
use uuid::Uuid;

/// The header that carries it, in both directions.
pub const HEADER: &str = "x-request-id";

/// A request's id: a UUID, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

/// The client sent an `X-Request-ID` that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("X-Request-ID is not a UUID")]
pub struct InvalidRequestId;

impl RequestId {
    /// A new, random one.
    ///
    /// The randomness is the thread's generator, not the system's: ids must differ, not be secret,
    /// and a system call per request is the dearer of the two.
    pub fn random() -> Self {
        Self(uuid::Builder::from_random_bytes(rand::random()).into_uuid())
    }

    /// The client's own, with or without dashes, or a new one if it sent none.
    ///
    /// # Errors
    /// [`InvalidRequestId`] when the client's is neither form of a UUID.
    pub fn adopt(header: Option<&HeaderValue>) -> Result<Self, InvalidRequestId> {
        let Some(header) = header else {
            return Ok(Self::random());
        };
        let text = header.to_str().map_err(|_| InvalidRequestId)?;
        // `Uuid::parse_str` also takes braces and URNs, which the contract does not know.
        if !matches!(text.len(), 32 | 36) {
            return Err(InvalidRequestId);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidRequestId)
    }

    /// How many hexadecimal digits it has.
    pub const LENGTH: usize = uuid::fmt::Simple::LENGTH;

    /// Writes its digits.
    pub fn encode(self, digits: &mut [u8; Self::LENGTH]) {
        self.0.as_simple().encode_lower(digits);
    }

    /// As the value of a header.
    pub fn header_value(self) -> HeaderValue {
        let mut digits = [0; uuid::fmt::Simple::LENGTH];
        let text = self.0.as_simple().encode_lower(&mut digits);
        HeaderValue::from_str(text).expect("hexadecimal digits are a valid header value")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_adopted_and_anything_else_refused() {
        let plain = "aaaaaaaaaaaa4aaa8aaaaaaaaaaaaaaa";
        let cases = [
            (plain, Some(plain)),
            ("AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA", Some(plain)),
            ("nonsense", None),
            ("", None),
            ("{aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa}", None),
            ("urn:uuid:aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", None),
            ("gaaaaaaaaaaa4aaa8aaaaaaaaaaaaaaa", None),
        ];
        for (sent, expected) in cases {
            let header = HeaderValue::from_static(sent);
            let adopted = RequestId::adopt(Some(&header)).ok().map(|id| id.to_string());
            assert_eq!(adopted.as_deref(), expected, "{sent:?}");
        }
    }

    #[test]
    fn without_a_header_each_request_gets_its_own_version_4_id() {
        let one = RequestId::adopt(None).unwrap();
        let two = RequestId::adopt(None).unwrap();
        assert_ne!(one, two);
        assert_eq!(one.0.get_version_num(), 4);
        assert_eq!(one.header_value().to_str().unwrap(), one.to_string());
    }
}
