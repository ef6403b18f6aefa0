//! The request log: a line a request on stderr.
//!
//! It is written by the server's thread itself, without Python, whose interpreter may be busy or about to end.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;

use crate::protocol::timestamp::civil;

/// Which requests are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    #[default]
    Off,
    /// Those that end with a status of 500 or above.
    Error,
    /// Those that are refused.
    Warning,
    /// All.
    Info,
    /// All, with method, path and fault. Not with the query, which may hold credentials.
    Debug,
}

impl Level {
    pub const NAMES: [(&'static str, Self); 5] =
        [("off", Self::Off), ("error", Self::Error), ("warning", Self::Warning), ("info", Self::Info), ("debug", Self::Debug)];

    /// The level of an answer.
    fn of(status: StatusCode) -> (Self, &'static str) {
        match status.as_u16() {
            500.. => (Self::Error, "ERROR"),
            400.. => (Self::Warning, "WARNING"),
            _ => (Self::Info, "INFO"),
        }
    }
}

/// What is told of one request.
#[derive(Debug)]
pub struct Entry<'e> {
    pub operation: Option<&'e str>,
    pub method: &'e str,
    pub path: &'e str,
    pub status: StatusCode,
    /// The code of a refusal.
    pub error: Option<&'e str>,
    pub took: Duration,
    pub request_id: &'e str,
    /// What the caller sees instead of the answer.
    pub fault: Option<String>,
}

impl Entry<'_> {
    /// Writes the line, where `level` asks for it.
    pub fn write(&self, level: Level) {
        if level >= Level::of(self.status).0 {
            // a program without a stderr goes on
            let _ = writeln!(std::io::stderr().lock(), "{}", self.line(level, SystemTime::now()));
        }
    }

    fn line(&self, level: Level, now: SystemTime) -> String {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let day = civil(i64::try_from(now.as_secs()).unwrap_or_default());
        let error = self.error.filter(|code| !code.is_empty()).map(|code| format!(" {code}")).unwrap_or_default();
        let line = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z {} {} {}{error} {:.1} ms {}",
            day.year,
            day.month,
            day.day,
            day.hour,
            day.minute,
            day.second,
            now.subsec_millis(),
            Level::of(self.status).1,
            self.operation.unwrap_or("-"),
            self.status.as_u16(),
            self.took.as_secs_f64() * 1e3,
            self.request_id,
        );
        if level < Level::Debug {
            return line;
        }
        let fault = self.fault.as_ref().map(|fault| format!(" {fault}")).unwrap_or_default();
        format!("{line} {} {}{fault}", self.method, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_happened() {
        let entry = Entry {
            operation: Some("GetCoreDevice"),
            method: "GET",
            path: "/greengrass/v2/coreDevices/a%20b",
            status: StatusCode::NOT_FOUND,
            error: Some("ResourceNotFoundException"),
            took: Duration::from_micros(1_250),
            request_id: "5eed",
            fault: Some("Reset".into()),
        };
        let now = UNIX_EPOCH + Duration::from_millis(1_790_000_000_007);
        let line = "2026-09-21T14:13:20.007Z WARNING GetCoreDevice 404 ResourceNotFoundException 1.2 ms 5eed";
        assert_eq!(entry.line(Level::Warning, now), line);
        assert_eq!(entry.line(Level::Debug, now), format!("{line} GET /greengrass/v2/coreDevices/a%20b Reset"));
    }
}
