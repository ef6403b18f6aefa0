//! The budget's arithmetic, by itself and against a simulated service that keeps a token bucket. No clock runs here.

#![allow(clippy::unwrap_used, reason = "a test may stop")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

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
        assert!((seconds * rate - 5_000.0).abs() < 1e-3, "{rate}: {seconds}");
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
    let now = take(&mut budget, 400, 1.0);
    assert!((97.0..100.0).contains(&budget.rate().unwrap()), "{now}: {budget:?}");
    take(&mut budget, 500, now);
    assert_eq!(budget.rate(), Some(100.0));
}

#[test]
fn a_line_profits_from_the_climb() {
    let mut budget = Budget::new(None, 0.0);
    for number in 0..600 {
        let now = f64::from(number) / 10.0;
        (0..20).for_each(|_| budget.passed(now));
        budget.throttled(now, None, now + 0.05);
    }
    assert_eq!(budget.rate(), Some(0.5));
    // at the least rate the last of them would go after two minutes
    let mut line: Vec<_> = (0..64).map(|_| budget.line_up(60.0)).collect();
    let mut now = 60.0;
    while !line.is_empty() {
        line.retain_mut(|turn| budget.go(turn, now).is_err());
        now += 0.5;
    }
    assert!(now < 120.0, "{now}");
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

/// How a run ended: what passed over what the service allowed in that time, requests beyond one a call, calls that were
/// throttled in all their attempts.
#[derive(Clone, Copy, Debug)]
struct Run {
    reached: f64,
    extra: f64,
    lost: u32,
}

/// At least 0 and less than 1, the same in every run.
struct Chance(u64);

impl Chance {
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// `workers` make `calls` calls of up to three attempts. A throttled one waits a second or its backoff; if its throttling was
/// no news, it goes back into the line, and the attempt does not count.
fn run(budget: &mut Budget, mut service: Service, workers: usize, latency: f64, calls: u32, seed: u64) -> Run {
    /// What a worker does next.
    #[derive(Clone, Copy)]
    enum Step {
        LineUp,
        Go(Turn),
        Arrive(f64),
        End(f64, bool),
    }
    const ATTEMPTS: u32 = 3;
    let nanos = |time: f64| Reverse((time * 1e9) as u64);
    let mut chance = Chance(seed);
    let (mut queue, mut steps, mut attempts) = (BinaryHeap::new(), vec![Step::LineUp; workers], vec![1_u32; workers]);
    queue.extend((0..workers).map(|worker| (nanos(0.0), Reverse(worker))));
    let (mut begun, mut ended, mut requests, mut lost, mut now) = (workers as u32, 0, 0, 0, 0.0);
    let (rate, depth) = (service.rate, service.depth);
    while ended < calls {
        let (Reverse(time), Reverse(worker)) = queue.pop().unwrap();
        now = time as f64 / 1e9;
        let mut way = || latency * (0.3 + 0.4 * chance.draw());
        let next = match &mut steps[worker] {
            Step::LineUp => {
                steps[worker] = Step::Go(budget.line_up(now));
                now
            }
            Step::Go(turn) => {
                if let Err(seconds) = budget.go(turn, now) {
                    now + seconds + 1e-6
                } else {
                    requests += 1;
                    steps[worker] = Step::Arrive(now);
                    now + way()
                }
            }
            Step::Arrive(sent_at) => {
                steps[worker] = Step::End(*sent_at, service.passes(now));
                now + way()
            }
            Step::End(sent_at, passed) => {
                if *passed {
                    budget.passed(*sent_at);
                } else if !budget.throttled(*sent_at, Some(1.0), now) {
                    steps[worker] = Step::LineUp;
                    queue.push((nanos(now), Reverse(worker)));
                    continue;
                }
                if !*passed && attempts[worker] < ATTEMPTS {
                    attempts[worker] += 1;
                } else {
                    ended += 1;
                    lost += u32::from(!*passed);
                    attempts[worker] = 1;
                    if begun == calls {
                        continue;
                    }
                    begun += 1;
                }
                steps[worker] = Step::LineUp;
                if attempts[worker] == 1 { now } else { now + f64::max(1.0, f64::from(attempts[worker] - 1) * chance.draw()) }
            }
        };
        queue.push((nanos(next), Reverse(worker)));
    }
    let passed = f64::from(calls - lost);
    Run { reached: passed / (depth + rate * now), extra: f64::from(requests - calls) / f64::from(calls), lost }
}

/// Over a few runs.
fn least_reached_most_extra_and_lost(told: Option<f64>, rate: f64, depth: f64, latency: f64) -> (f64, f64, u32) {
    let runs = (0..5).map(|seed| {
        let service = Service { rate, depth, tokens: depth, at: 0.0 };
        run(&mut Budget::new(told, 0.0), service, 64, latency, (rate * 10.0) as u32, seed)
    });
    runs.fold((f64::INFINITY, 0.0, 0), |(reached, extra, lost), run| {
        (reached.min(run.reached), extra.max(run.extra), lost + run.lost)
    })
}

#[test]
fn the_rate_of_a_service_is_found_and_kept() {
    for depth in [10.0, 50.0, 500.0] {
        for latency in [0.0002, 0.002, 0.02] {
            let (reached, extra, lost) = least_reached_most_extra_and_lost(None, 500.0, depth, latency);
            assert!(reached > 0.85 && extra < 0.05 && lost == 0, "{reached} {extra} {lost}");
        }
    }
}

#[test]
fn a_told_rate_of_which_others_use_a_part_is_followed_down() {
    for (told, rate) in [(24.0, 15.0), (500.0, 300.0)] {
        for latency in [0.002, 0.02, 0.1] {
            let (reached, extra, lost) = least_reached_most_extra_and_lost(Some(told), rate, rate, latency);
            assert!(reached > 0.85 && extra < 0.1 && lost == 0, "{told} {latency}: {reached} {extra} {lost}");
        }
    }
}

#[test]
fn a_told_rate_that_is_the_services_meets_no_throttling() {
    for latency in [0.0002, 0.002, 0.02, 0.1] {
        let (reached, extra, lost) = least_reached_most_extra_and_lost(Some(500.0), 500.0, 60.0, latency);
        assert!(reached > 0.97 && extra <= 0.0 && lost == 0, "{latency}: {reached} {extra} {lost}");
    }
}
