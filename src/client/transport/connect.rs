//! From a socket to a channel: TLS, then HTTP.
//!
//! The socket may be of any kind, and whoever polls the futures decides how long to wait and when to stop: the caller's
//! thread with its [`Socket`](super::socket::Socket), or a reactor with its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::exchange::Channel;
use super::{Failure, Origin, tls};

/// The longest head of an answer, in bytes; of its headers there are at most 100, which hyper sees to.
const MAX_HEAD: usize = 400 * 1024;

/// Bytes both ways, without blocking.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for S {}

/// Makes a socket that leads to `origin` ready for requests; `tls` is there if it is to be spoken to in TLS.
pub(super) async fn open<S: Io>(origin: &Origin, tls: Option<&TlsConnector>, socket: S) -> Result<Channel, Failure> {
    let stream = match tls {
        None => Stream::Plain(socket),
        Some(connector) => secure(&origin.host, connector, socket).await?,
    };
    // hyper's handshake sends nothing and never waits.
    let handshake = http1::Builder::new()
        .max_header_size(MAX_HEAD)
        .allow_obsolete_multiline_headers_in_responses(true)
        .handshake(TokioIo::new(stream));
    match handshake.await {
        Ok((sender, driver)) => Ok(Channel { sender, driver: Some(Box::pin(driver)) }),
        Err(error) => Err(Failure::Closed { status: None, reason: error.to_string() }),
    }
}

async fn secure<S: Io>(host: &str, connector: &TlsConnector, socket: S) -> Result<Stream<S>, Failure> {
    let name = tls::server_name(host).map_err(Failure::Tls)?;
    let stream = connector.connect(name, socket).await.map_err(|error| Failure::Tls(error.to_string()))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// The bytes of HTTP, with or without TLS around them.
enum Stream<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
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
