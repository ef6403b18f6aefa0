//! Rollouts: how fast the job of a group's deployment reaches devices, and when it is given up.
//!
//! A deployment without rates reaches all its devices at once, as do devices that join later. With rates it goes out in
//! waves, one a minute: a wave has as many devices as the rate of its minute, by their names. Whether too many have failed
//! is asked whenever devices have ended.

use std::collections::HashMap;

use serde_json::Value;

use super::agenda::{self, Event};
use super::deployments::{self, Deployment};
use super::error::Result;
use super::store::{Millis, State};
use super::{devices, jobs};

const MINUTE: Millis = 60 * 1000;

/// The most that a job reaches in a minute.
const RATE_LIMIT: f64 = 1000.0;

/// How long a deployment may be in progress on a device.
pub fn timeout(deployment: &Deployment) -> Option<Millis> {
    let minutes = job(deployment)["timeoutConfig"]["inProgressTimeoutInMinutes"].as_i64()?;
    Some(minutes.saturating_mul(MINUTE))
}

/// Whether it goes out in waves.
pub fn has_rate(deployment: &Deployment) -> bool {
    let config = &job(deployment)["jobExecutionsRolloutConfig"];
    !config["maximumPerMinute"].is_null() || !config["exponentialRate"].is_null()
}

/// Makes sure of a wave for devices that wait. One too many reaches none.
pub fn go_on(state: &State, deployment: &Deployment) -> Result<()> {
    let delay = next_wave(state, deployment)? - state.now;
    agenda::schedule(state, delay.max(0), &Event::Wave(deployment.seq))?;
    Ok(())
}

/// Lets the next devices have the deployment, as many as its rate allows.
pub fn wave(state: &State, deployment: i64) -> Result<()> {
    let deployment = deployments::by_number(state, deployment)?;
    if deployment.status != "ACTIVE" || state.now < next_wave(state, &deployment)? {
        return Ok(());
    }
    let size = rate(job(&deployment), &Counts::of(state, &deployment)?);
    let mut things = devices::waiting(state, &deployment, size + 1)?;
    let is_last = things.len() <= size;
    things.truncate(size);
    if things.is_empty() {
        return Ok(());
    }
    devices::notify(state, &deployment, &things)?;
    let next = state.now + MINUTE;
    state.db.prepare_cached("UPDATE deployment SET next_wave = ?2 WHERE seq = ?1")?.execute((deployment.seq, next))?;
    if is_last { Ok(()) } else { go_on(state, &deployment) }
}

/// Gives the deployment up where more devices failed than its abort criteria allow.
pub fn judge(state: &State, deployment: &Deployment) -> Result<()> {
    let criteria = job(deployment)["abortConfig"]["criteriaList"].as_array().map(Vec::as_slice).unwrap_or_default();
    if criteria.is_empty() || deployment.status != "ACTIVE" {
        return Ok(());
    }
    let counts = Counts::of(state, deployment)?;
    if criteria.iter().any(|criterion| counts.meet(criterion)) {
        deployments::set_status(state, deployment.seq, "FAILED")?;
        devices::withdraw(state, deployment.seq)?;
    }
    Ok(())
}

/// Its `iotJobConfiguration`.
fn job(deployment: &Deployment) -> &Value {
    deployment.document.get("iotJobConfiguration").unwrap_or(&Value::Null)
}

fn next_wave(state: &State, deployment: &Deployment) -> Result<Millis> {
    let mut query = state.db.prepare_cached("SELECT next_wave FROM deployment WHERE seq = ?1")?;
    Ok(query.query_row([deployment.seq], |row| row.get(0))?)
}

