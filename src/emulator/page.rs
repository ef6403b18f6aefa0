//! Pages: `maxResults`, and tokens that mean something to us only.
//!
//! A token holds the key of the last row given, so rows that come or go between two pages neither repeat nor lose
//! others. It is bound to the operation and its filters by a digest: with any other request it is invalid.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rusqlite::types::Value as Sql;
use rusqlite::{Params, params_from_iter};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use crate::model::Operation;

const DEFAULT_SIZE: usize = 50;
const DIGEST_LENGTH: usize = 12;

/// One page that is asked for.
#[derive(Debug)]
pub struct Page {
    pub size: usize,
    /// The key of the last row of the page before.
    pub after: Option<String>,
    filters: String,
    result_key: String,
}

impl Page {
    /// The page that `input` asks `operation` for.
    pub fn read(operation: &Operation, input: &Input) -> Result<Self> {
        let paginator = operation.paginator.as_ref().ok_or_else(|| ServiceError::internal("an operation without pages"))?;
        let filters = format!("{} {}", operation.name, input.fingerprint(&[&paginator.limit_key, &paginator.input_token]));
        let size = input.get(&paginator.limit_key).and_then(Value::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(DEFAULT_SIZE);
        let after = input.text(&paginator.input_token).map(|token| open(&filters, token)).transpose()?;
        Ok(Self { size, after, filters, result_key: (*paginator.result_key).into() })
    }

    /// How many rows to look for: one more than the page holds tells whether there is a next one.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size + 1).unwrap_or(i64::MAX)
    }

    /// The key of the last row, where keys are numbers.
    pub fn after_number(&self) -> Result<Option<i64>> {
        self.after.as_deref().map(|key| key.parse().map_err(|_| invalid())).transpose()
    }

    /// The answer that holds `rows`, which come with their keys, in order, and at most [`limit`](Self::limit).
    pub fn answer(&self, mut rows: Vec<(String, Value)>) -> Value {
        let next = (rows.len() > self.size).then(|| {
            rows.truncate(self.size);
            rows.last().map(|(key, _)| seal(&self.filters, key))
        });
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Map::from_iter([(self.result_key.clone(), Value::Array(rows)), ("nextToken".into(), next.flatten().into())]).into()
    }
}

/// The conditions of a list query that its caller gave. One that is left out is no part of the query, so that SQLite
/// finds the index that fits the others.
#[derive(Debug, Default)]
pub struct Filters {
    conditions: String,
    values: Vec<Sql>,
}

impl Filters {
    /// `condition` has one `?`, which is for `value`.
    pub fn add(&mut self, condition: &str, value: &str) {
        self.conditions.push_str(condition);
        self.conditions.push_str(" AND ");
        self.values.push(Sql::Text(value.into()));
    }

    pub fn add_given(&mut self, condition: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(condition, value);
        }
    }

    /// The values of a query whose last two are the key to go on from and the limit.
    pub fn with(self, after: impl Into<Sql>, limit: i64) -> impl Params {
        params_from_iter(self.values.into_iter().chain([after.into(), limit.into()]))
    }
}

impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.conditions)
    }
}

fn digest(filters: &str, key: &str) -> [u8; DIGEST_LENGTH] {
    let whole = Sha256::new().chain_update(filters).chain_update([0]).chain_update(key).finalize();
    std::array::from_fn(|at| whole[at])
}

fn seal(filters: &str, key: &str) -> String {
    BASE64.encode([&digest(filters, key), key.as_bytes()].concat())
}

fn open(filters: &str, token: &str) -> Result<String> {
    let bytes = BASE64.decode(token).map_err(|_| invalid())?;
    let (seal, key) = bytes.split_at_checked(DIGEST_LENGTH).ok_or_else(invalid)?;
    let key = std::str::from_utf8(key).map_err(|_| invalid())?;
    if seal == digest(filters, key) { Ok(key.into()) } else { Err(invalid()) }
}

fn invalid() -> ServiceError {
    ServiceError::validation(Reason::Other, "Invalid nextToken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_for_its_own_request_only() {
        let token = seal("ListComponents []", "a");
        assert_eq!(open("ListComponents []", &token), Ok("a".into()));
        assert!(open("ListComponents [scope]", &token).is_err());
        for wrong in ["", "a", "not-a-token", &token[1..], &format!("{token}A")] {
            assert!(open("ListComponents []", wrong).is_err(), "{wrong}");
        }
    }
}
