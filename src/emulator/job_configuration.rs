//! What an `iotJobConfiguration` must keep to that the model does not tell.

use serde_json::Value;

use super::error::{Result, ServiceError};

/// The criteria of which a rate grows by one.
const INCREASE: [&str; 2] = ["numberOfNotifiedThings", "numberOfSucceededThings"];

/// Refuses the first member that breaks a rule; null is a configuration that says nothing.
pub fn check(job: &Value) -> Result<()> {
    let member = "timeoutConfig.inProgressTimeoutInMinutes";
    let minutes = &job["timeoutConfig"]["inProgressTimeoutInMinutes"];
    let is_span = |minutes: f64| (1.0..=10080.0).contains(&minutes);
    check_number(member, minutes, "Member must be between 1 and 10080", is_span)?;

    let rate = &job["jobExecutionsRolloutConfig"]["exponentialRate"];
    let criteria = &rate["rateIncreaseCriteria"];
    if criteria.is_object() && INCREASE.iter().all(|criterion| criteria[criterion].is_null()) {
        let constraint = format!("Member must have {}", INCREASE.join(" or "));
        return Err(broken("jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria", criteria, &constraint));
    }
    let member = "jobExecutionsRolloutConfig.exponentialRate.incrementFactor";
    check_number(member, &rate["incrementFactor"], "Member must have at most 1 decimal", |factor| has_decimals(factor, 10.0))?;

    for (at, criterion) in job["abortConfig"]["criteriaList"].as_array().into_iter().flatten().enumerate() {
        let member = format!("abortConfig.criteriaList.{at}.thresholdPercentage");
        let percentage = &criterion["thresholdPercentage"];
        let least = "Member must have value greater than or equal to 0";
        check_number(&member, percentage, least, |percentage| percentage >= 0.0)?;
        check_number(&member, percentage, "Member must have at most 2 decimals", |percentage| has_decimals(percentage, 100.0))?;
    }
    Ok(())
}

/// `value`, where there is one, is as `rule` wants it.
fn check_number(member: &str, value: &Value, constraint: &str, rule: impl Fn(f64) -> bool) -> Result<()> {
    if value.as_f64().is_none_or(rule) { Ok(()) } else { Err(broken(member, value, constraint)) }
}

/// Whether `number` is a multiple of 1 / `parts`, as closely as numbers of its kind are.
#[expect(clippy::float_cmp, reason = "the quotient is the number nearest to the decimals, and so is what was read from them")]
fn has_decimals(number: f64, parts: f64) -> bool {
    (number * parts).round() / parts == number
}

fn broken(member: &str, value: &Value, constraint: &str) -> ServiceError {
    let member = format!("iotJobConfiguration.{member}");
    let message =
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}");
    ServiceError::member(&member, message, constraint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_that_were_written() {
        for hundredths in 0..=10_000 {
            let written = |text: String| text.parse::<f64>().unwrap();
            let (whole, rest) = (hundredths / 100, hundredths % 100);
            assert!(has_decimals(written(format!("{whole}.{rest:02}")), 100.0), "{hundredths}");
            assert!(!has_decimals(written(format!("{whole}.{rest:02}1")), 100.0), "{hundredths}");
            assert_eq!(has_decimals(written(format!("{whole}.{rest:02}")), 10.0), rest % 10 == 0, "{hundredths}");
        }
    }
}
