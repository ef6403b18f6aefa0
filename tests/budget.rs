//! The budget's arithmetic, by itself and against a simulated service that keeps a token bucket. No clock runs here.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fleetgrass::client::budget::{Budget, Turn};

/// Takes `count` turns, one after another, and gives the time of the last.
fn take(budget: &mut Budget, count: usize, mut now: f64) -> f64 {
    for _ in 0..count {
        let mut turn = budget.line_up(now);
        while let Err(seconds) = budget.go(&mut turn, now) {
            assert!(seconds > 0.0);
            now += seconds;
        }
    }
    now
}

#[test]
fn the_told_rate_is_kept_to() {
    for rate in [0.5, 10.0, 24.0, 500.0] {
        let mut budget = Budget::new(Some(rate), 0.0);
        let seconds = take(&mut budget, 5_001, 0.0);
        assert!((5_000.0 / rate - 1.0..=5_000.0 / rate).contains(&seconds), "{rate}: {seconds}");
    }
}

#[test]
fn there_is_no_limit_until_a_throttling() {
    let mut budget = Budget::new(None, 0.0);
    assert!(take(&mut budget, 10_000, 0.0) <= 0.0);
    assert_eq!(budget.rate(), None);
    budget.throttled(0.0, None, 1.0);
    assert_eq!(budget.rate(), Some(10_000.0 / 8.0));
    assert!(take(&mut budget, 1, 1.0) > 1.0);
}

#[test]
fn requests_on_their_way_cut_once_and_the_rate_climbs_back() {
    let mut budget = Budget::new(Some(100.0), 0.0);
    (0..50).for_each(|_| budget.passed(0.5));
    for _ in 0..64 {
        budget.throttled(0.5, None, 1.0);
    }
    assert_eq!(budget.rate(), Some(90.0));
    let now = take(&mut budget, 150, 1.0);
    assert!((98.0..100.0).contains(&budget.rate().unwrap()), "{now}: {budget:?}");
    take(&mut budget, 100, now);
    assert_eq!(budget.rate(), Some(100.0));
}

#[test]
fn a_rate_that_nobody_waits_for_does_not_climb() {
    let mut budget = Budget::new(Some(100.0), 0.0);
    budget.throttled(0.0, None, 1.0);
    assert_eq!(budget.rate(), Some(50.0));
    budget.debit(1_000.0);
    assert!(budget.rate().unwrap() < 60.0);
}

#[test]
fn retry_after_is_a_pause_for_all_but_its_last_second() {
    let mut budget = Budget::new(Some(100.0), 0.0);
    budget.throttled(0.0, Some(1.0), 1.0);
    assert!(take(&mut budget, 1, 1.0) < 1.1);
    budget.throttled(0.0, Some(4.0), 2.0);
    assert!((5.0..5.1).contains(&take(&mut budget, 1, 2.0)));
}

#[test]
fn a_throttling_holds_those_who_were_in_the_line() {
    let mut budget = Budget::new(Some(100.0), 0.0);
    take(&mut budget, 10, 0.0);
    let mut turns: Vec<Turn> = (0..10).map(|_| budget.line_up(0.0)).collect();
    budget.throttled(0.0, Some(3.0), 0.0);
    for turn in &mut turns {
        assert!(budget.go(turn, 1.0).unwrap_err() >= 1.0);
    }
    let mut last = 2.0;
    for turn in &mut turns {
        last += budget.go(turn, last).err().unwrap_or(0.0);
        assert_eq!(budget.go(turn, last + 1e-9), Ok(()));
    }
    assert!((2.1..2.3).contains(&last), "{last}");
}

#[test]
fn who_does_not_wait_makes_the_others_wait_but_not_for_ever() {
    let mut budget = Budget::new(Some(10.0), 0.0);
    budget.debit(0.0);
    assert!((take(&mut budget.clone(), 1, 0.0) - 0.1).abs() < 1e-9);
    (0..1_000).for_each(|_| budget.debit(0.0));
    assert!((take(&mut budget, 1, 0.0) - 1.1).abs() < 1e-9);
}

#[test]
fn who_leaves_the_line_gives_its_place_back() {
    let mut budget = Budget::new(Some(10.0), 0.0);
    for _ in 0..1_000 {
        let turn = budget.line_up(0.0);
        budget.leave(turn);
    }
    assert!(take(&mut budget, 2, 0.0) <= 0.1 + 1e-9);
}

