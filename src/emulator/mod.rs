//! A local Greengrass V2: one account and Region of the service on a port of this machine.
//!
//! [`Emulator`] owns the server's thread; [`Cloud`] is the state behind it, which is also where devices come from.
//! A request goes down this list: [`server`] the wire, [`routes`] which operation, [`auth`] who asks (or
//! [`device_door`], where a certificate tells), [`input`] its parameters and [`check`] the model's constraints, [`replies`] client tokens, then one of the files that are named for a resource,
//! and back through [`output`]. How the service behaves, and what of that is assumed, is told in `docs/emulator.md`.

mod arn;
mod auth;
mod catalogue;
mod check;
mod components;
mod core_devices;
mod deployments;
mod device_door;
mod devices;
mod error;
mod input;
mod output;
mod page;
mod replies;
mod routes;
pub mod server;
mod signature;
mod store;
mod tags;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use http::request::Parts as Head;
use rusqlite::TransactionBehavior;
use tokio::net::TcpListener;
use tokio::sync::watch;

use arn::Names;
pub use auth::AccessKey;
use auth::Auth;
pub use core_devices::Registration;
use device_door::Authority;
pub use device_door::DeviceCertificate;
pub use devices::CLASSIC;
pub use error::ServiceError;
pub use output::Style;
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
    /// Who may sign.
    pub keys: Vec<AccessKey>,
    /// Off, anything that looks signed is taken.
    pub check_signatures: bool,
    pub style: Style,
    /// Where devices come with their certificates, if they may come; 0 as for `port`.
    pub device_port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            store: None,
            keys: vec![AccessKey::built_in()],
            check_signatures: true,
            style: Style::default(),
            device_port: None,
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
    #[error("{0}")]
    Keys(String),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("cannot listen on port {port}: {reason}; choose another port, or 0 for any")]
    Port { port: u16, reason: std::io::Error },
    #[error("the server has no thread: {0}")]
    Thread(std::io::Error),
    #[error("devices have no door: {0}")]
    DeviceDoor(String),
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
    auth: Auth,
    style: Style,
}

impl Cloud {
    pub fn open(options: &Options) -> Result<Self, StartError> {
        if !auth::is_account(&options.account) {
            return Err(StartError::Account(options.account.clone()));
        }
        if options.region.is_empty() || !options.region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(StartError::Region(options.region.clone()));
        }
        let names = Names::new(&*options.region, &*options.account);
        let auth = Auth::new(&options.keys, options.check_signatures, &names).map_err(StartError::Keys)?;
        let store = Store::open(options.store.as_deref(), &names)?;
        Ok(Self { names, store, auth, style: options.style })
    }

    /// The ARN of who signed a request for `action` of `service`.
    pub fn caller(&self, head: &Head, body: &[u8], service: &str, action: &str) -> Result<&str, ServiceError> {
        self.auth.caller(head, body, service, action)
    }

    fn transact<T, E: From<rusqlite::Error>>(&self, work: impl FnOnce(&State) -> Result<T, E>) -> Result<T, E> {
        self.store.transact(&self.names, TransactionBehavior::Immediate, work)
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
        let cloud = Arc::new(Cloud::open(options)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let inside = runtime.enter();
        let (address, listener) = listen(options.port)?;
        let (stop, stopped) = watch::channel(());
        let served = Arc::clone(&cloud);
        let answer = move |arrival| server::answer(Arc::clone(&served), arrival);
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
