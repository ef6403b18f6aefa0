//! One HTTP exchange, on the caller's thread.
//!
//! hyper speaks HTTP and rustls TLS; both are futures, and this module runs them where the call is made: a future that
//! cannot go on waits in poll(2) on the connection's own socket ([`Socket::drive`]). So a call costs no thread hop, no
//! reactor and no runtime, and a connection belongs to no thread: every thread of the process takes from one pool.
//!
//! It promises: a connection that the server closed while idle, or said that it would close, is never used; a request is
//! written in one piece; an answer that comes before the request is whole counts; `interrupt` is asked at least every
//! 50 ms; after a fork the child opens connections of its own, and waits for no lock of its parent's.

mod exchange;
mod pool;
mod proxy;
mod route;
mod socket;
mod tls;

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use crate::error::Error;
use pool::{Connection, Pool};
pub use proxy::{Proxies, Proxy};
use route::Route;
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
    pub proxies: Option<Proxies>,
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
    /// Closed before the answer was whole; `status` if its head had come.
    Closed {
        status: Option<u16>,
        reason: String,
    },
    /// What came is no HTTP.
    Garbled(String),
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
    /// The proxy cannot be reached, or refuses; `proxy` is its URL as messages show it.
    Proxy {
        proxy: String,
        reason: String,
    },
    /// What was said about a proxy cannot be used.
    ProxySetup(String),
    /// `interrupt` ended the wait.
    Interrupted(Error),
}

/// Connections to servers, and the way over them.
#[derive(Debug)]
pub struct Transport {
    options: Options,
    pool: Pool,
    tls: Tls,
    /// For proxies that are themselves spoken to in TLS.
    proxy_tls: Option<Tls>,
}

impl Transport {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let tls = Tls::new(options.verify.clone(), options.identity.clone());
        let proxies = options.proxies.as_ref();
        let proxy_tls = proxies.map(|proxies| Tls::new(proxies.verify.clone(), proxies.identity.clone()));
        Self { pool: Pool::new(options.max_idle), tls, proxy_tls, options }
    }

    /// Sends `request` to `origin` and reads the whole answer.
    pub fn exchange(
        &self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
        interrupt: Interrupt,
    ) -> Result<Response<Bytes>, Failure> {
        let proxy = self.proxy(origin)?;
        let forwarder = proxy.filter(|proxy| proxy.forwards(origin));
        if let Some(proxy) = forwarder {
            proxy.address(origin, &mut request);
        }
        let mut connection = match self.pool.take(origin) {
            Some(connection) => connection,
            None => self.connect(origin, proxy, interrupt)?,
        };
        let Connection { socket, channel } = &mut connection;
        let answer = socket.drive(self.options.read_timeout, interrupt, channel.exchange(request, self.options.max_body));
        match answer {
            Drive::Done(answer) => {
                let answer = answer.map_err(|failure| match (forwarder, failure) {
                    // Nothing came, and it was the proxy that was asked.
                    (Some(proxy), Failure::Closed { status: None, reason }) => proxy.failure(reason),
                    (_, failure) => failure,
                })?;
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

    /// The proxy on the way to `origin`.
    fn proxy(&self, origin: &Origin) -> Result<Option<&Proxy>, Failure> {
        self.options.proxies.as_ref().map_or(Ok(None), |proxies| proxies.on_the_way_to(origin))
    }

    /// The way to `origin`. What cannot be set up is told before anything is opened.
    fn route<'a>(&self, origin: &'a Origin, proxy: Option<&'a Proxy>) -> Result<Route<'a>, Failure> {
        let forwarded = proxy.is_some_and(|proxy| proxy.forwards(origin));
        let tls = (origin.tls && !forwarded).then(|| self.tls.connector().map_err(Failure::Setup)).transpose()?;
        let proxy_tls = self.proxy_tls.as_ref().filter(|_| proxy.is_some_and(|proxy| proxy.origin.tls));
        let proxy_tls = proxy_tls.map(|tls| tls.connector().map_err(Failure::ProxySetup)).transpose()?;
        Ok(Route { origin, proxy, tls, proxy_tls })
    }

    fn connect(&self, origin: &Origin, proxy: Option<&Proxy>, interrupt: Interrupt) -> Result<Connection, Failure> {
        let route = self.route(origin, proxy)?;
        let socket = self.dial(route.first(), interrupt).map_err(|failure| route.blame(failure))?;
        let stream = self.opening(&socket, interrupt, route.reach(socket.clone())).map_err(|failure| route.blame(failure))?;
        let channel = self.opening(&socket, interrupt, route.open(stream))?;
        Ok(Connection { socket, channel })
    }

    /// A socket to one of the addresses of `origin`.
    fn dial(&self, origin: &Origin, interrupt: Interrupt) -> Result<Socket, Failure> {
        let mut refusal = Failure::Connect(format!("{} has no address", origin.host));
        for address in resolve(&origin.host, origin.port, interrupt)? {
            match Socket::connect(address, self.options.connect_timeout, self.options.keepalive, interrupt) {
                Ok(socket) => return Ok(socket),
                Err(Failure::Interrupted(error)) => return Err(Failure::Interrupted(error)),
                Err(failure) => refusal = failure,
            }
        }
        Err(refusal)
    }

    /// Waits for a step on the way to a channel. Silence is a read timeout, as in botocore: somebody was reached.
    fn opening<T>(
        &self,
        socket: &Socket,
        interrupt: Interrupt,
        step: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match socket.drive(self.options.connect_timeout, interrupt, step) {
            Drive::Done(done) => done,
            Drive::Timeout => Err(Failure::ReadTimeout),
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
