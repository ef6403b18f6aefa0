//! A local Greengrass V2: one account and Region of the service on a port of this machine.
//!
//! [`Emulator`] owns the server's thread; [`Cloud`] is the state behind it, which is also where devices come from.
//! A request goes down this list: [`server`] the wire, [`routes`] which operation, [`input`] its parameters and
//! [`check`] the model's constraints, [`replies`] client tokens, then one of the files that are named for a resource,
//! and back through [`output`]. [`throttle`] and [`faults`] come in between where they are asked for. How the service behaves, and what of that is assumed, is told in `docs/emulator.md`.

mod arn;
mod catalogue;
mod check;
mod components;
mod core_devices;
mod deployments;
mod devices;
mod error;
mod faults;
mod injury;
mod input;
mod lock;
mod output;
mod page;
mod past;
mod replies;
mod request_log;
mod routes;
mod server;
mod store;
mod tags;
mod throttle;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use arn::Names;
pub use core_devices::Registration;
pub use devices::CLASSIC;
pub use error::ServiceError;
use faults::Faults;
pub use faults::{Effect, Fault};
pub use injury::Injury;
pub use request_log::Level;
pub use store::StoreError;
use store::{Millis, State, Store};
use throttle::Quota;

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
            quota: false,
            seed: 0,
            log: Level::Off,
        }
    }
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("account_id {0:?} is not an account id: give twelve digits")]
    Account(String),
    #[error("region_name {0:?} is not a Region: give a name such as us-east-1")]
    Region(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot listen on port {port}: {reason}; choose another port, or 0 for any")]
    Port { port: u16, reason: std::io::Error },
    #[error("the server has no thread: {0}")]
    Thread(std::io::Error),
}

/// Why core devices are not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The state of one account and Region.
#[derive(Debug)]
pub struct Cloud {
    names: Names,
    store: Store,
    quota: Option<Quota>,
    faults: Faults,
    log: Level,
}

impl Cloud {
    fn transact<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&State) -> Result<T, E>) -> Result<T, E> {
        self.store.transact(&self.names, work)
    }

    /// Core devices report for the first time, all in one transaction, and take what is deployed to them.
    pub fn register(&self, registration: &Registration) -> Result<(), RegisterError> {
        if let Some(problem) = registration.problem() {
            return Err(RegisterError::Invalid(problem));
        }
        Ok(self.transact(|state| core_devices::register(state, registration))?)
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
        self.store.restore(snapshot, &self.names)
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    cloud: Arc<Cloud>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    /// The process that has the thread; a fork copies all of this but the thread.
    owner: u32,
}

impl Emulator {
    /// Listens, on this machine only, before it returns.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        if options.account.len() != 12 || !options.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(StartError::Account(options.account.clone()));
        }
        if options.region.is_empty() || !options.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(StartError::Region(options.region.clone()));
        }
        let names = Names::new(&*options.region, &*options.account);
        let store = Store::open(options.store.as_deref(), &names)?;
        let quota = options.quota.then(|| Quota::of(&names, Instant::now()));
        let cloud = Arc::new(Cloud { names, store, quota, faults: Faults::new(options.seed), log: options.log });
        let refused = |reason| StartError::Port { port: options.port, reason };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(refused)?
        };
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&cloud);
        let thread = std::thread::Builder::new()
            .name("fleetgrass-emulator".into())
            .spawn(move || runtime.block_on(server::serve(listener, served, stopped)))
            .map_err(StartError::Thread)?;
        Ok(Self { address, cloud, running: Some((stop, thread)), owner: std::process::id() })
    }

    /// What clients take as their `endpoint_url`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    #[must_use]
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// Lets requests that have begun end, and gives the port back.
    pub fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take()
            && self.owner == std::process::id()
        {
            // either end may be gone already, which is what is wanted
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}
