//! A local Greengrass V2: one account and Region of the service on a port of this machine, and of AWS IoT what goes with
//! it: things, thing groups and jobs.
//!
//! [`Emulator`] owns the server's thread; [`Cloud`] is the state behind it, which is also where devices come from.
//! A request goes down this list: [`server`] its connection, [`gateway`] its way, [`routes`] which operation, [`auth`] who
//! asks (or [`device_door`], where a certificate tells), [`input`] its parameters and [`check`] the model's constraints,
//! [`replies`] client tokens, then one of the files that are named for a resource, and back through [`output`].
//! [`throttle`] and [`faults`] come in between where they are asked for; what takes time stands in the [`agenda`] and
//! happens by the [`clock`]. How the service behaves, and what of that is assumed, is told in `docs/emulator.md`.

mod agenda;
mod arn;
mod artifacts;
mod auth;
mod bucket;
mod candidates;
mod catalogue;
mod check;
mod client_devices;
mod clock;
mod components;
mod connectivity;
mod core_devices;
mod deployments;
mod device_door;
mod devices;
mod error;
mod failures;
mod faults;
pub mod gateway;
mod injury;
mod input;
mod jobs;
mod lambda;
mod lock;
mod output;
mod page;
mod past;
mod replies;
mod request_log;
mod rollout;
mod routes;
pub mod server;
mod service_role;
mod signature;
mod store;
mod tags;
mod thing_groups;
mod things;
mod throttle;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use http::request::Parts as Head;
use rusqlite::{Transaction, TransactionBehavior};
use tokio::net::TcpListener;
use tokio::sync::watch;

use arn::Names;
pub use auth::AccessKey;
use auth::Auth;
use bucket::Bucket;
use clock::Timings;
pub use core_devices::Registration;
use device_door::Authority;
pub use device_door::DeviceCertificate;
pub use devices::CLASSIC;
pub use error::ServiceError;
pub use failures::{Breakage, Failure};
use faults::Faults;
pub use faults::{Effect, Fault};
pub use injury::Injury;
pub use output::Style;
pub use request_log::Level;
pub use store::StoreError;
use store::{Millis, State, Store};
use throttle::Quota;

use crate::model::Operation;

/// The operations of all services here.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    routes::models().into_iter().flat_map(|model| &model.operations)
}

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
    fn timings(&self) -> Result<Timings, StartError> {
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

fn not_seconds(name: &str, seconds: f64) -> String {
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
struct Setting {
    names: Names,
    timings: Timings,
    rules: Rules,
    bucket: Bucket,
}

impl Setting {
    /// What a transaction sees; its caller is nobody yet.
    fn state<'s>(&'s self, db: &'s Transaction<'s>, now: Millis) -> State<'s> {
        State { db, names: &self.names, timings: &self.timings, rules: self.rules, bucket: &self.bucket, now, caller: "" }
    }
}

/// The state of one account and Region.
#[derive(Debug)]
pub struct Cloud {
    setting: Setting,
    store: Store,
    auth: Auth,
    style: Style,
    quota: Option<Quota>,
    faults: Faults,
    log: Level,
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
            log: options.log,
        })
    }

    /// The ARN of who signed a request for `action` of `service`.
    pub fn caller(&self, head: &Head, body: &[u8], service: &str, action: &str) -> Result<&str, ServiceError> {
        self.auth.caller(head, body, service, action)
    }

    fn transact<T, E>(&self, work: impl FnOnce(&State) -> Result<T, E>) -> Result<T, E>
    where
        E: From<rusqlite::Error> + From<ServiceError>,
    {
        self.transact_for("", TransactionBehavior::Immediate, work)
    }

    /// Runs `work` for `caller` in one transaction, after what was due before it, and lets happen what it leads to at once.
    fn transact_for<T, E>(
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
            agenda::run(state)?;
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

    /// Runs `work` where all of `devices` are known.
    fn on_devices(
        &self,
        devices: Option<&[String]>,
        work: impl FnOnce(&State) -> Result<(), ServiceError>,
    ) -> Result<(), ControlError> {
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

    /// Goes back to the state of a snapshot, or to that of a new store. Faults stay.
    pub fn reset(&self, snapshot: Option<&Path>) -> Result<(), StoreError> {
        self.store.restore(snapshot, &self.setting.names)
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    devices: Option<Devices>,
    cloud: Arc<Cloud>,
    running: Option<(watch::Sender<()>, JoinHandle<()>)>,
    /// The process that has the thread; a fork copies all of this but the thread.
    owner: u32,
}

/// The door for devices, from outside.
#[derive(Debug)]
struct Devices {
    address: SocketAddr,
    authority: Authority,
}

impl Emulator {
    /// Listens, on this machine only, before it returns.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let inside = runtime.enter();
        let (address, listener) = listen(options.port)?;
        let cloud = Arc::new(Cloud::open(options, format!("http://{address}"))?);
        let (stop, stopped) = watch::channel(());
        let served = Arc::clone(&cloud);
        let answer = move |arrival| gateway::answer(Arc::clone(&served), arrival);
        let (devices, device_door) = match options.device_port {
            None => (None, None),
            Some(port) => {
                let authority = Authority::new().map_err(|error| StartError::DeviceDoor(error.to_string()))?;
                let tls = authority.acceptor().map_err(StartError::DeviceDoor)?;
                let (address, listener) = listen(port)?;
                let door = server::serve(listener, Some(tls), answer.clone(), stopped.clone());
                (Some(Devices { address, authority }), Some(door))
            }
        };
        let door = server::serve(listener, None, answer, stopped);
        drop(inside);
        let both = async {
            tokio::join!(door, async {
                if let Some(door) = device_door {
                    door.await;
                }
            })
        };
        let thread = std::thread::Builder::new()
            .name("fleetgrass-emulator".into())
            .spawn(move || {
                runtime.block_on(both);
            })
            .map_err(StartError::Thread)?;
        Ok(Self { address, devices, cloud, running: Some((stop, thread)), owner: std::process::id() })
    }

    /// What clients take as their `endpoint_url`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What devices take as their endpoint, where they have a door.
    #[must_use]
    pub fn device_endpoint_url(&self) -> Option<String> {
        self.devices.as_ref().map(|devices| format!("https://{}", devices.address))
    }

    /// A new certificate for the device of the thing `name`.
    pub fn device_certificate(&self, name: &str) -> Result<DeviceCertificate, String> {
        let devices = self.devices.as_ref().ok_or("devices have no door: give a device_port, 0 for a free one")?;
        if let Some(problem) = core_devices::name_problem(name) {
            return Err(problem);
        }
        devices.authority.device(name).map_err(|error| format!("no certificate for {name:?}: {error}"))
    }

    #[must_use]
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// Whether this process is the one that started it. Its children have a copy that nothing serves, and whose locks
    /// may be held for ever.
    fn is_ours(&self) -> bool {
        self.owner == std::process::id()
    }

    /// Lets requests that have begun end, and gives the port back. In a child of a fork nothing happens.
    pub fn stop(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        if self.is_ours() {
            // either end may be gone already, which is what is wanted
            let _ = stop.send(());
            let _ = thread.join();
        } else {
            // dropping these would wake a thread that is not there, over locks that it may have held
            std::mem::forget((stop, thread));
        }
    }
}

/// A listener on this machine; to be called inside the runtime.
fn listen(port: u16) -> Result<(SocketAddr, TcpListener), StartError> {
    let refused = |reason| StartError::Port { port, reason };
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((address, TcpListener::from_std(listener).map_err(refused)?))
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}
