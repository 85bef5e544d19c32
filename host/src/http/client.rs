//! Where a request comes from.

use super::Transport;
use poem::http::HeaderMap;
use poem::http::uri::Scheme;
use poem::{Addr, Request};
use std::net::IpAddr;

/// Proxies whose word about the client's address is taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpAddr>);

impl TrustedProxies {
    /// Trusts these.
    pub fn new(proxies: Vec<IpAddr>) -> Self {
        Self(proxies.into_iter().map(|proxy| proxy.to_canonical()).collect())
    }

    /// The address of the client who sent `request`; None on a transport without addresses.
    pub fn client(&self, request: &Request) -> Option<IpAddr> {
        match &request.remote_addr().0 {
            Addr::SocketAddr(peer) => Some(self.client_of(peer.ip(), request.headers())),
            _ => None,
        }
    }

    /// Whether the client speaks TLS: with us, or with a trusted proxy that says so in
    /// `X-Forwarded-Proto`.
    pub fn transport(&self, request: &Request) -> Transport {
        let said = request.header("x-forwarded-proto").unwrap_or_default();
        // Each proxy appends; the first one is the client's.
        let said = said.split(',').next().unwrap_or_default().trim();
        let proxied = match &request.remote_addr().0 {
            Addr::SocketAddr(peer) => self.0.contains(&peer.ip().to_canonical()) && said.eq_ignore_ascii_case("https"),
            _ => false,
        };
        if proxied || *request.scheme() == Scheme::HTTPS { Transport::Https } else { Transport::Http }
    }

    /// What a trusted `peer` says in `X-Real-IP` or, from the right, in `X-Forwarded-For`; else
    /// the peer itself.
    pub fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.0.contains(&peer) {
            return peer;
        }
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let real = said("x-real-ip").and_then(address);
        let forwarded = || {
            // Each proxy appends; what stands left of our own proxies anybody may have written.
            said("x-forwarded-for")?.rsplit(',').filter_map(address).find(|address| !self.0.contains(address))
        };
        real.or_else(forwarded).unwrap_or(peer)
    }
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderName;

    fn client(peer: &str, sent: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let proxies = TrustedProxies::new(vec!["127.0.0.1".parse().unwrap()]);
        proxies.client_of(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let cases = [
            ("192.0.2.1", vec![("x-real-ip", "10.0.0.1")], "192.0.2.1"),
            ("127.0.0.1", vec![("x-real-ip", "10.0.0.1")], "10.0.0.1"),
            ("::ffff:127.0.0.1", vec![("x-real-ip", "10.0.0.1")], "10.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6, 10.0.0.2, 127.0.0.1")], "10.0.0.2"),
            ("127.0.0.1", vec![("x-forwarded-for", "rubbish")], "127.0.0.1"),
            ("127.0.0.1", vec![], "127.0.0.1"),
        ];
        for (peer, headers, expected) in cases {
            assert_eq!(client(peer, &headers), expected, "{peer} {headers:?}");
        }
    }
}
