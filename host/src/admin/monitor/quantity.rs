//! Amounts as people read them.

const UNIT: f64 = 1024.0;

/// Gigabytes, with two decimals.
pub(super) fn gigabytes(bytes: u64) -> f64 {
    rounded(as_number(bytes) / UNIT.powi(3))
}

/// A share in percent, with two decimals; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { rounded(as_number(part) / as_number(whole) * 100.0) }
}

/// `191.55 MB`
pub(super) fn size(bytes: u64) -> String {
    let (amount, unit) = scaled(bytes, &["B", "KB", "MB", "GB", "TB"]);
    format!("{amount:.2} {unit}")
}

/// `7.09M`, as Redis writes it.
pub(super) fn short_size(bytes: u64) -> String {
    let (amount, unit) = scaled(bytes, &["B", "K", "M", "G", "T"]);
    if unit == "B" { format!("{bytes}B") } else { format!("{amount:.2}{unit}") }
}

/// `1 day 5 minutes`; seconds only while it is less than a minute.
pub(super) fn duration(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "day"), (seconds / 3_600 % 24, "hour"), (seconds / 60 % 60, "minute")];
    let written: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| counted(*count, unit)).collect();
    if written.is_empty() { counted(seconds, "second") } else { written.join(" ") }
}

fn counted(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn scaled<'a>(bytes: u64, units: &[&'a str]) -> (f64, &'a str) {
    let mut amount = as_number(bytes);
    let mut units = units.iter().copied();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if amount < UNIT {
            break;
        }
        amount /= UNIT;
        unit = larger;
    }
    (amount, unit)
}

/// Two decimals.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "amounts are shown with two decimals")]
fn as_number(amount: u64) -> f64 {
    amount as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        let cases = [
            (size(0), "0.00 B"),
            (size(200_855_000), "191.55 MB"),
            (size(1_590_000_000), "1.48 GB"),
            (short_size(12), "12B"),
            (short_size(7_434_000), "7.09M"),
            (duration(0), "0 seconds"),
            (duration(59), "59 seconds"),
            (duration(61), "1 minute"),
            (duration(300), "5 minutes"),
            (duration(90_061), "1 day 1 hour 1 minute"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
        assert!((percent(1, 3) - 33.33).abs() < 1e-9);
        assert!(percent(1, 0).abs() < 1e-9);
        assert!((gigabytes(25_276_000_000) - 23.54).abs() < 1e-9);
    }
}
