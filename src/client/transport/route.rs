//! From a socket to a channel: over a proxy or not, in TLS or not, then HTTP.
//!
//! The socket may be of any kind, and whoever polls the futures decides how long to wait and when to stop: the caller's
//! thread with its [`Socket`](super::socket::Socket), or a reactor with its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::exchange::Channel;
use super::proxy::Proxy;
use super::{Failure, Origin, tls};

/// Bytes both ways, without blocking.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for S {}

/// The way to a server: straight, or over a proxy.
pub(super) struct Route<'a> {
    pub(super) origin: &'a Origin,
    pub(super) proxy: Option<&'a Proxy>,
    /// If we are to speak TLS with the server, rather than in plain text or the proxy in our place.
    pub(super) tls: Option<TlsConnector>,
    /// If the proxy is itself spoken to in TLS.
    pub(super) proxy_tls: Option<TlsConnector>,
}

impl Route<'_> {
    /// Where the socket has to lead.
    pub(super) fn first(&self) -> &Origin {
        self.proxy.map_or(self.origin, |proxy| &proxy.origin)
    }

    /// What fails up to the end of [`reach`](Self::reach) is told of the proxy, if there is one.
    pub(super) fn blame(&self, failure: Failure) -> Failure {
        match self.proxy {
            None => failure,
            Some(proxy) => proxy.blame(failure),
        }
    }

    /// The first step over a new socket: TLS with a proxy that wants it.
    pub(super) async fn reach<S: Io>(&self, socket: S) -> Result<Stream<S>, Failure> {
        let stream = Stream::Plain(socket);
        match &self.proxy_tls {
            None => Ok(stream),
            Some(connector) => secure(&self.first().host, connector, stream).await,
        }
    }

    /// The second: a tunnel, TLS with the server and HTTP, as far as each is needed.
    pub(super) async fn open<S: Io>(&self, mut stream: Stream<S>) -> Result<Channel, Failure> {
        if let Some(proxy) = self.proxy.filter(|proxy| !proxy.forwards(self.origin)) {
            stream = proxy.tunnel(self.origin, stream).await?;
        }
        if let Some(connector) = &self.tls {
            stream = secure(&self.origin.host, connector, stream).await?;
        }
        Channel::open(stream).await
    }
}

async fn secure<S: Io>(host: &str, connector: &TlsConnector, stream: Stream<S>) -> Result<Stream<S>, Failure> {
    let name = tls::server_name(host).map_err(Failure::Tls)?;
    let stream = connector.connect(name, stream).await.map_err(|error| Failure::Tls(error.to_string()))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// The bytes of HTTP, with or without TLS around them.
pub(super) enum Stream<S> {
    Plain(S),
    /// Around TLS again where a proxy is itself spoken to in TLS.
    Tls(Box<TlsStream<Self>>),
}

impl<S: Io> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<S: Io> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
