//! Where in the world an address is, by a file that the operator provides.

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The language of names where there is none in the wanted one.
const FALLBACK: &str = "en";

/// Finds places. Cheap to clone; without a file it finds none.
#[derive(Clone, Default)]
pub struct Locations {
    database: Option<Arc<Reader<Vec<u8>>>>,
    language: &'static str,
}

/// A place, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// Its country.
    pub country: String,
    /// The largest part of the country.
    pub region: String,
    /// Its city.
    pub city: String,
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("location.database {} is not a file in MMDB format that can be read", file.display())]
pub struct LocationError {
    /// The file.
    file: PathBuf,
    /// Why.
    #[source]
    source: MaxMindDbError,
}

/// What is read of an entry: what GeoIP2, GeoLite2 and DB-IP call a city, or as much of it as there is.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, default)]
    country: Named<'a>,
    #[serde(borrow, default)]
    subdivisions: Vec<Named<'a>>,
    #[serde(borrow, default)]
    city: Named<'a>,
}

#[derive(Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    names: BTreeMap<&'a str, &'a str>,
}

impl Locations {
    /// Reads `file`; names are in `language`, an IETF tag as the file has it, or in English.
    ///
    /// # Errors
    /// [`LocationError`].
    pub fn open(file: &Path, language: &'static str) -> Result<Self, LocationError> {
        let failed = |source| LocationError { file: file.to_owned(), source };
        // Into memory: a mapped file that somebody shortens would end the process.
        let reader = Reader::open_readfile(file).map_err(failed)?;
        Ok(Self { database: Some(Arc::new(reader)), language })
    }

    /// The place of an address; nothing for one that is in nobody's country.
    pub fn of(&self, address: IpAddr) -> Location {
        let address = address.to_canonical();
        match &self.database {
            Some(database) if !is_private(address) => self.look_up(database, address).unwrap_or_else(|error| {
                tracing::debug!(%error, "an address has no place that can be read");
                Location::default()
            }),
            _ => Location::default(),
        }
    }

    fn look_up(&self, database: &Reader<Vec<u8>>, address: IpAddr) -> Result<Location, MaxMindDbError> {
        let Some(found) = database.lookup(address)?.decode::<Found<'_>>()? else {
            return Ok(Location::default());
        };
        let name = |named: &Named<'_>| {
            let names = &named.names;
            names.get(self.language).or_else(|| names.get(FALLBACK)).copied().unwrap_or_default().to_owned()
        };
        Ok(Location {
            country: name(&found.country),
            region: found.subdivisions.first().map(name).unwrap_or_default(),
            city: name(&found.city),
        })
    }
}

/// Whether an address is of no use outside of a network, whatever a file says of it.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_nowhere() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("169.254.1.1", true),
            ("fe80::1", true),
            ("fd00::1", true),
            ("203.0.113.9", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
        assert_eq!(Locations::default().of("203.0.113.9".parse().unwrap()), Location::default());
    }
}
