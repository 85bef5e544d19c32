//! Where a request comes from.

use super::Transport;
use poem::http::HeaderMap;
use poem::http::uri::Scheme;
use poem::{Addr, Request};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";
const REAL_IP: &str = "x-real-ip";

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

    /// The address that a trusted `peer` vouches for in `X-Forwarded-For` or, where there is none,
    /// in `X-Real-IP`; else the peer itself.
    ///
    /// A proxy appends to `X-Forwarded-For`, so its right end is always a proxy's word, whatever
    /// the client wrote before it. A proxy that has not been told of `X-Real-IP` passes it on as
    /// the client wrote it: beside the other header it counts for nothing.
    pub fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.0.contains(&peer) {
            return peer;
        }
        if headers.contains_key(FORWARDED_FOR) {
            return self.forwarded(peer, headers);
        }
        let real = headers.get(REAL_IP).and_then(|value| value.to_str().ok());
        real.and_then(address).unwrap_or(peer)
    }

    /// The first address from the right that is no trusted proxy's. It ends at what is no address:
    /// what stands left of it nobody vouches for.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        // Some proxies append a line of their own.
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut farthest = peer;
        for hop in hops.map_while(address) {
            farthest = hop;
            if !self.0.contains(&hop) {
                break;
            }
        }
        farthest
    }
}

/// An address, of which some proxies also write the port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderName;

    fn client(peer: &str, sent: &[(&'static str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let proxies = ["127.0.0.1", "203.0.113.9"].map(|proxy| proxy.parse().unwrap());
        let proxies = TrustedProxies::new(proxies.to_vec());
        proxies.client_of(peer.parse().unwrap(), &headers).to_string()
    }

    /// The peer, the headers that it sends, and whose address is believed.
    type Case<'a> = (&'a str, Vec<(&'static str, &'a str)>, &'a str);

    #[test]
    fn only_trusted_proxies_are_believed() {
        let cases = [
            ("192.0.2.1", vec![("x-real-ip", "10.0.0.1")], "192.0.2.1"),
            ("192.0.2.1", vec![("x-forwarded-for", "10.0.0.1")], "192.0.2.1"),
            ("127.0.0.1", vec![("x-real-ip", "10.0.0.1")], "10.0.0.1"),
            ("::ffff:127.0.0.1", vec![("x-real-ip", "10.0.0.1")], "10.0.0.1"),
            ("127.0.0.1", vec![("x-real-ip", "rubbish")], "127.0.0.1"),
            ("127.0.0.1", vec![], "127.0.0.1"),
        ];
        check(&cases);
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxys_is_the_clients() {
        let cases = [
            ("127.0.0.1", vec![("x-forwarded-for", "10.0.0.2")], "10.0.0.2"),
            // What the client wrote stands on the left.
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6, 10.0.0.2")], "10.0.0.2"),
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6, 10.0.0.2, 127.0.0.1 , 203.0.113.9")], "10.0.0.2"),
            // A line of its own for each proxy, in their order.
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "10.0.0.2")], "10.0.0.2"),
            ("127.0.0.1", vec![("x-forwarded-for", "10.0.0.2"), ("x-forwarded-for", "203.0.113.9")], "10.0.0.2"),
            // A request of a proxy itself.
            ("127.0.0.1", vec![("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
            ("127.0.0.1", vec![("x-forwarded-for", "10.0.0.2:50112")], "10.0.0.2"),
            ("127.0.0.1", vec![("x-forwarded-for", "[2001:db8::1]:443")], "2001:db8::1"),
            ("127.0.0.1", vec![("x-forwarded-for", "[2001:db8::1]")], "2001:db8::1"),
            ("127.0.0.1", vec![("x-forwarded-for", "::ffff:10.0.0.2")], "10.0.0.2"),
        ];
        check(&cases);
    }

    #[test]
    fn nobody_chooses_an_address() {
        let cases = [
            // Passed on as the client wrote it, beside what the proxy says.
            ("127.0.0.1", vec![("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "10.0.0.2")], "10.0.0.2"),
            ("127.0.0.1", vec![("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "6.6.6.6, 10.0.0.2")], "10.0.0.2"),
            // Behind what is no address, only the client can have written.
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6, unknown")], "127.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6, rubbish, 203.0.113.9")], "203.0.113.9"),
            ("127.0.0.1", vec![("x-forwarded-for", "rubbish"), ("x-real-ip", "6.6.6.6")], "127.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", ""), ("x-real-ip", "6.6.6.6")], "127.0.0.1"),
            ("127.0.0.1", vec![("x-forwarded-for", "6.6.6.6,")], "127.0.0.1"),
        ];
        check(&cases);
    }

    #[track_caller]
    fn check(cases: &[Case<'_>]) {
        for (peer, headers, expected) in cases {
            assert_eq!(client(peer, headers), *expected, "{peer} {headers:?}");
        }
    }
}
