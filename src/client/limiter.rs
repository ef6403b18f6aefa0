//! How fast an adaptive client may send: the rate follows what the service throttles.
//!
//! [`Limiter`] is botocore's, as a machine without a clock: times come in as seconds, and waiting is left to the caller.
//! It measures the rate of the ends of attempts, lowers the allowed rate when one of them is throttled, and lets it grow
//! back along a cubic curve. It is off until the first throttling.
//!
//! [`Gate`] is one client's limiter, shared by its threads. Whoever has to wait holds no lock meanwhile, and after a fork
//! the child goes on with a limiter of its own.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use crate::client::process::PerProcess;
use crate::client::waiting::Waiting;
use crate::error::Result;

/// Of the measured rate, the share that the latest half second has.
const SMOOTHING: f64 = 0.8;
const BUCKETS_A_SECOND: f64 = 2.0;
/// What is left of the rate after a throttling.
const BETA: f64 = 0.7;
/// How steep the curve is.
const SCALE: f64 = 0.4;
/// The allowed rate is at most so many times the measured one.
const HEADROOM: f64 = 2.0;
/// The least rate, in requests a second.
const FLOOR: f64 = 0.5;

/// The rate that a client keeps to. All times are seconds by one clock, all rates are a second's.
#[derive(Clone, Debug)]
pub struct Limiter {
    on: bool,
    measured: Measured,
    curve: Curve,
    bucket: Bucket,
}

impl Limiter {
    #[must_use]
    pub fn new(now: f64) -> Self {
        Self {
            on: false,
            measured: Measured { rate: 0.0, since: now.floor(), count: 0.0 },
            curve: Curve { highest: 0.0, plateau: 0.0, throttled_at: now },
            bucket: Bucket { rate: 1.0, capacity: 1.0, tokens: 0.0, filled_at: now },
        }
    }

    /// An attempt may be sent: takes its token. Else the seconds until there is one, if the rate stays.
    pub fn take(&mut self, now: f64) -> Result<(), f64> {
        if self.on { self.bucket.take(now) } else { Ok(()) }
    }

    /// An attempt has ended.
    pub fn ended(&mut self, throttled: bool, now: f64) {
        let measured = self.measured.record(now);
        let rate = if throttled {
            let rate = if self.on { measured.min(self.bucket.rate) } else { measured };
            self.on = true;
            self.curve.throttled(rate, now)
        } else {
            self.curve.at(now)
        };
        self.bucket.set_rate(rate.min(HEADROOM * measured), now);
    }

    /// Requests a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.bucket.rate
    }
}

/// The rate of what was sent, by buckets of half a second.
#[derive(Clone, Debug)]
struct Measured {
    rate: f64,
    since: f64,
    count: f64,
}

impl Measured {
    fn record(&mut self, now: f64) -> f64 {
        let bucket = (now * BUCKETS_A_SECOND).floor() / BUCKETS_A_SECOND;
        self.count += 1.0;
        if bucket > self.since {
            let latest = self.count / (bucket - self.since);
            self.rate = latest * SMOOTHING + self.rate * (1.0 - SMOOTHING);
            self.count = 0.0;
            self.since = bucket;
        }
        self.rate
    }
}

/// The cubic curve: it comes back to the rate of the last throttling, stays about there, and then probes beyond.
#[derive(Clone, Debug)]
struct Curve {
    highest: f64,
    /// Seconds from the throttling to the rate at which it came.
    plateau: f64,
    throttled_at: f64,
}

impl Curve {
    fn at(&self, now: f64) -> f64 {
        SCALE * (now - self.throttled_at - self.plateau).powf(3.0) + self.highest
    }

    fn throttled(&mut self, rate: f64, now: f64) -> f64 {
        self.highest = rate;
        // Not `cbrt`, which rounds otherwise than the power that botocore takes.
        self.plateau = (rate * (1.0 - BETA) / SCALE).powf(1.0 / 3.0);
        self.throttled_at = now;
        rate * BETA
    }
}

/// Tokens, of which each attempt takes one.
#[derive(Clone, Debug)]
struct Bucket {
    rate: f64,
    capacity: f64,
    tokens: f64,
    filled_at: f64,
}

impl Bucket {
    fn take(&mut self, now: f64) -> Result<(), f64> {
        self.fill(now);
        if self.tokens < 1.0 {
            return Err((1.0 - self.tokens) / self.rate);
        }
        self.tokens -= 1.0;
        Ok(())
    }

    fn set_rate(&mut self, rate: f64, now: f64) {
        self.fill(now);
        self.rate = rate.max(FLOOR);
        self.capacity = rate.max(1.0);
        self.tokens = self.tokens.min(self.capacity);
    }

    fn fill(&mut self, now: f64) {
        self.tokens = (self.tokens + (now - self.filled_at) * self.rate).min(self.capacity);
        self.filled_at = now;
    }
}

/// Where the attempts of one client wait for their turn.
#[derive(Debug)]
pub(super) struct Gate {
    begun: Instant,
    /// The time then, within its second by the wall clock: the half seconds of the measured rate are everybody's.
    begun_at: f64,
    limiter: PerProcess<Mutex<Limiter>>,
}

impl Gate {
    pub(super) fn new() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let begun_at = wall.as_secs_f64().fract();
        Self { begun: Instant::now(), begun_at, limiter: PerProcess::new(Mutex::new(Limiter::new(begun_at))) }
    }

    /// Waits until an attempt may be sent.
    pub(super) async fn pass(&self, waiting: &impl Waiting) -> Result<()> {
        /// How soon a waiting thread learns that the rate has changed.
        const TURN: Duration = Duration::from_millis(50);
        loop {
            let taken = self.limiter().take(self.now());
            let Err(seconds) = taken else { return Ok(()) };
            waiting.sleep(Duration::try_from_secs_f64(seconds).map_or(TURN, |left| left.min(TURN))).await?;
        }
    }

    pub(super) fn ended(&self, throttled: bool) {
        self.limiter().ended(throttled, self.now());
    }

    fn now(&self) -> f64 {
        self.begun_at + self.begun.elapsed().as_secs_f64()
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock(|parents| parents.map_or_else(|| Limiter::new(self.now()), |limiter| limiter.clone()))
    }
}
