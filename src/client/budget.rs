//! How fast one account may be asked in one Region at one endpoint, whoever asks.
//!
//! [`Budget`] is a machine without a clock: times are seconds by one clock, rates are a second's, and waiting is left to
//! the caller. Whoever can wait [lines up](Budget::line_up) and goes when its [`Turn`] has come; whoever cannot
//! [debits](Budget::debit) a request, and those who can wait then wait longer. A throttling lowers the rate, once for all
//! requests that were on their way, and the rate then climbs back along a cubic curve: fast at first, slow near the rate
//! that was too high, and then beyond it, up to what was told. It climbs only while requests are waited for. A budget
//! that was told no rate has no limit until [`Budget::throttled`].

/// The rate after the first throttling of a budget without limit, as a share of what was sent. What the service had
/// saved up may have let a lot pass, so this is far down; the way back is short.
const FIRST: f64 = 0.125;
/// What is left of the rate after any other throttling: the share of requests that passed since the one before, within
/// these.
const LEAST_LEFT: f64 = 0.5;
const MOST_LEFT: f64 = 0.9;
/// Seconds from a throttling to the rate at which it came: where that was far too high, and where it was about right, so
/// that few requests are spent on finding that out again.
const CLIMB: f64 = 1.5;
const SLOW_CLIMB: f64 = 8.0;
/// The least rate, in requests a second.
const FLOOR: f64 = 0.5;
/// Seconds of the rate that may be saved up.
const DEPTH: f64 = 0.1;
/// Seconds of the rate that those who do not wait may owe. What they ask beyond it is more than the service lets pass.
const DEBT: f64 = 1.0;

#[derive(Clone, Debug)]
pub struct Budget {
    /// The climb ends there.
    told: Option<f64>,
    /// None is no limit.
    rate: Option<f64>,
    /// While the rate is below what was told.
    climb: Option<Climb>,
    /// Those that are there, less those that turns and debts have taken from the time to come.
    tokens: f64,
    /// Later than now during a pause.
    filled_at: f64,
    /// Turns that have not come.
    waiting: f64,
    /// How often turns were made void: by throttlings, pauses, and a rate that has risen.
    round: u64,
    /// The rate when that was last done.
    turns_at: Option<f64>,
    cut_at: f64,
    /// Requests that passed of those sent after the last throttling.
    passed: u32,
    sent: Sent,
}

/// A place in the line.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    round: u64,
    at: f64,
}

impl Budget {
    #[must_use]
    pub fn new(told: Option<f64>, now: f64) -> Self {
        Self {
            told,
            rate: told,
            climb: None,
            tokens: told.map_or(0.0, |_| 1.0),
            filled_at: now,
            waiting: 0.0,
            round: 0,
            turns_at: told,
            cut_at: f64::NEG_INFINITY,
            passed: 0,
            sent: Sent::default(),
        }
    }

    /// From now on this is the rate, until throttlings show that it is too high.
    pub fn tell(&mut self, rate: f64, now: f64) {
        if self.told != Some(rate) {
            self.fill(now);
            (self.told, self.rate, self.climb) = (Some(rate), Some(rate), None);
            self.begin_round();
        }
    }

    /// Takes a place in the line.
    pub fn line_up(&mut self, now: f64) -> Turn {
        self.fill(now);
        let Some(rate) = self.rate else { return Turn { round: self.round, at: now } };
        self.tokens -= 1.0;
        self.waiting += 1.0;
        Turn { round: self.round, at: self.filled_at.max(now) + (-self.tokens).max(0.0) / rate }
    }

    /// The request may be sent. Else the seconds until it may, if the rate stays; `turn` is then one of the present rate.
    pub fn go(&mut self, turn: &mut Turn, now: f64) -> Result<(), f64> {
        self.fill(now);
        if turn.round != self.round {
            *turn = self.line_up(now);
        }
        if turn.at > now {
            return Err(turn.at - now);
        }
        match self.rate {
            None => self.sent.count(now),
            Some(_) => self.waiting -= 1.0,
        }
        Ok(())
    }

    /// Leaves the line; nothing is sent.
    pub fn leave(&mut self, turn: Turn) {
        if turn.round == self.round && self.rate.is_some() {
            self.tokens += 1.0;
            self.waiting -= 1.0;
        }
    }

