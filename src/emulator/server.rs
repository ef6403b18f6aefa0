//! The doors: connections, behind TLS or not, bring requests and take answers away.
//!
//! All of it runs on one thread, since every request is one transaction on one database.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// How long requests may go on after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait where connections cannot be taken, as when there are no more files to open.
const PAUSE: Duration = Duration::from_millis(100);

/// A request as it comes in, and the certificate of its sender where the door asks for one.
#[derive(Debug)]
pub struct Arrival {
    pub request: Request<Incoming>,
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}

/// An answer with this extension is not sent: its connection is reset.
#[derive(Clone, Copy, Debug)]
pub struct Abort;

/// Answers what comes to `listener`, behind TLS or not, until `stop` changes or its sender is gone.
pub async fn serve<A, F, B>(listener: TcpListener, tls: Option<TlsAcceptor>, answer: A, mut stop: watch::Receiver<()>)
where
    A: Fn(Arrival) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // answers that leave at once are a matter of speed only
        let _ = stream.set_nodelay(true);
        let (watcher, answer, tls) = (open.watcher(), answer.clone(), tls.clone());
        let aborted = Arc::new(AtomicBool::new(false));
        let stream = Abortable { stream, aborted: Arc::clone(&aborted) };
        tokio::spawn(async move {
            match tls {
                None => connection(stream, None, answer, watcher, &aborted).await,
                Some(tls) => {
                    // who has no certificate goes away with the handshake
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
                    connection(stream, certificate.map(Arc::new), answer, watcher, &aborted).await;
                }
            }
        });
    }
    drop(listener);
    // those that go on longer are cut off
    let _ = tokio::time::timeout(GRACE, open.shutdown()).await;
}

async fn connection<S, A, F, B>(
    stream: S,
    certificate: Option<Arc<CertificateDer<'static>>>,
    answer: A,
    watcher: Watcher,
    aborted: &AtomicBool,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    A: Fn(Arrival) -> F,
    F: Future<Output = Response<B>> + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let service = service_fn(|request| {
        let answered = answer(Arrival { request, certificate: certificate.clone() });
        async move {
            let response = answered.await;
            aborted.store(response.extensions().get::<Abort>().is_some(), Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    // what goes wrong with a connection is for its other end to tell
    let _ = watcher.watch(http1::Builder::new().serve_connection(TokioIo::new(stream), service)).await;
}

/// A connection whose other end is told by a reset, not by an end, that it is over, if it was aborted.
struct Abortable {
    stream: TcpStream,
    aborted: Arc<AtomicBool>,
}

impl Drop for Abortable {
    fn drop(&mut self) {
        if self.aborted.load(Ordering::Relaxed) {
            // a system that cannot do it ends the connection
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Abortable {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Abortable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
