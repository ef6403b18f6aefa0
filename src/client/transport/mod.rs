//! One HTTP exchange, on the caller's thread.
//!
//! hyper speaks HTTP and rustls TLS; both are futures, and this module runs them where the call is made: a future that
//! cannot go on waits in poll(2) on the connection's own socket ([`Socket::drive`]). So a call costs no thread hop, no
//! reactor and no runtime, and a connection belongs to no thread: every thread of the process takes from one pool.
//!
//! It promises: a connection that the server closed while idle, or said that it would close, is never used; a request is
//! written in one piece; an answer that comes before the request is whole counts; `interrupt` is asked at least every
//! 50 ms; after a fork the child opens connections of its own, and waits for no lock of its parent's.

mod body;
mod pool;
mod socket;
mod tls;

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::error::Error;
use body::Unread;
use pool::{Connection, Pool};
use socket::{Drive, INTERRUPT_EVERY, Socket};
use tls::Tls;
pub use tls::{Identity, Verify};

/// What the caller's thread asks now and then while it waits: an error ends the wait.
pub type Interrupt<'a> = &'a dyn Fn() -> Result<(), Error>;

/// The longest head of an answer, in bytes; of its headers there are at most 100, which hyper sees to.
const MAX_HEAD: usize = 400 * 1024;

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
        let (mut status, limit) = (None, self.options.max_body);
        let Connection { socket, sender, driver } = &mut connection;
        let answer = socket.drive(driver, self.options.read_timeout, interrupt, async {
            sender.ready().await?;
            let answer = sender.send_request(request).await?;
            status = Some(answer.status().as_u16());
            let (head, body) = answer.into_parts();
            let body = body::read(&head, body, limit).await?;
            Ok::<_, Unread>(Response::from_parts(head, body))
        });
        match answer {
            Drive::Done(Ok(answer)) => {
                self.pool.give(origin, connection);
                Ok(answer)
            }
            Drive::Done(Err(Unread::Lost(error))) => Err(Failure::Closed { status, reason: error.to_string() }),
            Drive::Done(Err(Unread::TooLarge { size })) => {
                Err(Failure::TooLarge { status: status.unwrap_or_default(), size, limit })
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
                Ok(socket) => return self.handshake(origin, socket, connector.as_ref(), interrupt),
                Err(Failure::Interrupted(error)) => return Err(Failure::Interrupted(error)),
                Err(failure) => refusal = failure,
            }
        }
        Err(refusal)
    }

    fn handshake(
        &self,
        origin: &Origin,
        socket: Socket,
        connector: Option<&tokio_rustls::TlsConnector>,
        interrupt: Interrupt,
    ) -> Result<Connection, Failure> {
        let mut alone = None::<std::future::Pending<()>>;
        let io = match connector {
            None => tls::Stream::Plain(socket.clone()),
            Some(connector) => {
                let name = tls::server_name(&origin.host).map_err(Failure::Tls)?;
                let handshake = connector.connect(name, socket.clone());
                match socket.drive(&mut alone, self.options.connect_timeout, interrupt, handshake) {
                    Drive::Done(Ok(stream)) => tls::Stream::Tls(Box::new(stream)),
                    Drive::Done(Err(error)) => return Err(Failure::Tls(error.to_string())),
                    Drive::Timeout => return Err(Failure::ConnectTimeout),
                    Drive::Interrupted(error) => return Err(Failure::Interrupted(error)),
                }
            }
        };
        // hyper's handshake sends nothing and never waits.
        let handshake = http1::Builder::new()
            .max_header_size(MAX_HEAD)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(TokioIo::new(io));
        match socket.drive(&mut alone, None, interrupt, handshake) {
            Drive::Done(Ok((sender, driver))) => Ok(Connection { socket, sender, driver: Some(Box::pin(driver)) }),
            Drive::Done(Err(error)) => Err(Failure::Closed { status: None, reason: error.to_string() }),
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
