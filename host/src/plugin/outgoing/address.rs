//! Which addresses are elsewhere: neither this machine's nor those of a private network.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use sysinfo::Networks;

/// Resolves names to addresses that are elsewhere, and to no others.
///
/// What it gives is what is connected: a name that resolves to something else a moment later changes nothing.
#[derive(Debug)]
pub(super) struct Elsewhere;

/// A name has addresses, but none that is elsewhere.
#[derive(Debug)]
pub(super) struct TooNear;

impl fmt::Display for TooNear {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is at an address of this machine or of a private network")
    }
}

impl std::error::Error for TooNear {}

impl Resolve for Elsewhere {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let own = tokio::task::spawn_blocking(own_addresses).await?;
            let elsewhere: Vec<SocketAddr> =
                found.into_iter().filter(|address| is_public(address.ip()) && !own.contains(&address.ip())).collect();
            if elsewhere.is_empty() {
                return Err(TooNear.into());
            }
            let addresses: Addrs = Box::new(elsewhere.into_iter());
            Ok(addresses)
        })
    }
}

/// Those of this machine that others may reach it by.
fn own_addresses() -> BTreeSet<IpAddr> {
    let networks = Networks::new_with_refreshed_list();
    networks.values().flat_map(|network| network.ip_networks()).map(|network| network.addr).collect()
}

/// Whether an address is one of the internet at large (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, shared by providers, protocol assignments, measurements, reserved.
        (0, ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _) | (240..=255, ..) => true,
        _ => address.is_private() || address.is_loopback() || address.is_link_local(),
    };
    !is_special && !address.is_multicast() && !address.is_documentation()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let below = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // An address of IPv4 in another form is what it is in its own.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => below(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => below(g, h),
        (0x2002, _) => below(b, c),
        // Teredo, documentation.
        (0x2001, 0 | 0xdb8) => false,
        // Global unicast is all there is besides.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_near_are_known() {
        let public = [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let near = [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
        ];
        for address in near {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_machine_knows_its_own_addresses() {
        assert!(own_addresses().contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
