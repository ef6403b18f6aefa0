//! Client tokens: the same request again gets the same answer again, and does nothing. While the first one goes on,
//! which takes time only where a fault says so, the second one is refused.
//!
//! Which operations take a token, and in which member, is the model's to say.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::OptionalExtension;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::{Result, ServiceError};
use super::input::Input;
use super::routes::Handler;
use super::store::{Millis, State};
use crate::model::{Model, Operation};

/// The calls with a token that are going on.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashSet<Call>>);

/// An operation, and the token of a call.
type Call = (&'static str, String);

/// Ends a call when it is dropped.
pub struct Ends<'r> {
    running: &'r Running,
    call: Call,
}

impl Running {
    /// Begins a call, which ends with what comes back, if it has a token.
    pub fn begin(&self, model: &'static Model, operation: &'static Operation, input: &Input) -> Result<Option<Ends<'_>>> {
        let Some((_, token)) = token(model, operation, input) else { return Ok(None) };
        let call = (&*operation.name, token.to_owned());
        if self.lock().insert(call.clone()) {
            Ok(Some(Ends { running: self, call }))
        } else {
            Err(ServiceError::already_in_progress())
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.running.lock().remove(&self.call);
    }
}

/// How long an answer is kept: eight hours.
const KEPT: Millis = 8 * 60 * 60 * 1000;

/// Runs `handler`, unless the token of `input` has had its answer. Refusals are not kept.
pub fn once(
    state: &State,
    model: &'static Model,
    operation: &'static Operation,
    input: &Input,
    handler: Handler,
) -> Result<Value> {
    let Some((member, token)) = token(model, operation, input) else {
        return handler(state, operation, input);
    };
    let request = Sha256::digest(input.fingerprint(&[member])).to_vec();
    state.db.prepare_cached("DELETE FROM reply WHERE created <= ?1")?.execute([state.now - KEPT])?;
    let known: Option<(Vec<u8>, String)> = state
        .db
        .prepare_cached("SELECT request, answer FROM reply WHERE operation = ?1 AND token = ?2")?
        .query_row((&*operation.name, token), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((first, answer)) = known {
        return if first == request { Ok(serde_json::from_str(&answer)?) } else { Err(reused(operation, token)) };
    }
    let answer = handler(state, operation, input)?;
    state
        .db
        .prepare_cached("INSERT INTO reply (operation, token, request, answer, created) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((&*operation.name, token, request, answer.to_string(), state.now))?;
    Ok(answer)
}

fn token<'i>(model: &'static Model, operation: &'static Operation, input: &'i Input) -> Option<(&'static str, &'i str)> {
    let structure = model.structure(operation.input?);
    let member = structure.members.iter().find(|member| member.idempotency_token)?;
    Some((&member.name, input.text(&member.name)?))
}

fn reused(operation: &Operation, token: &str) -> ServiceError {
    let message = format!("The client token {token} was used for another request of {}", operation.name);
    let kind = if operation.name.contains("Component") { "component" } else { "deployment" };
    ServiceError::conflict(message, token, kind)
}
