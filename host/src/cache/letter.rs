//! What processes write to each other.

use super::announcement::Announcement;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One message, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Letter {
    /// To all.
    Announcement {
        /// The process that waits for the answers.
        from: String,
        /// Which of its announcements this is.
        number: u64,
        /// What has changed.
        what: Announcement,
    },
    /// To the process that announced: it has been acted on.
    Done {
        /// The process that acted.
        by: String,
        /// What was announced.
        number: u64,
    },
    /// To the sender itself, with the time of its own clock.
    Heartbeat(Duration),
}

impl Letter {
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a letter has text keys only")
    }

    /// None if it is none of ours, for example of a later version: nobody waits for it.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
