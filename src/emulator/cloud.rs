//! The state of one account and Region, and what its owner may ask of it.
//!
//! Each request, and each wish of the owner, is one transaction: what was due before happens first, and what it leads to at
//! once happens with it. So no one ever sees a cloud that is behind its clock.

use std::path::Path;
use std::time::Instant;

use http::request::Parts as Head;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use super::arn::Names;
use super::auth::{self, Auth};
use super::bucket::Bucket;
use super::clock::{self, Timings};
use super::core_devices::{self, Registration};
use super::error::ServiceError;
use super::failures::{self, Failure};
use super::faults::{Fault, Faults};
use super::options::{Options, Rules, StartError, not_seconds};
use super::output::Style;
use super::replies::Running;
use super::request_log::Level;
use super::routes::Route;
use super::store::{Millis, State, Store, StoreError};
use super::throttle::Quota;
use super::{agenda, artifacts, devices};

/// Why the cloud does not do what its owner asks.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<rusqlite::Error> for ControlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Service(error.into())
    }
}

/// What does not change while a cloud runs.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) names: Names,
    timings: Timings,
    rules: Rules,
    bucket: Bucket,
}

impl Setting {
    /// What a transaction sees; its caller is nobody yet.
    pub(super) fn state<'s>(&'s self, db: &'s Connection, now: Millis) -> State<'s> {
        State { db, names: &self.names, timings: &self.timings, rules: self.rules, bucket: &self.bucket, now, caller: "" }
    }
}

/// The state of one account and Region.
#[derive(Debug)]
pub struct Cloud {
    pub(super) setting: Setting,
    pub(super) store: Store,
    auth: Auth,
    pub(super) style: Style,
    pub(super) quota: Option<Quota>,
    pub(super) faults: Faults,
    pub(super) running: Running,
    pub(super) log: Level,
}

