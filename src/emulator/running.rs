//! A cloud that is served: the thread with its listeners, from start to stop, forks included.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::cloud::Cloud;
use super::device_door::{Authority, DeviceCertificate};
use super::options::{Options, StartError};
use super::{core_devices, gateway, server};

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
