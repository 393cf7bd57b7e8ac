//! Which addresses are the public internet's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one that anybody may be sent to: globally reachable unicast, by the
/// registries of RFC 6890 as they stand, after every way of writing an IPv4 address inside of
/// an IPv6 one was undone.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), compatible, translated
/// by NAT64 (RFC 6052), 6to4 (RFC 3056) and Teredo (RFC 4380, whose client address is written
/// upside down), ISATAP (RFC 5214) and IPv4-translated (RFC 2765).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let low = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0, 0, 0, 0, 0xffff, 0, a, b] => Some(low(a, b)),
        // `::` and `::1` are addresses of their own and no IPv4 ones.
        [0, 0, 0, 0, 0, 0, a, b] if a != 0 => Some(low(a, b)),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => Some(low(a, b)),
        [0x2002, a, b, ..] => Some(low(a, b)),
        [0x2001, 0, _, _, _, _, a, b] => Some(low(!a, !b)),
        [_, _, _, _, 0 | 0x200, 0x5efe, a, b] => Some(low(a, b)),
        _ => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    !matches!(
        (a, b, c, d),
        // This network, private use, shared space of carriers, loopback, link-local.
        (0 | 10 | 127, ..)
            | (100, 64..=127, ..)
            | (169, 254, ..)
            | (172, 16..=31, ..)
            | (192, 168, ..)
            // Protocol assignments, documentation, 6to4 relays, AS112, benchmarks.
            | (192, 0, 0 | 2, _)
            | (192, 31, 196, _)
            | (192, 52, 193, _)
            | (192, 88, 99, _)
            | (192, 175, 48, _)
            | (198, 18..=19, ..)
            | (198, 51, 100, _)
            | (203, 0, 113, _)
            // Azure's host; the services of other clouds stand in the ranges above.
            | (168, 63, 129, 16)
            // Multicast, reserved, broadcast.
            | (224..=255, ..)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    // Global unicast is 2000::/3; of that, what is set apart.
    let global = matches!(s, [0x2000..=0x3fff, ..]);
    let apart = matches!(
        s,
        // Protocol assignments, among them benchmarks, ORCHID and port control.
        [0x2001, 0..=0x1ff, ..]
            // Documentation, twice.
            | [0x2001, 0xdb8, ..]
            | [0x3fff, 0..=0xfff, ..]
            // Delegation tests of AS112.
            | [0x2620, 0x4f, 0x8000, ..]
    );
    global && !apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_that_is_set_apart_is_refused() {
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.254",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::",
            "2001:0:1:2:3:4:80ff:fffe",
            "2001:db8::1",
            "2001:2::1",
            "2001:10::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "::ffff:0:127.0.0.1",
            "fe80::5efe:10.0.0.1",
            "2a00::5efe:127.0.0.1",
            "2a00::200:5efe:192.168.0.1",
            "5f00::1",
            "4000::1",
        ];
        for text in refused {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_public_internet_is_let_through() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "3ffe::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