    /// A request is sent without waiting.
    pub fn debit(&mut self, now: f64) {
        self.fill(now);
        match self.rate {
            None => self.sent.count(now),
            Some(rate) => {
                let most = -self.waiting - rate * DEBT;
                self.tokens = (self.tokens - 1.0).max(most.min(self.tokens));
            }
        }
    }

    /// A request sent at `sent_at` was answered, and not throttled.
    pub fn passed(&mut self, sent_at: f64) {
        if sent_at > self.cut_at {
            self.passed = self.passed.saturating_add(1);
        }
    }

    /// A request sent at `sent_at` was throttled. Gives whether that is news: others may have told already that what was
    /// sent then was too much. `retry_after`, in seconds, has been rounded up to whole ones: only the seconds before its
    /// last one are sure to be in vain for everybody.
    pub fn throttled(&mut self, sent_at: f64, retry_after: Option<f64>, now: f64) -> bool {
        self.fill(now);
        let resumes_at = now + (retry_after.unwrap_or(0.0) - 1.0).max(0.0);
        if resumes_at > self.filled_at {
            self.filled_at = resumes_at;
            self.begin_round();
        }
        if sent_at <= self.cut_at {
            return false;
        }
        let (too_high, left) = self.rate.map_or((self.sent.rate(now), FIRST), |rate| {
            let passed = f64::from(self.passed);
            (rate, (passed / (passed + 1.0)).clamp(LEAST_LEFT, MOST_LEFT))
        });
        let rate = (too_high * left).max(FLOOR);
        self.rate = Some(rate);
        let takes = if left < MOST_LEFT { CLIMB } else { SLOW_CLIMB };
        // from the least rate too
        self.climb = Some(Climb { from: rate, to: too_high.max(2.0 * FLOOR), takes, seconds: 0.0 });
        (self.cut_at, self.passed) = (now, 0);
        self.begin_round();
        true
    }

    /// That of a process which was forked from this one's: nobody waits there.
    #[must_use]
    pub fn of_child(&self) -> Self {
        let mut child = self.clone();
        child.begin_round();
        child
    }

    /// Requests a second; none is no limit.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Whoever is in the line has to line up anew.
    fn begin_round(&mut self) {
        self.round += 1;
        self.turns_at = self.rate;
        self.tokens = (self.tokens + self.waiting).min(0.0);
        self.waiting = 0.0;
    }

    fn fill(&mut self, now: f64) {
        let seconds = now - self.filled_at;
        if seconds <= 0.0 {
            return;
        }
        self.filled_at = now;
        let Some(rate) = self.rate else { return };
        let missing = ((depth(rate) - self.tokens) / rate).clamp(0.0, seconds);
        self.tokens = (self.tokens + seconds * rate).min(depth(rate));
        if let Some(climb) = &mut self.climb {
            climb.seconds += missing;
            self.rate = Some(climb.rate());
        }
        if let Some(told) = self.told
            && self.rate >= Some(told)
        {
            (self.rate, self.climb) = (Some(told), None);
        }
        // After a long time of throttlings a line may have places for minutes.
        if self.rate.zip(self.turns_at).is_some_and(|(rate, turns_at)| rate >= 2.0 * turns_at) {
            self.begin_round();
        }
    }
}

fn depth(rate: f64) -> f64 {
    (rate * DEPTH).max(1.0)
}

/// The way back to a rate that was too high, and beyond.
#[derive(Clone, Copy, Debug)]
struct Climb {
    from: f64,
    to: f64,
    takes: f64,
    /// Those in which requests were waited for.
    seconds: f64,
}

impl Climb {
    fn rate(self) -> f64 {
        self.to + (self.to - self.from) * (self.seconds / self.takes - 1.0).powi(3)
    }
}

/// What was sent while there was no limit.
#[derive(Clone, Debug, Default)]
struct Sent {
    since: f64,
    count: f64,
    /// The rate of the window before.
    before: f64,
}

impl Sent {
    const WINDOW: f64 = 0.25;
    /// What is sent at once may be a matter of chance.
    const AT_ONCE: f64 = 0.02;

    fn count(&mut self, now: f64) {
        let seconds = now - self.since;
        if seconds > Self::WINDOW {
            let idle = seconds > 2.0 * Self::WINDOW;
            *self = Self { since: now, count: 0.0, before: if idle { 0.0 } else { self.count / seconds } };
        }
        self.count += 1.0;
    }

    fn rate(&self, now: f64) -> f64 {
        (self.count / (now - self.since).max(Self::AT_ONCE)).max(self.before)
    }
}
