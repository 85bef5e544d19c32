//! In which words clients and the log are told why nobody was logged in.

use std::borrow::Cow;

/// A text in English and Chinese.
pub type Texts = (Cow<'static, str>, Cow<'static, str>);