#[test]
fn what_is_told_later_counts() {
    let mut budget = Budget::new(None, 0.0);
    budget.tell(10.0, 0.0);
    let mut turn = budget.line_up(0.0);
    let _ = budget.line_up(0.0);
    budget.tell(1_000.0, 0.0);
    assert!(budget.go(&mut turn, 0.01).is_ok());
    assert_eq!(budget.rate(), Some(1_000.0));
}

/// A service that lets `rate` requests a second pass, and as many at once as `depth` says.
struct Service {
    rate: f64,
    depth: f64,
    tokens: f64,
    at: f64,
}

impl Service {
    fn passes(&mut self, now: f64) -> bool {
        self.tokens = (self.tokens + (now - self.at) * self.rate).min(self.depth);
        self.at = now;
        let passes = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(passes));
        passes
    }
}

/// How a run ended: calls by the second over what the service allowed in that time, and requests beyond one a call.
#[derive(Debug)]
struct Run {
    reached: f64,
    extra: f64,
    most_attempts: u32,
}

/// `workers` make `calls` calls, each until it passes; a throttled one lines up again, at once the first time, then after
/// a second.
fn run(budget: &mut Budget, mut service: Service, workers: usize, latency: f64, calls: u32) -> Run {
    /// What a worker does next.
    #[derive(Clone, Copy)]
    enum Step {
        LineUp,
        Go(Turn),
        Arrive(f64),
        End(f64, bool),
    }
    let nanos = |time: f64| Reverse((time * 1e9) as u64);
    let (mut workers_at, mut steps, mut attempts) = (BinaryHeap::new(), Vec::new(), vec![1_u32; workers]);
    for worker in 0..workers {
        steps.push(Step::Go(budget.line_up(0.0)));
        workers_at.push((nanos(0.0), Reverse(worker)));
    }
    let (mut begun, mut done, mut requests, mut now, mut most_attempts) = (workers as u32, 0, 0, 0.0, 1);
    let (rate, depth) = (service.rate, service.depth);
    while done < calls {
        let (Reverse(time), Reverse(worker)) = workers_at.pop().unwrap();
        now = time as f64 / 1e9;
        let next = match &mut steps[worker] {
            Step::LineUp => {
                steps[worker] = Step::Go(budget.line_up(now));
                now
            }
            Step::Go(turn) => match budget.go(turn, now) {
                Err(seconds) => now + seconds + 1e-6,
                Ok(()) => {
                    requests += 1;
                    steps[worker] = Step::Arrive(now);
                    now + latency / 2.0
                }
            },
            Step::Arrive(sent_at) => {
                steps[worker] = Step::End(*sent_at, service.passes(now));
                now + latency / 2.0
            }
            Step::End(sent_at, passed) => {
                if *passed {
                    budget.passed(*sent_at);
                    done += 1;
                    attempts[worker] = 0;
                    if begun >= calls {
                        continue;
                    }
                    begun += 1;
                } else {
                    budget.throttled(*sent_at, Some(1.0), now);
                }
                attempts[worker] += 1;
                most_attempts = most_attempts.max(attempts[worker]);
                steps[worker] = Step::LineUp;
                if attempts[worker] > 2 { now + 1.0 } else { now }
            }
        };
        workers_at.push((nanos(next), Reverse(worker)));
    }
    let allowed = depth + rate * now;
    Run { reached: f64::from(calls) / allowed, extra: f64::from(requests - calls) / f64::from(calls), most_attempts }
}

#[test]
fn the_rate_of_a_service_is_found_and_kept() {
    for rate in [30.0, 100.0, 500.0, 2_000.0] {
        for depth in [0.02, 0.1, 1.0] {
            for latency in [0.0002, 0.002, 0.02, 0.1] {
                let depth = f64::max(1.0, depth * rate);
                let service = || Service { rate, depth, tokens: depth, at: 0.0 };
                let calls = (rate * 10.0) as u32;
                let found = run(&mut Budget::new(None, 0.0), service(), 64, latency, calls);
                println!("{rate:6} {depth:6} {latency:6} {found:?}");
            }
        }
    }
}
