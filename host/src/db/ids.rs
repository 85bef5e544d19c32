//! Who makes the keys of new rows.

use ferroid::generator::AtomicSnowflakeGenerator;
use ferroid::time::MonotonicClock;
use plugin_api::IdForm;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// 2010-01-01: what the milliseconds of an id count from.
const EPOCH: Duration = Duration::from_millis(1_262_275_200_000);
/// Bits of a datacenter's number, and of a worker's.
const PART_BITS: u32 = 5;
/// The largest number of a datacenter, and of a worker.
pub const PART_MAX: u8 = (1 << PART_BITS) - 1;

mod layout {
    ferroid::define_snowflake_id!(
        Snowflake, u64,
        reserved: 1,
        timestamp: 41,
        machine_id: 10,
        sequence: 12
    );
}

/// Who makes the keys of new rows. Cheap to clone.
#[derive(Clone, Default)]
pub enum Ids {
    /// The database, one after the other.
    #[default]
    Autoincrement,
    /// This process: 41 bits of milliseconds, 5 of a datacenter, 5 of a worker, 12 of a sequence.
    Snowflake(Arc<AtomicSnowflakeGenerator<layout::Snowflake, MonotonicClock>>),
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Autoincrement => "Autoincrement",
            Self::Snowflake(_) => "Snowflake",
        })
    }
}

impl Ids {
    /// Ids of this process. No other that writes to the database at the same time may have the same numbers,
    /// each at most [`PART_MAX`].
    #[must_use]
    pub fn snowflake(datacenter: u8, worker: u8) -> Self {
        let machine = u64::from(datacenter & PART_MAX) << PART_BITS | u64::from(worker & PART_MAX);
        Self::Snowflake(Arc::new(AtomicSnowflakeGenerator::new(machine, MonotonicClock::with_epoch(EPOCH))))
    }

    /// The next key; None where the database makes it. Waits up to a millisecond when 4,096 were made in this one.
    #[must_use]
    pub fn next(&self) -> Option<i64> {
        match self {
            Self::Autoincrement => None,
            Self::Snowflake(generator) => {
                let id = generator.next_id(|_| std::thread::yield_now());
                // The highest bit is reserved, so it always fits.
                i64::try_from(id.to_raw()).ok()
            }
        }
    }

    /// How answers show them: those of this process are larger than the numbers that browsers are exact with.
    #[must_use]
    pub fn form(&self) -> IdForm {
        match self {
            Self::Autoincrement => IdForm::Number,
            Self::Snowflake(_) => IdForm::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_hold_their_parts_and_are_never_the_same() {
        let ids = Ids::snowflake(3, 17);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ids = ids.clone();
                std::thread::spawn(move || (0..20_000).filter_map(|_| ids.next()).collect::<Vec<i64>>())
            })
            .collect();
        let made: Vec<i64> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), 80_000);
        for id in made {
            assert_eq!((id >> 12) & 0x3ff, 3 << 5 | 17);
            let since_1970 = (id >> 22) + 1_262_275_200_000;
            assert!((since_1970 - jiff::Timestamp::now().as_millisecond()).abs() < 60_000);
        }
    }
}
