//! One HTTP exchange, on the caller's thread or in the reactor.
//!
//! hyper speaks HTTP and rustls TLS; both are futures, and how one that cannot go on waits for the connection's own
//! socket is [`Waiting`]'s affair: on the caller's thread it sleeps in poll(2) ([`Socket::drive`]), in the reactor it gives
//! way to others. So a sync call costs no thread hop and no runtime, and a connection belongs to no thread: every thread
//! of the process, the reactor among them, takes from one pool.
//!
//! It promises: a connection that the server closed while idle, or said that it would close, is never used; a request is
//! written in one piece; an answer that comes before the request is whole counts; `interrupt` is asked at least every
//! 50 ms; an exchange that is dropped closes its connection; after a fork the child opens connections of its own, and waits for no lock of its parent's.

mod exchange;
mod lookup;
mod pool;
mod proxy;
mod route;
mod socket;
mod tls;
mod trust;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use crate::client::waiting::{CallersThread, Waiting, at_once};
use crate::error::Error;
pub use lookup::{after_fork, before_fork};
use pool::{Connection, Pool};
pub use proxy::{Proxies, Proxy};
use route::Route;
pub(super) use socket::{Drive, INTERRUPT_EVERY, Socket, deadline};
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
    /// One side refuses the other's TLS, mostly in the handshake.
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

    /// Sends `request` to `origin` and reads the whole answer, on this thread.
    pub fn exchange(
        &self,
        origin: &Origin,
        request: Request<Full<Bytes>>,
        interrupt: Interrupt,
    ) -> Result<Response<Bytes>, Failure> {
        at_once(self.exchange_in(&CallersThread(interrupt), origin, request))
    }

    /// The same, wherever it may wait.
    pub(super) async fn exchange_in(
        &self,
        waiting: &impl Waiting,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Failure> {
        let proxy = self.proxy(origin)?;
        let forwarder = proxy.filter(|proxy| proxy.forwards(origin));
        if let Some(proxy) = forwarder {
            proxy.address(origin, &mut request);
        }
        let mut connection = match self.pool.take(origin) {
            Some(connection) => connection,
            None => self.connect(waiting, origin, proxy).await?,
        };
        let Connection { socket, channel } = &mut connection;
        let work = channel.exchange(request, self.options.max_body);
        match waiting.drive(socket, self.options.read_timeout, work).await {
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

    /// From now on keeps at least `connections` that are idle.
    pub(super) fn keep(&self, connections: usize) {
        self.pool.keep(connections);
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

    async fn connect(&self, waiting: &impl Waiting, origin: &Origin, proxy: Option<&Proxy>) -> Result<Connection, Failure> {
        let route = self.route(origin, proxy)?;
        let socket = self.dial(waiting, route.first()).await.map_err(|failure| route.blame(failure))?;
        let stream = self.opening(waiting, &socket, route.reach(socket.clone())).await.map_err(|failure| route.blame(failure))?;
        let channel = self.opening(waiting, &socket, route.open(stream)).await?;
        Ok(Connection { socket, channel })
    }

    /// A socket to one of the addresses of `origin`.
    async fn dial(&self, waiting: &impl Waiting, origin: &Origin) -> Result<Socket, Failure> {
        let mut refusal = Failure::Connect(format!("{} has no address", origin.host));
        for address in lookup::addresses(waiting, &origin.host, origin.port).await? {
            match self.connect_to(waiting, address).await {
                Ok(socket) => return Ok(socket),
                Err(Failure::Interrupted(error)) => return Err(Failure::Interrupted(error)),
                Err(failure) => refusal = failure,
            }
        }
        Err(refusal)
    }

    async fn connect_to(&self, waiting: &impl Waiting, address: SocketAddr) -> Result<Socket, Failure> {
        let socket = Socket::begin(address, self.options.keepalive)?;
        match waiting.drive(&socket, self.options.connect_timeout, socket.connected()).await {
            Drive::Done(done) => done?,
            Drive::Timeout => return Err(Failure::ConnectTimeout),
            Drive::Interrupted(error) => return Err(Failure::Interrupted(error)),
        }
        Ok(socket)
    }

    /// Waits for a step on the way to a channel. Silence is a read timeout, as in botocore: somebody was reached.
    async fn opening<T>(
        &self,
        waiting: &impl Waiting,
        socket: &Socket,
        step: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match waiting.drive(socket, self.options.connect_timeout, step).await {
            Drive::Done(done) => done,
            Drive::Timeout => Err(Failure::ReadTimeout),
            Drive::Interrupted(error) => Err(Failure::Interrupted(error)),
        }
    }
}
