//! The request quota of an account and Region: token buckets, as the service publishes their rates.
//!
//! All operations together have one bucket, CreateComponentVersion has another one besides. How large a burst may be is
//! not published; here it is what a second brings.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::arn::Names;
use super::error::{Result, ServiceError};
use crate::client::purse::published_quota;

/// The buckets of one account and Region.
#[derive(Debug)]
pub struct Quota(Mutex<Buckets>);

#[derive(Debug)]
struct Buckets {
    all: Bucket,
    create_component: Bucket,
}

#[derive(Debug)]
struct Bucket {
    /// Tokens a second, and the most that there are at once.
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Quota {
    /// The published quota of the Region.
    pub fn of(names: &Names, now: Instant) -> Self {
        let all = published_quota(&names.region);
        Self(Mutex::new(Buckets { all: Bucket::new(all, now), create_component: Bucket::new(1.0, now) }))
    }

    /// Takes what a call of `operation` costs, or refuses it and takes nothing. Other services have rates of their own.
    pub fn admit(&self, service: &str, operation: &str, now: Instant) -> Result<()> {
        if service != "greengrass" {
            return Ok(());
        }
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Buckets { all, create_component } = &mut *buckets;
        let mut asked = vec![all];
        if operation == "CreateComponentVersion" {
            asked.push(create_component);
        }
        if !asked.iter_mut().all(|bucket| bucket.has_one(now)) {
            return Err(ServiceError::throttled());
        }
        for bucket in asked {
            bucket.tokens -= 1.0;
        }
        Ok(())
    }
}

impl Bucket {
    fn new(rate: f64, now: Instant) -> Self {
        Self { rate, tokens: rate, filled: now }
    }

    fn has_one(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * self.rate).min(self.rate);
        self.filled = now;
        self.tokens >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many of `calls` calls of `operation` at `now` are admitted.
    fn admitted(quota: &Quota, operation: &str, calls: usize, now: Instant) -> usize {
        (0..calls).filter(|_| quota.admit("greengrass", operation, now).is_ok()).count()
    }

    #[test]
    fn all_operations_share_one_bucket() {
        let begun = Instant::now();
        let quota = Quota::of(&Names::new("eu-west-1", "123456789012"), begun);
        assert_eq!(admitted(&quota, "GetCoreDevice", 20, begun), 20);
        assert_eq!(admitted(&quota, "ListCoreDevices", 20, begun), 10);
        assert_eq!(admitted(&quota, "GetCoreDevice", 20, begun + Duration::from_millis(501)), 15);
        assert_eq!(admitted(&quota, "GetCoreDevice", 100, begun + Duration::from_mins(1)), 30);
    }

    #[test]
    fn components_have_one_more_and_a_refusal_costs_nothing() {
        let begun = Instant::now();
        let quota = Quota::of(&Names::new("eu-west-1", "123456789012"), begun);
        assert_eq!(admitted(&quota, "CreateComponentVersion", 5, begun), 1);
        assert_eq!(admitted(&quota, "GetCoreDevice", 40, begun), 29);
        assert_eq!(admitted(&quota, "CreateComponentVersion", 5, begun + Duration::from_secs(1)), 1);
    }

    #[test]
    fn some_regions_have_less() {
        let begun = Instant::now();
        for (region, rate) in [("cn-north-1", 10), ("us-gov-west-1", 10), ("us-gov-east-1", 10), ("ap-south-1", 30)] {
            let quota = Quota::of(&Names::new(region, "123456789012"), begun);
            assert_eq!(admitted(&quota, "GetCoreDevice", 100, begun), rate, "{region}");
        }
    }
}
