//! The types of PostgreSQL that a migration may name, beside those that the parser knows.

/// Sorted. A type of an extension stands here if the extension makes nothing else of a row than its text does.
const ALLOWED: &[&str] = &[
    "bigserial",
    "bit",
    "box",
    "bpchar",
    "cidr",
    "circle",
    "citext",
    "datemultirange",
    "daterange",
    "hstore",
    "inet",
    "int4range",
    "int8range",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "serial",
    "serial2",
    "serial4",
    "serial8",
    "smallserial",
    "timetz",
    "tsquery",
    "tsrange",
    "tstzrange",
    "tsvector",
    "uuid",
    "xml",
];

/// Whether a migration may use the type of this name.
pub(super) fn is_allowed(name: &str) -> bool {
    ALLOWED.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(ALLOWED.is_sorted());
    }
}
