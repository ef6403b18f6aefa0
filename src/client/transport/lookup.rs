//! Addresses of host names, by the system's own look-up.
//!
//! A look-up runs on a thread of its own, since nothing can interrupt it. And nothing may fork meanwhile: the C library
//! takes locks of its own there, which a child would find locked for ever in its first look-up. So a process that is about
//! to fork says so ([`before_fork`]): look-ups that have begun end first, and others begin after it. One that takes longer
//! than [`PATIENCE`] waits for an answer of the network, which it does without locks, and holds up no fork.
//!
//! What a thread has of the resolver it gives back when it ends, with the same locks. So the thread that looks up is one
//! that somebody waits for, and only its end is the look-up's.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use once_cell::race::OnceBox;

use super::Failure;
use crate::client::process::PerProcess;
use crate::client::waiting::{Aside, Waiting};

const PATIENCE: Duration = Duration::from_secs(1);

/// The addresses of `host`, which may be one itself.
pub(super) async fn addresses(waiting: &impl Waiting, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let look_up = move || {
        let _under_way = LookUps::of_process().begin();
        thread::scope(|scope| {
            let found =
                thread::Builder::new().spawn_scoped(scope, || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
            found.and_then(|found| found.join().unwrap_or_else(|_| Err(io::Error::other("it panicked"))))
        })
        .map_err(|error| error.to_string())
    };
    match waiting.aside(look_up).await {
        Aside::Done(found) => found.map_err(Failure::Connect),
        Aside::Failed(reason) => Err(Failure::Connect(format!("the look-up of {host}: {reason}"))),
        Aside::Interrupted(error) => Err(Failure::Interrupted(error)),
    }
}

/// Waits until this process may fork. [`after_fork`] must follow in this process; in the child nothing needs to.
pub fn before_fork() {
    LookUps::of_process().pause();
}

/// The fork is over, and look-ups go on.
pub fn after_fork() {
    LookUps::of_process().resume();
}

#[derive(Debug, Default)]
struct LookUps {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    /// Forks that are about to be, each on a thread of its own.
    forks: usize,
}

impl LookUps {
    fn of_process() -> &'static Self {
        static LOOK_UPS: OnceBox<PerProcess<LookUps>> = OnceBox::new();
        LOOK_UPS.get_or_init(|| Box::new(PerProcess::new(Self::default()))).get(|_| Self::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> UnderWay<'_> {
        let mut state = self.changed.wait_while(self.state(), |state| state.forks > 0).unwrap_or_else(PoisonError::into_inner);
        state.under_way += 1;
        UnderWay(self)
    }

    fn pause(&self) {
        let mut state = self.state();
        state.forks += 1;
        let ended = self.changed.wait_timeout_while(state, PATIENCE, |state| state.under_way > 0);
        drop(ended);
    }

    fn resume(&self) {
        let mut state = self.state();
        // A fork that had begun when the handlers were registered was not paused for.
        state.forks = state.forks.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }
}

struct UnderWay<'a>(&'a LookUps);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_fork_and_a_look_up_wait_for_each_other() {
        let look_ups = LookUps::default();
        let (tell, told) = mpsc::channel();
        let first = look_ups.begin();
        thread::scope(|scope| {
            scope.spawn(|| {
                look_ups.pause();
                tell.send("the fork").unwrap();
                look_ups.resume();
            });
            while look_ups.state().forks == 0 {
                thread::yield_now();
            }
            scope.spawn(|| {
                let _second = look_ups.begin();
                tell.send("the second look-up").unwrap();
            });
            drop(first);
            assert_eq!([told.recv().unwrap(), told.recv().unwrap()], ["the fork", "the second look-up"]);
        });
    }

    #[test]
    fn a_look_up_that_waits_for_the_network_holds_up_no_fork_for_long() {
        let look_ups = LookUps::default();
        let _slow = look_ups.begin();
        look_ups.pause();
        assert_eq!(look_ups.state().under_way, 1);
    }
}
