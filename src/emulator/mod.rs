//! A local Greengrass V2: one account and Region of the service on a port of this machine.
//!
//! [`Emulator`] owns the server's thread; [`Cloud`] is the state behind it, which is also where devices come from.
//! A request goes down this list: [`server`] the wire, [`routes`] which operation, [`input`] its parameters and
//! [`check`] the model's constraints, [`replies`] client tokens, then one of the files that are named for a resource,
//! and back through [`output`]. How the service behaves, and what of that is assumed, is told in `docs/emulator.md`.

mod arn;
mod catalogue;
mod check;
mod components;
mod core_devices;
mod deployments;
mod devices;
mod error;
mod input;
mod output;
mod page;
mod replies;
mod routes;
mod server;
mod store;
mod tags;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use arn::Names;
pub use core_devices::Registration;
pub use devices::CLASSIC;
pub use error::ServiceError;
use store::{State, Store};

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
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, region: "us-east-1".into(), account: "123456789012".into(), store: None }
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
    Store(#[from] store::StoreError),
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
        let cloud = Arc::new(Cloud { names, store });
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

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}
