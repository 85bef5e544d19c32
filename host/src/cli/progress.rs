//! Progress bars: on stderr, only for a person at a terminal, gone when the work is done.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Format;

/// How often a waiting bar turns.
const TICK: Duration = Duration::from_millis(100);

/// Draws bars, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    drawn: bool,
}

impl Progress {
    /// Bars are drawn when a person reads and stderr is a terminal.
    #[must_use]
    pub(super) fn for_reader(format: Format) -> Self {
        Self { drawn: format == Format::Human && std::io::stderr().is_terminal() }
    }

    /// Whether bars are drawn, so that a child's own progress must not be.
    #[must_use]
    pub(super) fn is_drawn(self) -> bool {
        self.drawn
    }

    /// Work of which only the end is known.
    #[must_use]
    pub(super) fn waiting(self, what: impl Into<String>) -> ProgressBar {
        self.bar(None, "{spinner} {msg} {elapsed}", what.into())
    }

    /// Work of `total` steps.
    #[must_use]
    pub(super) fn steps(self, what: impl Into<String>, total: u64) -> ProgressBar {
        let template = "{spinner} {prefix} [{bar:24}] {pos}/{len} {wide_msg}";
        let bar = self.bar(Some(total), template, String::new());
        bar.set_prefix(what.into());
        bar
    }

    /// The way of `total` bytes.
    #[must_use]
    pub(super) fn bytes(self, what: impl Into<String>, total: u64) -> ProgressBar {
        let template = "{spinner} {msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec}";
        self.bar(Some(total), template, what.into())
    }

    fn bar(self, total: Option<u64>, template: &str, message: String) -> ProgressBar {
        if !self.drawn {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| {
            // Only a mistake in a template above comes here; a plain bar is still a bar.
            ProgressStyle::default_bar()
        });
        bar.set_style(style);
        bar.set_message(message);
        bar.enable_steady_tick(TICK);
        bar
    }
}