impl Cloud {
    /// Opens the store, or makes it; `endpoint_url` is where the cloud is served.
    pub fn open(options: &Options, endpoint_url: String) -> Result<Self, StartError> {
        if !auth::is_account(&options.account) {
            return Err(StartError::Account(options.account.clone()));
        }
        if options.region.is_empty() || !options.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(StartError::Region(options.region.clone()));
        }
        let names = Names::new(&*options.region, &*options.account);
        let auth = Auth::new(&options.keys, options.check_signatures, &names).map_err(StartError::Keys)?;
        let timings = options.timings()?;
        let store = Store::open(options.store.as_deref(), &names)?;
        let bucket = Bucket::new(endpoint_url, options.region.clone());
        let quota = options.quota.then(|| Quota::of(&names, Instant::now()));
        Ok(Self {
            setting: Setting { names, timings, rules: options.rules, bucket },
            store,
            auth,
            style: options.style,
            quota,
            faults: Faults::new(options.seed),
            running: Running::default(),
            log: options.log,
        })
    }

    /// The ARN of who signed a request to `service`, whatever for.
    pub fn signer(&self, head: &Head, body: &[u8], service: &str) -> Result<&str, ServiceError> {
        self.auth.signer(head, body, service).map(|key| &*key.caller)
    }

    /// The ARN of who signed a request for `route`, and may ask for it.
    pub(super) fn caller(&self, head: &Head, body: &[u8], route: &Route) -> Result<&str, ServiceError> {
        self.auth.caller(head, body, route)
    }

    pub(super) fn transact<T, E>(&self, work: impl FnOnce(&State) -> Result<T, E>) -> Result<T, E>
    where
        E: From<rusqlite::Error> + From<ServiceError>,
    {
        self.transact_for("", TransactionBehavior::Immediate, work)
    }

    /// Runs `work` for `caller` in one transaction, after what was due before it, and lets happen what it leads to at once.
    pub(super) fn transact_for<T, E>(
        &self,
        caller: &str,
        behavior: TransactionBehavior,
        work: impl FnOnce(&State) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<rusqlite::Error> + From<ServiceError>,
    {
        self.store.transact(&self.setting, behavior, |state| {
            let state = &State { caller, ..*state };
            agenda::run(state)?;
            let done = work(state)?;
            // what only reads leads to nothing
            if !matches!(behavior, TransactionBehavior::Deferred) {
                agenda::run(state)?;
            }
            Ok(done)
        })
    }

    /// Puts `content` where the recipes of the component version `arn` have the artifact `uri`; the ARN matters to
    /// `greengrass:` URIs only.
    pub fn put_artifact(&self, arn: &str, uri: &str, content: &[u8]) -> Result<(), ControlError> {
        self.transact(|state| Ok(artifacts::put(state, &artifacts::place(arn, uri), content)?))
    }

    /// Core devices report for the first time, all in one transaction, and take what is deployed to them.
    pub fn register(&self, registration: &Registration) -> Result<(), ControlError> {
        if let Some(problem) = registration.problem() {
            return Err(ControlError::Invalid(problem));
        }
        self.transact(|state| Ok(core_devices::register(state, registration)?))
    }

    /// The cloud's time, in milliseconds since 1970.
    pub fn now(&self) -> Result<Millis, ControlError> {
        self.transact(|state| Ok(state.now))
    }

    /// Moves the cloud's time and lets happen what is due by then.
    pub fn advance(&self, seconds: f64) -> Result<(), ControlError> {
        let by = clock::millis(seconds).ok_or_else(|| ControlError::Invalid(not_seconds("seconds", seconds)))?;
        self.transact(|state| Ok(clock::advance(state, by)?))
    }

    /// Lets everything that is under way come to its end, and moves the cloud's time as far as that takes.
    pub fn settle(&self) -> Result<(), ControlError> {
        self.transact(|state| Ok(clock::settle(state)?))
    }

    /// Makes something go wrong from now on, on these core devices or on all.
    pub fn fail(&self, failure: Failure, devices: Option<&[String]>) -> Result<(), ControlError> {
        if let Failure::Component { fault, .. } = &failure
            && let Some(problem) = fault.problem()
        {
            return Err(ControlError::Invalid(problem));
        }
        self.on_devices(devices, |state| {
            failures::add(state, failure, devices)?;
            devices::recheck(state, devices)
        })
    }

    /// Ends all failures, or those of these core devices.
    pub fn heal(&self, devices: Option<&[String]>) -> Result<(), ControlError> {
        self.on_devices(devices, |state| {
            failures::end(state, devices)?;
            devices::recheck(state, devices)
        })
    }

    /// These core devices are not heard of any more.
    pub fn silence(&self, devices: &[String]) -> Result<(), ControlError> {
        self.on_devices(Some(devices), |state| devices::silence(state, devices))
    }

    /// These core devices are back where they were silent.
    pub fn wake(&self, devices: &[String]) -> Result<(), ControlError> {
        self.on_devices(Some(devices), |state| devices::wake(state, devices))
    }

    /// What the components of a core device are configured with: a JSON object by name.
    pub fn configuration(&self, device: String) -> Result<Value, ControlError> {
        let devices = &[device];
        self.on_devices(Some(devices), |state| devices::configuration(state, &devices[0]))
    }

    /// Runs `work` where all of `devices` are known.
    fn on_devices<T>(
        &self,
        devices: Option<&[String]>,
        work: impl FnOnce(&State) -> Result<T, ServiceError>,
    ) -> Result<T, ControlError> {
        self.transact(|state| match devices::first_unknown(state, devices.unwrap_or_default())? {
            Some(name) => Err(ControlError::Invalid(format!("{name:?} is not a core device here: register it first"))),
            None => Ok(work(state)?),
        })
    }

    /// From now on the calls that `fault` tells go wrong. The number is for [`remove_fault`](Self::remove_fault).
    pub fn inject(&self, fault: Fault) -> u64 {
        let id = self.faults.add(fault);
        self.look_back();
        id
    }

    /// Ends one fault; a second time does nothing.
    pub fn remove_fault(&self, id: u64) {
        self.faults.remove(id);
        self.look_back();
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.faults.clear();
        self.look_back();
    }

    /// How many calls a fault has hit; None once it is removed.
    pub fn fault_hits(&self, id: u64) -> Option<u64> {
        self.faults.hits(id)
    }

    fn look_back(&self) {
        let lag = self.faults.longest_lag().unwrap_or_default();
        self.store.look_back(Millis::try_from(lag.as_millis()).unwrap_or(Millis::MAX));
    }

    /// Writes the present state to a file, which is then a store of its own.
    pub fn snapshot(&self, file: &Path) -> Result<(), StoreError> {
        self.store.snapshot(file)
    }

    /// Goes back to the state of a snapshot, or to that of a new store. Faults stay, and their chances begin anew.
    pub fn reset(&self, snapshot: Option<&Path>) -> Result<(), StoreError> {
        self.store.restore(snapshot, &self.setting.names)?;
        self.faults.begin_anew();
        Ok(())
    }
}
