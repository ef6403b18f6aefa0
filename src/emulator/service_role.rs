//! The IAM role that Greengrass uses for the account: one, or none. Heritage of V1, with its times in text.

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::error::{Result, ServiceError};
use super::input::Input;
use super::store::{Millis, State};
use crate::model::Operation;
use crate::protocol::timestamp;

pub fn associate(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("roleArn")?;
    if !is_role(arn) {
        let message = format!("Value '{arn}' at 'roleArn' is not the ARN of an IAM role");
        return Err(ServiceError::member("roleArn", message, "Must be the ARN of an IAM role"));
    }
    state
        .db
        .prepare_cached("INSERT OR REPLACE INTO service_role (one, arn, associated) VALUES (TRUE, ?1, ?2)")?
        .execute((arn, state.now))?;
    Ok(json!({ "associatedAt": text(state.now) }))
}

/// `arn:<partition>:iam::<account>:role/<path and name>`.
fn is_role(arn: &str) -> bool {
    let mut fields = arn.splitn(6, ':');
    let mut field = || fields.next().unwrap_or_default();
    let (arn, _, service, region, account, resource) = (field(), field(), field(), field(), field(), field());
    let name = resource.strip_prefix("role/").unwrap_or_default();
    (arn, service, region) == ("arn", "iam", "") && account.parse::<u64>().is_ok() && !name.is_empty()
}

pub fn get(state: &State, _: &Operation, _: &Input) -> Result<Value> {
    let role: Option<(String, Millis)> = state
        .db
        .prepare_cached("SELECT arn, associated FROM service_role")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (arn, associated) =
        role.ok_or_else(|| ServiceError::untyped(404, "You need to attach a service role to this account."))?;
    Ok(json!({ "roleArn": arn, "associatedAt": text(associated) }))
}

pub fn disassociate(state: &State, _: &Operation, _: &Input) -> Result<Value> {
    state.db.prepare_cached("DELETE FROM service_role")?.execute([])?;
    Ok(json!({ "disassociatedAt": text(state.now) }))
}

fn text(time: Millis) -> String {
    timestamp::civil(time.div_euclid(1000)).extended()
}
