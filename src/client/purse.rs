//! The budgets of this process: one for each account, Region, endpoint and service, whichever clients and threads use it.
//!
//! A [`Purse`] is a [`Budget`] with a clock and a lock, and no lock is held by whoever waits. After a fork the child goes
//! on with purses of its own, which know what the parent's knew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use once_cell::race::OnceBox;

use crate::client::budget::{Budget, Turn};
use crate::client::process::PerProcess;
use crate::client::waiting::Waiting;
use crate::error::Result;

/// Requests a second that the service grants an account in `region`, over all operations together.
#[must_use]
pub fn published_quota(region: &str) -> f64 {
    if region == "cn-north-1" || region.starts_with("us-gov-") { 10.0 } else { 30.0 }
}

/// The share of the quota that is used unless told otherwise: other processes and people live on the same.
const DEFAULT_SHARE: f64 = 0.8;

#[must_use]
pub(super) fn default_rate(region: &str) -> f64 {
    DEFAULT_SHARE * published_quota(region)
}

/// What has a budget of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    /// Where the credentials tell it.
    pub(super) account_id: Option<String>,
    pub(super) region: String,
    pub(super) endpoint_url: String,
    pub(super) service: String,
}

/// The budget of one [`Owner`].
#[derive(Debug)]
pub struct Purse {
    begun: Instant,
    /// At the beginning.
    told: Option<f64>,
    budget: PerProcess<Mutex<Budget>>,
}

/// A place in a purse's line, given back if it is not used.
#[derive(Debug)]
pub(super) struct Place<'a> {
    purse: &'a Purse,
    /// `None` once it was used.
    turn: Option<Turn>,
}

type Purses = Mutex<HashMap<Owner, Arc<Purse>>>;

impl Purse {
    fn new(told: Option<f64>) -> Self {
        Self { begun: Instant::now(), told, budget: PerProcess::new(Mutex::new(Budget::new(told, 0.0))) }
    }

    /// The purse of `owner`. A rate that was `named` is told to it, the default only if it is new.
    pub(super) fn of(owner: &Owner, named: Option<f64>, default: Option<f64>) -> Arc<Self> {
        static PURSES: OnceBox<PerProcess<Purses>> = OnceBox::new();
        let purses = PURSES.get_or_init(|| Box::new(PerProcess::new(Purses::default())));
        let mut purses = purses.lock(|parents| parents.cloned().unwrap_or_default());
        if let Some(purse) = purses.get(owner) {
            if let Some(rate) = named {
                purse.budget().tell(rate, purse.now());
            }
            return Arc::clone(purse);
        }
        let purse = Arc::new(Self::new(named.or(default)));
        purses.insert(owner.clone(), Arc::clone(&purse));
        purse
    }

    /// A request is sent now, without waiting. Gives the time of the purse's clock.
    pub(super) fn debit(&self) -> f64 {
        let now = self.now();
        self.budget().debit(now);
        now
    }

    /// Waits until a request may be sent. Gives the time of the purse's clock.
    pub(super) async fn wait(&self, waiting: &impl Waiting) -> Result<f64> {
        /// How soon those in line learn that the rate has been raised.
        const TURN: Duration = Duration::from_millis(500);
        let mut place = self.line_up();
        loop {
            match place.go() {
                Ok(now) => return Ok(now),
                Err(left) => waiting.sleep(left.min(TURN)).await?,
            }
        }
    }

    /// For those who wait in their own way.
    pub(super) fn line_up(&self) -> Place<'_> {
        Place { purse: self, turn: Some(self.budget().line_up(self.now())) }
    }

    /// A request sent at `sent_at` was answered and let pass.
    pub(super) fn passed(&self, sent_at: f64) {
        self.budget().passed(sent_at);
    }

    /// A request sent at `sent_at` was throttled, and told to come back after so long. Gives whether that is news.
    pub(super) fn throttled(&self, sent_at: f64, retry_after: Option<Duration>) -> bool {
        self.budget().throttled(sent_at, retry_after.map(|wait| wait.as_secs_f64()), self.now())
    }

    /// Requests a second; none is no limit.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.budget().rate()
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock(|parents| parents.map_or_else(|| Budget::new(self.told, self.now()), |budget| budget.of_child()))
    }
}

impl Place<'_> {
    /// The request may be sent: gives the time of the purse's clock. Else how long to wait before one asks again.
    pub(super) fn go(&mut self) -> Result<f64, Duration> {
        let now = self.purse.now();
        let Some(turn) = &mut self.turn else { return Ok(now) };
        match self.purse.budget().go(turn, now) {
            Ok(()) => {
                self.turn = None;
                Ok(now)
            }
            Err(seconds) => Err(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn {
            self.purse.budget().leave(turn);
        }
    }
}
