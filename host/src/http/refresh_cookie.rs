//! The cookie that holds a refresh token: scripts can't read it, other sites' forms don't send it.

use poem::http::{HeaderMap, HeaderValue, header};

/// How the cookie is written and found again.
#[derive(Debug, Clone)]
pub struct RefreshCookie {
    name: String,
    max_age_seconds: u32,
}

/// Whether the cookie may travel over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// The client speaks TLS: the cookie is for TLS only.
    Https,
    /// It does not.
    Http,
}

impl RefreshCookie {
    /// A cookie of this name that browsers keep for `max_age_seconds`.
    pub fn new(name: String, max_age_seconds: u32) -> Self {
        Self { name, max_age_seconds }
    }

    /// The header that gives `token` to the client.
    pub fn set(&self, token: &str, transport: Transport) -> HeaderValue {
        self.header(token, self.max_age_seconds, transport)
    }

    /// The header that takes the cookie away.
    pub fn delete(&self, transport: Transport) -> HeaderValue {
        self.header("", 0, transport)
    }

    /// The token that the client sends.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.name && !value.is_empty())
            .map(|(_, value)| value.trim_matches('"'))
    }

    fn header(&self, value: &str, max_age_seconds: u32, transport: Transport) -> HeaderValue {
        let secure = if transport == Transport::Https { "; Secure" } else { "" };
        let name = &self.name;
        let text = format!("{name}={value}; HttpOnly; Max-Age={max_age_seconds}; Path=/; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).expect("names are checked with the configuration, tokens are hexadecimal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let cookie = RefreshCookie::new("app_refresh_token".to_owned(), 60);
        let cases = [
            ("app_refresh_token=abc", Some("abc")),
            ("a=b; app_refresh_token=abc; c=d", Some("abc")),
            ("xapp_refresh_token=abc", None),
            ("app_refresh_token=", None),
            ("app_refresh_token", None),
            ("app_refresh_token=\"abc\"", Some("abc")),
        ];
        for (sent, expected) in cases {
            let headers = [(header::COOKIE, sent.parse().unwrap())].into_iter().collect();
            assert_eq!(cookie.read(&headers), expected, "{sent}");
        }
        let plain = "app_refresh_token=t; HttpOnly; Max-Age=60; Path=/; SameSite=Lax";
        assert_eq!(cookie.set("t", Transport::Http), plain);
        assert_eq!(cookie.set("t", Transport::Https), format!("{plain}; Secure"));
        assert_eq!(cookie.delete(Transport::Http), "app_refresh_token=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax");
    }
}
