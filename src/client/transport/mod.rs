//! One HTTP exchange, on the caller's thread.
//!
//! hyper speaks HTTP and rustls TLS; both are futures, and this module runs them where the call is made: a future that
//! cannot go on waits in poll(2) on the connection's own socket ([`Socket::drive`]). So a call costs no thread hop, no
//! reactor and no runtime, and a connection belongs to no thread: every thread of the process takes from one pool.
//!
//! It promises: a connection that the server closed while idle, or said that it would close, is never used; a request is
//! written in one piece; an answer that comes before the request is whole counts; `interrupt` is asked at least every
//! 50 ms; after a fork the child opens connections of its own, and waits for no lock of its parent's.

mod connect;
mod exchange;
mod pool;
mod socket;
mod tls;

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio_rustls::TlsConnector;

use crate::error::Error;
use pool::{Connection, Pool};
use socket::{Drive, INTERRUPT_EVERY, Socket};
use tls::Tls;
pub use tls::{Identity, Verify};

/// What the caller's thread asks now and then while it waits: an error ends the wait.
pub type Interrupt<'a> = &'a dyn Fn() -> Result<(), Error>;

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct Options {
    pub connect_timeout: Option<Duration>,
    /// The longest silence while an answer is awaited, not the time of the whole answer.
    pub read_timeout: Option<Duration>,
    /// How many idle connections are kept.
    pub max_idle: usize,
    pub keepalive: bool,
    /// The longest body of an answer, in bytes.
    pub max_body: u64,
    pub verify: Verify,
    pub identity: Option<Identity>,
}

/// Where a connection leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub tls: bool,
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// Refused, unreachable, or a name that does not resolve.
    Connect(String),
    ConnectTimeout,
    ReadTimeout,
    /// Closed, or no HTTP, before the answer was whole; `status` if its head had come.
    Closed {
        status: Option<u16>,
        reason: String,
    },
    /// The answer's body is longer than it may be; `size` tells how long, where the head does.
    TooLarge {
        status: u16,
        size: Option<u64>,
        limit: u64,
    },
    /// The TLS handshake failed.
    Tls(String),
    /// A file of a certificate or key cannot be used.
    Setup(String),
    /// `interrupt` ended the wait.
    Interrupted(Error),
}

/// Connections to servers, and the way over them.
#[derive(Debug)]
pub struct Transport {
    options: Options,
    pool: Pool,
    tls: Tls,
}

impl Transport {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let tls = Tls::new(options.verify.clone(), options.identity.clone());
        Self { pool: Pool::new(options.max_idle), tls, options }
    }

    /// Sends `request` to `origin` and reads the whole answer.
    pub fn exchange(
        &self,
        origin: &Origin,
        request: Request<Full<Bytes>>,
        interrupt: Interrupt,
    ) -> Result<Response<Bytes>, Failure> {
        let mut connection = match self.pool.take(origin) {
            Some(connection) => connection,
            None => self.connect(origin, interrupt)?,
        };
        let Connection { socket, channel } = &mut connection;
        let answer = socket.drive(self.options.read_timeout, interrupt, channel.exchange(request, self.options.max_body));
        match answer {
            Drive::Done(answer) => {
                let answer = answer?;
                self.pool.give(origin, connection);
                Ok(answer)
            }
            Drive::Timeout => Err(Failure::ReadTimeout),
            Drive::Interrupted(error) => Err(Failure::Interrupted(error)),
        }
    }

    /// Closes the idle connections.
    pub fn close(&self) {
        self.pool.clear();
    }

    fn connect(&self, origin: &Origin, interrupt: Interrupt) -> Result<Connection, Failure> {
        let connector = if origin.tls { Some(self.tls.connector().map_err(Failure::Setup)?) } else { None };
        let mut refusal = Failure::Connect(format!("{} has no address", origin.host));
        for address in resolve(&origin.host, origin.port, interrupt)? {
            match Socket::connect(address, self.options.connect_timeout, self.options.keepalive, interrupt) {
                Ok(socket) => return self.open(origin, socket, connector.as_ref(), interrupt),
                Err(Failure::Interrupted(error)) => return Err(Failure::Interrupted(error)),
                Err(failure) => refusal = failure,
            }
        }
        Err(refusal)
    }

    fn open(
        &self,
        origin: &Origin,
        socket: Socket,
        connector: Option<&TlsConnector>,
        interrupt: Interrupt,
    ) -> Result<Connection, Failure> {
        match socket.drive(self.options.connect_timeout, interrupt, connect::open(origin, connector, socket.clone())) {
            Drive::Done(channel) => Ok(Connection { socket, channel: channel? }),
            Drive::Timeout => Err(Failure::ConnectTimeout),
            Drive::Interrupted(error) => Err(Failure::Interrupted(error)),
        }
    }
}

/// The addresses of `host`. A name is looked up on a thread of its own, since nothing can interrupt the system's look-up.
fn resolve(host: &str, port: u16, interrupt: Interrupt) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    let look_up = move || drop(sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter)));
    std::thread::Builder::new().spawn(look_up).map_err(|error| Failure::Connect(error.to_string()))?;
    loop {
        match receiver.recv_timeout(INTERRUPT_EVERY) {
            Ok(found) => return found.map_err(|error| Failure::Connect(error.to_string())),
            Err(mpsc::RecvTimeoutError::Timeout) => interrupt().map_err(Failure::Interrupted)?,
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Failure::Connect(format!("the look-up of {host} died"))),
        }
    }
}
