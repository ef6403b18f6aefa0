//! The idle connections of one client, last used first.
//!
//! A connection belongs to no thread, so threads share one pool. After a fork the child starts with an empty one: it
//! closes its copies of the parent's sockets unread, which the parent does not notice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::Origin;
use super::exchange::Channel;
use super::socket::Socket;
use crate::client::process::PerProcess;

pub(super) struct Connection {
    pub socket: Socket,
    pub channel: Channel,
}

#[derive(Debug)]
pub(super) struct Pool {
    max_idle: AtomicUsize,
    idle: PerProcess<Mutex<Idle>>,
}

#[derive(Default)]
struct Idle(Vec<(Origin, Connection)>);

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} idle connections", self.0.len())
    }
}

impl Pool {
    pub(super) fn new(max_idle: usize) -> Self {
        Self { max_idle: AtomicUsize::new(max_idle), idle: PerProcess::new(Mutex::default()) }
    }

    /// A connection to `origin` that its server has not closed.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let connection = {
                let mut idle = self.idle();
                let at = idle.0.iter().rposition(|(to, _)| to == origin)?;
                idle.0.remove(at).1
            };
            if !connection.socket.is_readable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection, if it can carry another exchange: neither side ended it, and the server took the whole request.
    pub(super) fn give(&self, origin: &Origin, connection: Connection) {
        if !connection.channel.is_ready() || !connection.socket.is_flushed() {
            return;
        }
        let mut idle = self.idle();
        if idle.0.len() < self.max_idle.load(Ordering::Relaxed) {
            idle.0.push((origin.clone(), connection));
        }
    }

    /// Raises the number of connections that are kept: many calls at once end at once too, and go on with the next.
    pub(super) fn keep(&self, connections: usize) {
        self.max_idle.fetch_max(connections, Ordering::Relaxed);
    }

    pub(super) fn clear(&self) {
        self.idle().0.clear();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock(|parents| {
            // Those that are out of reach stay open until the client ends.
            if let Some(idle) = parents {
                idle.0.clear();
            }
            Idle::default()
        })
    }
}
