//! Times as the API shows them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Turns stored times, Unix milliseconds, into text.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// Shows times in `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond()
    }

    /// `YYYY-MM-DD HH:MM:SS` in the zone: the form of nearly every time in the API. A number that
    /// is no time is shown as the earliest or latest one.
    pub fn format(&self, unix_ms: i64) -> String {
        timestamp(unix_ms).to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The Unix milliseconds of a time in the form of [`Clock::format`], in the zone, or in the form
    /// of RFC 3339; None if it is neither.
    pub fn parse(&self, text: &str) -> Option<i64> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(timestamp.as_millisecond());
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, the form of the sidebar's times.
    pub fn format_utc(&self, unix_ms: i64) -> String {
        timestamp(unix_ms).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

fn timestamp(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(if unix_ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_zone_and_the_sidebars_in_utc() {
        let clock = Clock::new(TimeZone::get("Asia/Shanghai").unwrap());
        let time_ms = 1_750_969_746_000;
        assert_eq!(clock.format(time_ms), "2025-06-27 04:29:06");
        assert_eq!(clock.format_utc(time_ms), "2025-06-26T20:29:06Z");
        assert_eq!(clock.format(0), "1970-01-01 08:00:00");
        assert_eq!(clock.format(i64::MAX).len(), 19);
    }
}
