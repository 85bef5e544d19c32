//! Where a request may go.

use crate::plugin::id::PluginId;
use crate::plugin::manifest::HostPattern;
use plugin_api::services::{ServiceError, ServiceErrorKind};
use reqwest::Url;

/// By which grant a host may be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// By its own name: wherever it is.
    Named,
    /// By a `*.`: not on this machine, and not in a private network.
    Covered,
}

/// An absolute URL with `http` or `https`.
pub(super) fn parse(text: &str) -> Result<Url, ServiceError> {
    let url = Url::parse(text).map_err(|error| invalid(format!("the URL can't be read: {error}")))?;
    check_scheme(&url)?;
    Ok(url)
}

/// By which grant `url` may be asked, on any of its host's ports.
///
/// # Errors
/// Of kind [`Refused`](ServiceErrorKind::Refused), naming the plugin, the host and the hosts that are granted.
pub(super) fn admit(id: &PluginId, hosts: &[HostPattern], url: &Url) -> Result<Reach, ServiceError> {
    check_scheme(url)?;
    let host = url.host_str().unwrap_or_default();
    if hosts.iter().any(|pattern| pattern.names(host)) {
        return Ok(Reach::Named);
    }
    let is_name = url.domain().is_some();
    if is_name && hosts.iter().any(|pattern| pattern.covers(host)) {
        return Ok(Reach::Covered);
    }
    Err(refused(format!("plugin {id} may not send requests to {host}: {}", granted(hosts))))
}

/// The refusal of a host that is too near.
pub(super) fn too_near(id: &PluginId, hosts: &[HostPattern], url: &Url) -> ServiceError {
    let host = url.host_str().unwrap_or_default();
    refused(format!(
        "plugin {id} may not send requests to {host}: it is at an address of this machine or of a private network, \
         which needs to be granted by its own name; {}",
        granted(hosts)
    ))
}

/// For people and logs: without user name, query and fragment.
pub(super) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Whether credentials for one are for the other too.
pub(super) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

pub(super) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Invalid, message)
}

fn refused(message: String) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Refused, message)
}

fn check_scheme(url: &Url) -> Result<(), ServiceError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        other => Err(invalid(format!("the URL begins with {other}:, http: or https: is accepted"))),
    }
}

fn granted(hosts: &[HostPattern]) -> String {
    if hosts.is_empty() {
        return "no host is granted, for which it would need http = [\"…\"] in [capabilities] of its plugin.toml"
            .to_owned();
    }
    let names: Vec<&str> = hosts.iter().map(HostPattern::as_str).collect();
    format!("granted are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_granted_hosts_are_admitted() {
        let hosts = ["api.example.com", "*.example.org", "127.0.0.1", "*.0.0.1"].map(|host| host.parse().unwrap());
        let id: PluginId = "shop".parse().unwrap();
        for (url, reach) in [
            ("https://api.example.com/x", Some(Reach::Named)),
            ("http://API.Example.COM:8080", Some(Reach::Named)),
            ("https://a.b.example.org", Some(Reach::Covered)),
            ("http://127.0.0.1:1", Some(Reach::Named)),
            // What the address is written like makes no difference.
            ("http://0x7f.1", Some(Reach::Named)),
            ("http://10.0.0.1", None),
            ("https://example.org", None),
            ("https://example.com", None),
            ("https://xapi.example.com", None),
            ("https://x.api.example.com", None),
            ("https://badexample.org", None),
            ("https://api.example.com@evil.example", None),
            ("https://api.example.com.evil.example", None),
            ("https://api.example.com.", None),
            ("http://[::1]", None),
            ("http://[::ffff:127.0.0.1]", None),
        ] {
            let admitted = admit(&id, &hosts, &parse(url).unwrap());
            assert_eq!(admitted.as_ref().ok().copied(), reach, "{url}: {admitted:?}");
        }
        for url in ["file:///etc/passwd", "ftp://api.example.com", "api.example.com", "", "http://"] {
            assert_eq!(parse(url).unwrap_err().kind, ServiceErrorKind::Invalid, "{url}");
        }
        let told = admit(&id, &hosts[..2], &parse("https://evil.example/?secret").unwrap()).unwrap_err();
        let words = "plugin shop may not send requests to evil.example: granted are api.example.com, *.example.org";
        assert_eq!((told.kind, told.message.as_str()), (ServiceErrorKind::Refused, words));
    }

    #[test]
    fn what_is_shown_of_a_url_is_no_secret() {
        let url = parse("https://name:secret@api.example.com:444/a/b?secret#secret").unwrap();
        assert_eq!(shown(&url), "https://api.example.com:444/a/b");
    }
}
