//! How an emulator starts: where it listens, for whom it stands, how strict and how fast it is; and why it may not start.

use std::path::PathBuf;

use super::auth::AccessKey;
use super::clock::{self, Timings};
use super::output::Style;
use super::request_log::Level;
use super::store::{Millis, StoreError};

/// Where the emulator listens, and for whom it stands.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 leaves the choice to the operating system.
    pub port: u16,
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// None keeps everything in memory.
    pub store: Option<PathBuf>,
    /// Seconds that a component stays REQUESTED, then INITIATED.
    pub component_seconds: [f64; 2],
    /// Seconds that a deployment stays QUEUED, then IN_PROGRESS, on a core device.
    pub deployment_seconds: [f64; 2],
    /// Seconds from one report of an idle core device to the next.
    pub report_seconds: f64,
    pub rules: Rules,
    /// Who may sign.
    pub keys: Vec<AccessKey>,
    /// Off, anything that looks signed is taken.
    pub check_signatures: bool,
    pub style: Style,
    /// Where devices come with their certificates, if they may come; 0 as for `port`.
    pub device_port: Option<u16>,
    /// Whether requests beyond the published rates are throttled.
    pub quota: bool,
    /// Of the chances that faults draw.
    pub seed: u64,
    /// Which requests are told on stderr.
    pub log: Level,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            store: None,
            component_seconds: [0.0; 2],
            deployment_seconds: [0.0; 2],
            report_seconds: 86400.0,
            rules: Rules::default(),
            keys: vec![AccessKey::built_in()],
            check_signatures: true,
            style: Style::default(),
            device_port: None,
            quota: false,
            seed: 0,
            log: Level::Off,
        }
    }
}

/// How strict the cloud is where the real one is not known to be, or where a local one need not be.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is an option of its own
pub struct Rules {
    /// Deployments and client devices name things and thing groups of the registry.
    pub validate_targets: bool,
    /// Deployments name components that exist.
    pub validate_components: bool,
    /// Recipes name no artifacts in S3 but those that were put.
    pub validate_artifacts: bool,
    /// Candidates are resolved for devices only, not for callers with an IAM signature.
    pub strict_data_plane: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { validate_targets: false, validate_components: true, validate_artifacts: false, strict_data_plane: false }
    }
}

impl Options {
    pub(super) fn timings(&self) -> Result<Timings, StartError> {
        let both = |name, seconds: [f64; 2]| -> Result<[Millis; 2], StartError> {
            Ok([duration(name, seconds[0])?, duration(name, seconds[1])?])
        };
        let report = match duration("report_seconds", self.report_seconds)? {
            0 => return Err(StartError::Seconds("report_seconds is too short: give at least 0.001".into())),
            report => report,
        };
        Ok(Timings {
            component: both("component_seconds", self.component_seconds)?,
            deployment: both("deployment_seconds", self.deployment_seconds)?,
            report,
        })
    }
}

fn duration(name: &str, seconds: f64) -> Result<Millis, StartError> {
    clock::millis(seconds).ok_or_else(|| StartError::Seconds(not_seconds(name, seconds)))
}

pub(super) fn not_seconds(name: &str, seconds: f64) -> String {
    format!("{name} has {seconds}: give seconds from 0 to {} (a hundred years)", clock::LIMIT)
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("account_id {0:?} is not an account id: give twelve digits")]
    Account(String),
    #[error("region_name {0:?} is not a Region: give a name such as us-east-1")]
    Region(String),
    #[error("{0}")]
    Seconds(String),
    #[error("{0}")]
    Keys(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot listen on port {port}: {reason}; choose another port, or 0 for any")]
    Port { port: u16, reason: std::io::Error },
    #[error("the server has no thread: {0}")]
    Thread(std::io::Error),
    #[error("devices have no door: {0}")]
    DeviceDoor(String),
}
