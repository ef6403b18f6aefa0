//! A socket that never blocks inside a read or write, and the loop that waits for it.
//!
//! A read or write that would block notes what it waits for; [`Socket::drive`] then sleeps in poll(2) until the kernel
//! has it, and polls the future again. The kernel is asked to read only after it said that there is something to read.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use socket2::{Domain, Protocol, SockRef, TcpKeepalive, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Failure, Interrupt};
use crate::error::Error;

/// How often a waiting thread looks whether it should stop.
pub(crate) const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// The most reads in a row: a server that never pauses must not keep the loop of [`Socket::drive`] from its turn.
const READS: u32 = 64;

/// Both ends of the wait, the protocol's side and the driver's, hold the same socket.
#[derive(Clone, Debug)]
pub(crate) struct Socket(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stream: TcpStream,
    /// How many reads may follow before the kernel is asked again; none after one that came up short.
    reads: AtomicU32,
    /// A write would have blocked.
    wants_write: AtomicBool,
}

/// When `timeout` is over; never, if that is beyond what a clock can tell.
pub(crate) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// How a driven future ended.
pub(crate) enum Drive<T> {
    Done(T),
    Timeout,
    Interrupted(Error),
}

enum Wait {
    Ready,
    Timeout,
    Interrupted(Error),
}

impl Socket {
    /// Begins to connect to `address`; [`Self::connected`] is the rest.
    pub(super) fn begin(address: SocketAddr, keepalive: bool) -> Result<Self, Failure> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
            .map_err(|error| refused(&error))?;
        socket.set_nonblocking(true).map_err(|error| refused(&error))?;
        socket.set_tcp_nodelay(true).map_err(|error| refused(&error))?;
        if keepalive {
            socket.set_tcp_keepalive(&TcpKeepalive::new()).map_err(|error| refused(&error))?;
        }
        let pending = match socket.connect(&address.into()) {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS) => true,
            Err(error) => return Err(refused(&error)),
        };
        let shared = Shared { stream: socket.into(), reads: AtomicU32::new(0), wants_write: AtomicBool::new(pending) };
        Ok(Self(Arc::new(shared)))
    }

    /// Done when the connection is there, or refused.
    pub(super) async fn connected(&self) -> Result<(), Failure> {
        // Whoever drives this sees that a write is wanted, and comes back when the kernel would take one.
        poll_fn(|_| if self.is_flushed() { Poll::Ready(()) } else { Poll::Pending }).await;
        SockRef::from(&self.0.stream).take_error().map_err(|error| refused(&error))?.map_or(Ok(()), |error| Err(refused(&error)))
    }

    /// Whether there is something to read now; on an idle connection that can only be its end.
    pub(super) fn is_readable(&self) -> bool {
        let mut asked = [PollFd::new(&self.0.stream, PollFlags::IN)];
        !matches!(rustix::event::poll(&mut asked, Some(&Timespec::default())), Ok(0))
    }

    /// Whether the kernel has taken all that was written.
    pub(super) fn is_flushed(&self) -> bool {
        !self.0.wants_write.load(Ordering::Relaxed)
    }

    /// Runs `work` on this thread until it is done or the socket is silent for `timeout`.
    pub(crate) fn drive<T>(&self, timeout: Option<Duration>, interrupt: Interrupt, work: impl Future<Output = T>) -> Drive<T> {
        let mut work = pin!(work);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut asked = Instant::now();
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return Drive::Done(done);
            }
            // Here too, since a server that never pauses leaves nothing to wait for.
            if asked.elapsed() >= INTERRUPT_EVERY {
                if let Err(error) = interrupt() {
                    return Drive::Interrupted(error);
                }
                asked = Instant::now();
            }
            if woken.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            match self.wait(timeout.and_then(deadline), interrupt) {
                Wait::Ready => {}
                Wait::Timeout => return Drive::Timeout,
                Wait::Interrupted(error) => return Drive::Interrupted(error),
            }
        }
    }

    /// What was last missing.
    pub(crate) fn missing(&self) -> PollFlags {
        let writes = self.0.wants_write.swap(false, Ordering::Relaxed);
        if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN }
    }

    /// The kernel has something for it.
    pub(crate) fn mark_ready(&self) {
        self.0.reads.store(READS, Ordering::Relaxed);
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.0.stream
    }

    /// Sleeps until the socket has what was last missing.
    fn wait(&self, deadline: Option<Instant>, interrupt: Interrupt) -> Wait {
        let mut asked = [PollFd::new(&self.0.stream, self.missing())];
        loop {
            let slice = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return Wait::Timeout,
                Some(left) => left.min(INTERRUPT_EVERY),
                None => INTERRUPT_EVERY,
            };
            let slice = Timespec { tv_sec: 0, tv_nsec: slice.subsec_nanos().into() };
            match rustix::event::poll(&mut asked, Some(&slice)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {
                    if let Err(error) = interrupt() {
                        return Wait::Interrupted(error);
                    }
                }
                // An error of poll(2) itself shows again, with its name, in the read that follows.
                Ok(_) | Err(_) => {
                    self.mark_ready();
                    return Wait::Ready;
                }
            }
        }
    }
}

fn refused(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::ConnectTimeout,
        _ => Failure::Connect(error.to_string()),
    }
}

#[cfg(unix)]
const EINPROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();
#[cfg(not(unix))]
const EINPROGRESS: i32 = 10036;

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let reads = self.0.reads.load(Ordering::Relaxed);
        if reads == 0 {
            return Poll::Pending;
        }
        self.0.reads.store(reads - 1, Ordering::Relaxed);
        let free = buffer.initialize_unfilled();
        loop {
            match (&self.0.stream).read(free) {
                Ok(count) => {
                    // A short read has emptied the socket; its end is seen again by the next one.
                    if count > 0 && count < free.len() {
                        self.0.reads.store(0, Ordering::Relaxed);
                    }
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.0.reads.store(0, Ordering::Relaxed);
                    return Poll::Pending;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match (&self.0.stream).write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.0.wants_write.store(true, Ordering::Relaxed);
                    return Poll::Pending;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The server takes no more. It may have said why; if not, the next read tells of the end.
                Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    return Poll::Ready(Ok(bytes.len()));
                }
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Closing is all that a client's end needs; a FIN of our own would only cost a call.
        Poll::Ready(Ok(()))
    }
}