/// How many devices the next minute has. It has been multiplied as often as the criterion of its increase was met.
fn rate(job: &Value, counts: &Counts) -> usize {
    let config = &job["jobExecutionsRolloutConfig"];
    let most = config["maximumPerMinute"].as_f64().unwrap_or(RATE_LIMIT);
    let exponential = &config["exponentialRate"];
    let rate = exponential["baseRatePerMinute"].as_f64().map_or(most, |base| {
        let criteria = &exponential["rateIncreaseCriteria"];
        let times = |count: u32, criterion: &str| {
            let every = criteria[criterion].as_u64().and_then(|every| u32::try_from(every).ok());
            every.and_then(|every| count.checked_div(every)).unwrap_or(0)
        };
        let met = times(counts.all(), "numberOfNotifiedThings") + times(counts.with(&["SUCCEEDED"]), "numberOfSucceededThings");
        base * exponential["incrementFactor"].as_f64().unwrap_or(1.0).powf(f64::from(met))
    });
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 1000
    {
        rate.min(most).clamp(1.0, RATE_LIMIT) as usize
    }
}

/// How many devices are in which state with a deployment.
struct Counts(HashMap<String, u32>);

impl Counts {
    fn of(state: &State, deployment: &Deployment) -> Result<Self> {
        Ok(Self(jobs::counts(state, deployment)?))
    }

    fn all(&self) -> u32 {
        self.0.values().sum()
    }

    fn with(&self, statuses: &[&str]) -> u32 {
        statuses.iter().filter_map(|&status| self.0.get(status)).sum()
    }

    fn meet(&self, criterion: &Value) -> bool {
        let failed = match criterion["failureType"].as_str() {
            Some("ALL") | None => self.with(&FAILED),
            Some(failure) => self.with(&[failure]),
        };
        let executed = self.with(&FAILED) + self.with(&["SUCCEEDED"]);
        let least = criterion["minNumberOfExecutedThings"].as_u64().unwrap_or(1);
        let threshold = criterion["thresholdPercentage"].as_f64().unwrap_or(100.0);
        failed > 0 && u64::from(executed) >= least && f64::from(failed) * 100.0 >= threshold * f64::from(executed)
    }
}

const FAILED: [&str; 3] = ["FAILED", "REJECTED", "TIMED_OUT"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counts(counts: &[(&str, u32)]) -> Counts {
        Counts(counts.iter().map(|&(status, count)| (status.into(), count)).collect())
    }

    fn rated(config: &Value, counts: &Counts) -> usize {
        rate(&json!({ "jobExecutionsRolloutConfig": config }), counts)
    }

    #[test]
    fn a_rate_grows_with_what_it_has_reached_up_to_its_maximum() {
        let config = |criterion: &str| {
            let increase = json!({ criterion: 10 });
            json!({"exponentialRate": {"baseRatePerMinute": 5, "incrementFactor": 1.5, "rateIncreaseCriteria": increase},
                   "maximumPerMinute": 11})
        };
        let notified = |count| rated(&config("numberOfNotifiedThings"), &counts(&[("QUEUED", count)]));
        assert_eq!([0, 9, 10, 20, 30, 4_000_000].map(notified), [5, 5, 7, 11, 11, 11]);
        let some = counts(&[("QUEUED", 50), ("SUCCEEDED", 10)]);
        assert_eq!(rated(&config("numberOfSucceededThings"), &some), 7);
        assert_eq!(rated(&json!({ "maximumPerMinute": 3 }), &some), 3);
    }

    #[test]
    fn a_criterion_needs_enough_devices_and_enough_failures() {
        let criterion = |failure: &str| json!({"failureType": failure, "action": "CANCEL", "thresholdPercentage": 12.5, "minNumberOfExecutedThings": 8});
        let some = counts(&[("FAILED", 1), ("SUCCEEDED", 7), ("IN_PROGRESS", 90)]);
        assert!(some.meet(&criterion("FAILED")) && some.meet(&criterion("ALL")));
        assert!(!some.meet(&criterion("TIMED_OUT")));
        assert!(!counts(&[("FAILED", 7)]).meet(&criterion("ALL")), "too few");
        assert!(!counts(&[("FAILED", 1), ("SUCCEEDED", 8)]).meet(&criterion("ALL")), "too few of them");
    }
}
