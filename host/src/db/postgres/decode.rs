//! PostgreSQL's binary values: <https://www.postgresql.org/docs/current/protocol-overview.html>,
//! `src/backend/utils/adt/*.c` (`…send`).

use plugin_api::db::{DbError, DbErrorKind, RowEncoder};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgColumn, PgTypeKind, PgValueRef};
use sqlx::{Column, TypeInfo, ValueRef};

/// Milliseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's times begin.
const EPOCH_MS: i64 = 946_684_800_000;

/// How a column's values are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decoder {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Text,
    Bytes,
    /// Microseconds since 2000; becomes Unix milliseconds.
    Timestamp,
    Uuid,
    Jsonb,
    Numeric,
    Void,
}

impl Decoder {
    pub(super) fn of(column: &PgColumn) -> Result<Self, DbError> {
        let kind = column.type_info();
        Ok(match kind.name() {
            "BOOL" => Self::Bool,
            "INT2" => Self::Int2,
            "INT4" => Self::Int4,
            "INT8" => Self::Int8,
            "OID" => Self::Oid,
            "FLOAT4" => Self::Float4,
            "FLOAT8" => Self::Float8,
            "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" | "JSON" | "XML" | "citext" => Self::Text,
            "BYTEA" => Self::Bytes,
            "TIMESTAMP" | "TIMESTAMPTZ" => Self::Timestamp,
            "UUID" => Self::Uuid,
            "JSONB" => Self::Jsonb,
            "NUMERIC" => Self::Numeric,
            "VOID" => Self::Void,
            _ if matches!(kind.kind(), PgTypeKind::Enum(_)) => Self::Text,
            other => {
                let name = column.name();
                let message = format!("column {name} is of type {other}, which is not carried; select {name}::text");
                return Err(DbError::new(DbErrorKind::Decode, message));
            }
        })
    }

    pub(super) fn push(self, encoder: &mut RowEncoder, value: PgValueRef<'_>) -> Result<(), BoxDynError> {
        if value.is_null() {
            encoder.push_null();
            return Ok(());
        }
        let bytes = value.as_bytes()?;
        match self {
            Self::Bool => encoder.push_bool(array::<1>(bytes)? != [0]),
            Self::Int2 => encoder.push_int(i16::from_be_bytes(array(bytes)?).into()),
            Self::Int4 => encoder.push_int(i32::from_be_bytes(array(bytes)?).into()),
            Self::Int8 => encoder.push_int(i64::from_be_bytes(array(bytes)?)),
            Self::Oid => encoder.push_int(u32::from_be_bytes(array(bytes)?).into()),
            Self::Float4 => encoder.push_float(f32::from_be_bytes(array(bytes)?).into()),
            Self::Float8 => encoder.push_float(f64::from_be_bytes(array(bytes)?)),
            Self::Text => encoder.push_text(std::str::from_utf8(bytes)?),
            Self::Bytes => encoder.push_bytes(bytes),
            Self::Timestamp => encoder.push_int(unix_ms(i64::from_be_bytes(array(bytes)?))),
            Self::Uuid => encoder.push_text(&uuid::Uuid::from_slice(bytes)?.to_string()),
            // The first byte is the version of the format, 1 since PostgreSQL 9.4.
            Self::Jsonb => encoder.push_text(std::str::from_utf8(bytes.get(1..).unwrap_or_default())?),
            Self::Numeric => encoder.push_text(&numeric(bytes)?),
            Self::Void => encoder.push_null(),
        }
        Ok(())
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BoxDynError> {
    Ok(bytes.try_into()?)
}

/// `infinity` and `-infinity` become the largest and smallest time that fits.
fn unix_ms(micros: i64) -> i64 {
    match micros {
        i64::MAX | i64::MIN => micros,
        _ => micros.div_euclid(1_000) + EPOCH_MS,
    }
}

/// The digits of a `numeric` as PostgreSQL prints them: groups of four decimal digits (base
/// 10,000), the first of which has the weight 10,000^`weight`.
fn numeric(bytes: &[u8]) -> Result<String, BoxDynError> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut head = || words.next().ok_or("a numeric is cut short");
    let (_count, weight, sign, scale) = (head()?, head()?.cast_signed(), head()?, head()?);
    match sign {
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("Infinity".to_owned()),
        0xF000 => return Ok("-Infinity".to_owned()),
        _ => {}
    }
    let groups: Vec<u16> = words.collect();
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let weight = i32::from(weight);
    let mut text = if sign == 0x4000 { "-".to_owned() } else { String::new() };
    text.push_str(&group(0.min(weight)).to_string());
    for at in 1..=weight {
        text.push_str(&format!("{:04}", group(at)));
    }
    if scale > 0 {
        let fraction: String =
            (1..=i32::from(scale).div_euclid(4) + 1).map(|at| format!("{:04}", group(weight + at))).collect();
        text.push('.');
        text.push_str(&fraction[..usize::from(scale)]);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_printed() {
        for (words, text) in [
            (&[0u16, 0, 0, 0] as &[u16], "0"),
            (&[2, 1, 0, 0, 1, 2345], "12345"),
            (&[1, 1, 0, 0, 5], "50000"),
            (&[2, 0, 0x4000, 2, 12, 5000], "-12.50"),
            (&[1, 0xFFFF, 0, 4, 1], "0.0001"),
            (&[1, 0xFFFE, 0, 6, 100], "0.000001"),
            (&[0, 0, 0, 3], "0.000"),
            (&[0, 0, 0xC000, 0], "NaN"),
        ] {
            assert_eq!(numeric(&encoded(words)).expect("well formed"), text);
        }
        assert!(numeric(&[0, 1]).is_err());
    }

    #[test]
    fn times_count_from_1970() {
        assert_eq!(unix_ms(0), 946_684_800_000);
        assert_eq!(unix_ms(-1), 946_684_799_999);
    }
}
