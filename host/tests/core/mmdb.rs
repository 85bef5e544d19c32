//! Writes small files in MMDB format: <https://maxmind.github.io/MaxMind-DB/>.

use std::net::Ipv4Addr;

/// A value of the data section.
pub(crate) enum Data {
    Text(&'static str),
    List(Vec<Data>),
    Map(Vec<(&'static str, Data)>),
    U16(u16),
    U32(u32),
    U64(u64),
}

/// A file in which each network of IPv4 addresses, with the length of its prefix, has data.
pub(crate) fn file(networks: &[(Ipv4Addr, u32, Data)]) -> Vec<u8> {
    let mut tree = Tree { nodes: vec![[Record::Nothing; 2]] };
    let mut data = Vec::new();
    for (address, length, value) in networks {
        tree.put(u128::from(u32::from(*address)), 96 + length, data.len());
        encode(value, &mut data);
    }
    let count = tree.nodes.len();
    let mut file = Vec::new();
    for record in tree.nodes.iter().flatten() {
        let number = match record {
            Record::Nothing => count,
            Record::Node(node) => *node,
            // Behind the nodes stand 16 bytes of nothing, then the data.
            Record::Data(offset) => count + 16 + offset,
        };
        file.extend(&u32::try_from(number).expect("a small file").to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = Data::Map(vec![
        ("node_count", Data::U32(u32::try_from(count).expect("a small file"))),
        ("record_size", Data::U16(24)),
        ("ip_version", Data::U16(6)),
        ("database_type", Data::Text("Test-City")),
        ("languages", Data::List(vec![Data::Text("en"), Data::Text("zh-CN")])),
        ("binary_format_major_version", Data::U16(2)),
        ("binary_format_minor_version", Data::U16(0)),
        ("build_epoch", Data::U64(1_750_969_746)),
        ("description", Data::Map(vec![("en", Data::Text("for tests"))])),
    ]);
    encode(&metadata, &mut file);
    file
}

/// The tree over the bits of addresses.
struct Tree {
    nodes: Vec<[Record; 2]>,
}

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

impl Tree {
    /// Lets the addresses that share the first `length` bits have the data at `offset`.
    fn put(&mut self, address: u128, length: u32, offset: usize) {
        let mut node = 0;
        for depth in 0..length {
            let bit = usize::from(address >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][bit] = Record::Data(offset);
                return;
            }
            node = match self.nodes[node][bit] {
                Record::Node(next) => next,
                _ => {
                    self.nodes.push([Record::Nothing; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][bit] = Record::Node(next);
                    next
                }
            };
        }
    }
}

fn encode(value: &Data, out: &mut Vec<u8>) {
    match value {
        Data::Text(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Data::List(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        Data::Map(entries) => {
            head(7, entries.len(), out);
            for (key, value) in entries {
                encode(&Data::Text(key), out);
                encode(value, out);
            }
        }
        Data::U16(number) => sized(5, &number.to_be_bytes(), out),
        Data::U32(number) => sized(6, &number.to_be_bytes(), out),
        Data::U64(number) => sized(9, &number.to_be_bytes(), out),
    }
}

fn sized(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    head(kind, bytes.len(), out);
    out.extend(bytes);
}

/// The type in the upper three bits, or 0 and a byte of its own; the size in the lower five.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let size = u8::try_from(size).expect("a small value");
    assert!(size < 29, "larger sizes have bytes of their own");
    if kind < 8 {
        out.push(kind << 5 | size);
    } else {
        out.extend([size, kind - 7]);
    }
}
