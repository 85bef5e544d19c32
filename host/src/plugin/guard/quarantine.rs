//! Why a plugin was taken out.

use semver::Version;
use serde::{Deserialize, Serialize};

/// A plugin that should serve and was taken out by the host, until an administrator releases it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The version that misbehaved.
    pub version: Version,
    /// Since when, in Unix milliseconds.
    pub since_ms: i64,
    /// What it did.
    pub cause: QuarantineCause,
    /// The words of its last panic, shortened and without the values of its secrets.
    pub last_panic: Option<String>,
}

/// What takes a plugin out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum QuarantineCause {
    /// Too many strikes within the window.
    Strikes {
        /// Panics.
        panics: u32,
        /// Calls over their deadline.
        timeouts: u32,
        /// Failed ready checks.
        not_ready: u32,
        /// The window, in seconds.
        window_s: u64,
    },
    /// The server ended while it was starting it.
    EndedServer {
        /// How often in a row.
        times: u32,
    },
}

impl Quarantine {
    /// What it did, for anybody: nothing of its own words.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.cause {
            QuarantineCause::Strikes { panics, timeouts, not_ready, window_s } => {
                let parts = [
                    counted(*panics, "panic", "panics"),
                    counted(*timeouts, "overrun deadline", "overrun deadlines"),
                    counted(*not_ready, "failed ready check", "failed ready checks"),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                format!("{} within {window_s} s", parts.join(", "))
            }
            QuarantineCause::EndedServer { times } => {
                format!("the server ended while it was starting it, {times} times in a row")
            }
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub fn summary_zh(&self) -> String {
        match &self.cause {
            QuarantineCause::Strikes { panics, timeouts, not_ready, window_s } => {
                let parts = [(*panics, "崩溃"), (*timeouts, "超时"), (*not_ready, "就绪检查失败")];
                let parts: Vec<String> = parts
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, what)| format!("{what} {count} 次"))
                    .collect();
                format!("{window_s} 秒内{}", parts.join("、"))
            }
            QuarantineCause::EndedServer { times } => format!("服务启动该插件时连续 {times} 次异常退出"),
        }
    }

    /// What it did, with its own last words, for administrators.
    #[must_use]
    pub fn reason(&self) -> String {
        let last_panic = self.last_panic.as_ref().map_or_else(String::new, |text| format!("; last panic: {text}"));
        format!("quarantined: {}{last_panic}", self.summary())
    }
}

fn counted(count: u32, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_say_what_and_how_often() {
        let strikes =
            |panics, timeouts, not_ready| QuarantineCause::Strikes { panics, timeouts, not_ready, window_s: 60 };
        let cases = [
            (strikes(5, 0, 0), "5 panics within 60 s", "60 秒内崩溃 5 次"),
            (
                strikes(1, 3, 1),
                "1 panic, 3 overrun deadlines, 1 failed ready check within 60 s",
                "60 秒内崩溃 1 次、超时 3 次、就绪检查失败 1 次",
            ),
            (
                QuarantineCause::EndedServer { times: 2 },
                "the server ended while it was starting it, 2 times in a row",
                "服务启动该插件时连续 2 次异常退出",
            ),
        ];
        for (cause, english, chinese) in cases {
            let quarantine = Quarantine { version: Version::new(1, 0, 0), since_ms: 0, cause, last_panic: None };
            assert_eq!((quarantine.summary(), quarantine.summary_zh()), (english.to_owned(), chinese.to_owned()));
            let told = Quarantine { last_panic: Some("boom".to_owned()), ..quarantine };
            assert_eq!(told.reason(), format!("quarantined: {english}; last panic: boom"));
            let text = serde_json::to_string(&told).expect("JSON");
            assert_eq!(serde_json::from_str::<Quarantine>(&text).expect("readable"), told);
        }
    }
}
