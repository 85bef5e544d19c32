//! When a job falls due.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// As of crontab(5). The name of a time zone may follow.
const FIELDS: usize = 5;

/// The moments at which a job falls due.
#[derive(Debug, Clone)]
pub(in crate::plugin) struct Timetable {
    cron: Box<Cron>,
    zone: TimeZone,
}

impl Timetable {
    /// Reads five fields as of crontab(5), in `zone` unless the name of another one follows. A time of day that a zone
    /// leaves out comes at the end of the gap, one that it has twice comes once.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(in crate::plugin) fn parse(schedule: &str, zone: &TimeZone) -> Result<Self, String> {
        let words: Vec<&str> = schedule.split_ascii_whitespace().collect();
        let (fields, zone) = match words.split_at_checked(FIELDS) {
            Some((fields, [])) => (fields, zone.clone()),
            Some((fields, [name])) => (fields, TimeZone::get(name).map_err(|error| error.to_string())?),
            _ => return Err(format!("it has {} fields", words.len())),
        };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&fields.join(" ")).map_err(|error| error.to_string())?;
        Ok(Self { cron: Box::new(cron), zone })
    }

    /// The first moment after `moment`; None if there is no more.
    pub(in crate::plugin) fn next(&self, moment: Timestamp) -> Option<Timestamp> {
        let zoned = moment.to_zoned(self.zone.clone());
        self.cron.find_next_occurrence(&zoned, false).ok().map(|next| next.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, zone: &str, after: &str) -> Option<String> {
        let timetable = Timetable::parse(schedule, &TimeZone::get(zone).unwrap()).unwrap();
        timetable.next(after.parse().unwrap()).map(|next| next.to_string())
    }

    #[test]
    fn fields_are_read_in_the_servers_zone_unless_another_is_named() {
        for (schedule, zone, expected) in [
            ("* * * * *", "UTC", Some("2026-01-01T12:01:00Z")),
            ("30 3 * * *", "UTC", Some("2026-01-02T03:30:00Z")),
            ("30 3 * * *", "Asia/Shanghai", Some("2026-01-01T19:30:00Z")),
            ("30 3 * * * UTC", "Asia/Shanghai", Some("2026-01-02T03:30:00Z")),
            ("0 0 29 2 *", "UTC", Some("2028-02-29T00:00:00Z")),
            ("*/15 8-10 * * MON-FRI", "UTC", Some("2026-01-02T08:00:00Z")),
            ("0 0 30 2 *", "UTC", None),
        ] {
            assert_eq!(next(schedule, zone, "2026-01-01T12:00:30Z").as_deref(), expected, "{schedule}");
        }
    }

    #[test]
    fn an_hour_that_a_zone_leaves_out_or_has_twice_makes_one_run() {
        // Berlin, 29 March 2026: 02:00 to 03:00 does not exist; 25 October: it exists twice.
        let of = |after: &str| next("30 2 * * *", "Europe/Berlin", after).unwrap();
        assert_eq!(of("2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(of("2026-03-29T01:00:00Z"), "2026-03-30T00:30:00Z");
        assert_eq!(of("2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(of("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn what_is_no_timetable_is_refused() {
        for schedule in
            ["", "* * * *", "60 * * * *", "* * * * * Nowhere/Here", "@daily", "* * * * * UTC more", "0 * * * * *"]
        {
            let refused = Timetable::parse(schedule, &TimeZone::UTC).expect_err(schedule);
            assert!(!refused.is_empty());
        }
    }
}
