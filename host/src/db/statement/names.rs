//! Names as the database understands them.

use plugin_api::db::Dialect;
use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

/// PostgreSQL cuts longer ones, so that two different texts may be one name.
const BYTES_MAX: usize = 63;

/// The name of an object, without quotes.
///
/// # Errors
/// Why the name is not allowed: a schema before it, or too long.
pub(super) fn object(dialect: Dialect, name: &ObjectName) -> Result<String, String> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(ident)] => ident_of(dialect, ident),
        [_] => Err(format!("{name} is no plain name")),
        parts => {
            let last = parts.last().map(ToString::to_string).unwrap_or_default();
            Err(format!("{name} names a schema; write {last}: tables live in the server's own schema"))
        }
    }
}

/// The name of a column or an object, without quotes.
///
/// # Errors
/// If it is too long.
pub(super) fn ident_of(dialect: Dialect, ident: &Ident) -> Result<String, String> {
    if ident.value.len() > BYTES_MAX {
        return Err(format!("the name {} is longer than {BYTES_MAX} bytes", ident.value));
    }
    Ok(match (dialect, ident.quote_style) {
        (Dialect::Postgres, Some(_)) => ident.value.clone(),
        _ => ident.value.to_ascii_lowercase(),
    })
}
