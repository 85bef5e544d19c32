//! The versions of a plugin that are kept, and which of them a rollback returns to.

use super::error::OperationError;
use super::status::{KnownVersion, PluginStatus};
use semver::Version;

/// What is kept when `installed` takes the place of `replaced`: both, and of the others those that came last, so
/// that there are at most `kept` beside the installed one. Oldest version first.
pub(super) fn after_upgrade(
    known: &[KnownVersion],
    replaced: &Version,
    installed: KnownVersion,
    kept: usize,
) -> Vec<KnownVersion> {
    let mut others: Vec<KnownVersion> =
        known.iter().filter(|known| known.version != installed.version).cloned().collect();
    others.sort_by_key(|known| (known.version != *replaced, std::cmp::Reverse(known.installed_at_ms)));
    others.truncate(kept.max(1));
    others.push(installed);
    others.sort_by(|a, b| a.version.cmp(&b.version));
    others
}

/// The version that was installed before `version`, as far as it is kept.
pub(super) fn before(known: &[KnownVersion], version: &Version) -> Option<Version> {
    let came = known.iter().find(|known| known.version == *version)?.installed_at_ms;
    let earlier = known.iter().filter(|known| known.installed_at_ms < came);
    earlier.max_by_key(|known| known.installed_at_ms).map(|known| known.version.clone())
}

impl PluginStatus {
    /// The version that a rollback installs: the one that is asked for, else the one before.
    ///
    /// # Errors
    /// [`OperationError::NoPrevious`], [`OperationError::NotKept`] with those that are, or
    /// [`OperationError::AlreadyInstalled`].
    pub(super) fn rollback_target(&self, asked: Option<&Version>) -> Result<Version, OperationError> {
        let (id, version) = (self.id().clone(), self.version().clone());
        let Some(asked) = asked else {
            return self.previous.clone().ok_or(OperationError::NoPrevious { id, version });
        };
        if *asked == version {
            return Err(OperationError::AlreadyInstalled { id, version });
        }
        if self.versions.iter().any(|known| known.version == *asked) {
            return Ok(asked.clone());
        }
        let others = self.versions.iter().map(|known| &known.version).filter(|known| **known != version);
        Err(OperationError::NotKept { id, version: asked.clone(), kept: others.cloned().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(major: u64, installed_at_ms: i64) -> KnownVersion {
        let hash = "a".repeat(64).parse().unwrap();
        let version = Version::new(major, 0, 0);
        KnownVersion { version, sha256: hash, library_sha256: hash, installed_at_ms }
    }

    fn majors(known: &[KnownVersion]) -> Vec<u64> {
        known.iter().map(|known| known.version.major).collect()
    }

    #[test]
    fn the_replaced_version_and_the_latest_others_are_kept() {
        let three = [known(1, 10), known(2, 20), known(3, 30)];
        let upgrade =
            |replaced, kept| majors(&after_upgrade(&three, &Version::new(replaced, 0, 0), known(4, 40), kept));
        assert_eq!(upgrade(3, 3), [1, 2, 3, 4]);
        assert_eq!(upgrade(3, 2), [2, 3, 4]);
        assert_eq!(upgrade(1, 2), [1, 3, 4]);
        assert_eq!(upgrade(1, 1), [1, 4]);
        assert_eq!(upgrade(1, 0), [1, 4], "one is always kept");
        assert_eq!(majors(&after_upgrade(&three, &Version::new(3, 0, 0), known(2, 40), 3)), [1, 2, 3]);
    }

    #[test]
    fn before_a_version_came_the_one_that_was_installed_before_it() {
        let history = [known(1, 30), known(2, 10), known(3, 20)];
        let before = |major| before(&history, &Version::new(major, 0, 0)).map(|version| version.major);
        assert_eq!((before(1), before(3), before(2), before(9)), (Some(3), Some(2), None, None));
    }
}
