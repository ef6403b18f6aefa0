//! Pages: `maxResults`, and tokens that mean something to us only.
//!
//! A token holds the key of the last row given, so rows that come or go between two pages neither repeat nor lose
//! others. It is bound to the operation and its filters by a digest: with any other request it is invalid.
//!
//! Real pages may be short, even empty, while there is a next one. A [`Cut`] makes such pages on request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rusqlite::types::Value as Sql;
use rusqlite::{Params, params_from_iter};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::routes::Handler;
use super::store::State;
use crate::model::Operation;

const DEFAULT_SIZE: usize = 50;
const DIGEST_LENGTH: usize = 12;

/// One page that is asked for.
#[derive(Debug)]
pub struct Page {
    pub size: usize,
    /// The key of the last row of the page before.
    pub after: Option<String>,
    /// Whether the page before was cut empty, and this one begins where that one did.
    again: bool,
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
        let token = input.text(&paginator.input_token).map(|token| open(&filters, token)).transpose()?;
        let (again, after) = token.map_or((false, None), |(again, key)| (again, (!key.is_empty()).then_some(key)));
        Ok(Self { size, after, again, filters, result_key: (*paginator.result_key).into() })
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
            rows.last().map(|(key, _)| seal(&self.filters, false, key))
        });
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        Map::from_iter([(self.result_key.clone(), Value::Array(rows)), ("nextToken".into(), next.flatten().into())]).into()
    }
}

/// How a page holds less than was asked for. What one page leaves out the next one has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// Fewer rows than asked for: this share of them, and one at least.
    Short(f64),
    /// No rows. Never twice at one place, so that a client that goes on arrives.
    Empty,
}

impl Cut {
    /// Answers as `handler` does, with a page that is cut.
    pub fn apply(self, state: &State, operation: &Operation, input: &Input, handler: Handler) -> Result<Value> {
        let page = Page::read(operation, input)?;
        let Some(paginator) = &operation.paginator else { return handler(state, operation, input) };
        match self {
            Self::Short(share) => {
                #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let size = ((page.size as f64 * share) as usize).max(1);
                handler(state, operation, &input.with(&paginator.limit_key, size.into()))
            }
            Self::Empty if page.again => handler(state, operation, input),
            Self::Empty => {
                // what is refused is refused
                let mut answer = handler(state, operation, input)?;
                answer[&page.result_key] = Value::Array(Vec::new());
                answer[&*paginator.output_token] = seal(&page.filters, true, page.after.as_deref().unwrap_or_default()).into();
                Ok(answer)
            }
        }
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

fn digest(filters: &str, place: &[u8]) -> [u8; DIGEST_LENGTH] {
    let whole = Sha256::new().chain_update(filters).chain_update([0]).chain_update(place).finalize();
    std::array::from_fn(|at| whole[at])
}

/// The token of a page that begins after `key`, `again` where the one before did so too.
fn seal(filters: &str, again: bool, key: &str) -> String {
    let place = [&[u8::from(again)], key.as_bytes()].concat();
    BASE64.encode([&digest(filters, &place)[..], &place].concat())
}

fn open(filters: &str, token: &str) -> Result<(bool, String)> {
    let bytes = BASE64.decode(token).map_err(|_| invalid())?;
    let (seal, place) = bytes.split_at_checked(DIGEST_LENGTH).ok_or_else(invalid)?;
    let (again, key) = place.split_first().filter(|_| seal == digest(filters, place)).ok_or_else(invalid)?;
    Ok((*again == 1, std::str::from_utf8(key).map_err(|_| invalid())?.into()))
}

fn invalid() -> ServiceError {
    ServiceError::validation(Reason::Other, "Invalid nextToken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_for_its_own_request_only() {
        let token = seal("ListComponents []", true, "a");
        assert_eq!(open("ListComponents []", &token), Ok((true, "a".into())));
        assert!(open("ListComponents [scope]", &token).is_err());
        for wrong in ["", "a", "not-a-token", &token[1..], &format!("{token}A")] {
            assert!(open("ListComponents []", wrong).is_err(), "{wrong}");
        }
    }
}
