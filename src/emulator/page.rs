//! Pages: `maxResults`, and tokens that mean something to us only.
//!
//! A token holds the key of the last row given, so rows that come or go between two pages neither repeat nor lose
//! others. It is bound to the operation and its filters by a digest: with any other request it is invalid, and so it is
//! when a day has gone by.
//!
//! Real pages may be short, even empty, while there is a next one. A [`Cut`] makes such pages on request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rusqlite::types::Value as Sql;
use rusqlite::{Params, Rows, params_from_iter};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::routes::Handler;
use super::store::{Millis, State};
use crate::model::Operation;

const DEFAULT_SIZE: usize = 50;
const DIGEST_LENGTH: usize = 12;
/// How long a token is good for: a day.
const KEPT: Millis = 24 * 60 * 60 * 1000;

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
    now: Millis,
}

/// What a token tells.
#[derive(Debug, PartialEq)]
struct Place {
    again: bool,
    made: Millis,
    /// Empty at the beginning.
    key: String,
}

impl Page {
    /// The page that `input` asks `operation` for.
    pub fn read(state: &State, operation: &Operation, input: &Input) -> Result<Self> {
        let paginator = operation.paginator.as_ref().ok_or_else(|| ServiceError::internal("an operation without pages"))?;
        let filters = format!("{} {}", operation.name, input.fingerprint(&[&paginator.limit_key, &paginator.input_token]));
        let size = input.get(&paginator.limit_key).and_then(Value::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(DEFAULT_SIZE);
        let place = input.text(&paginator.input_token).map(|token| open(&filters, token)).transpose()?;
        if place.as_ref().is_some_and(|place| state.now - place.made > KEPT) {
            return Err(invalid());
        }
        let (again, after) = place.map_or((false, None), |place| (place.again, Some(place.key).filter(|key| !key.is_empty())));
        Ok(Self { size, after, again, filters, result_key: (*paginator.result_key).into(), now: state.now })
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
            rows.last().map(|(key, _)| self.token(false, key))
        });
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        self.with_rows(Value::Array(rows), next.flatten())
    }

    /// The answer whose rows are JSON objects already, as they are kept in the store: see [`output`](super::output).
    /// `rows` have nothing but the text of one each, in order, at most [`limit`](Self::limit); its member `key` is its key.
    pub fn written(&self, mut rows: Rows, key: &str) -> Result<Value> {
        let (mut text, mut given, mut last, mut next) = (String::from("["), 0, 0, None);
        while let Some(row) = rows.next()? {
            if given == self.size {
                let last: Value = serde_json::from_str(&text[last..])?;
                next = last[key].as_str().map(|key| self.token(false, key));
                break;
            }
            let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            if given == 0 {
                text.reserve((json.len() + 1) * self.size); // rows are about as long as each other
            } else {
                text.push(',');
            }
            last = text.len();
            text.push_str(json);
            given += 1;
        }
        text.push(']');
        Ok(self.with_rows(text.into(), next))
    }

    fn with_rows(&self, rows: Value, next: Option<String>) -> Value {
        Map::from_iter([(self.result_key.clone(), rows), ("nextToken".into(), next.into())]).into()
    }

    /// The token of a page that begins after `key`, `again` where this one did so too.
    fn token(&self, again: bool, key: &str) -> String {
        seal(&self.filters, &Place { again, made: self.now, key: key.into() })
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
        let page = Page::read(state, operation, input)?;
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
                answer[&*paginator.output_token] = page.token(true, page.after.as_deref().unwrap_or_default()).into();
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

fn seal(filters: &str, place: &Place) -> String {
    let place = [&[u8::from(place.again)][..], &place.made.to_be_bytes(), place.key.as_bytes()].concat();
    BASE64.encode([&digest(filters, &place)[..], &place].concat())
}

fn open(filters: &str, token: &str) -> Result<Place> {
    let read = || {
        let bytes = BASE64.decode(token).ok()?;
        let (_, place) = bytes.split_at_checked(DIGEST_LENGTH).filter(|(seal, place)| *seal == digest(filters, place))?;
        let (again, rest) = place.split_first()?;
        let (made, key) = rest.split_first_chunk()?;
        let key = std::str::from_utf8(key).ok()?.into();
        Some(Place { again: *again == 1, made: Millis::from_be_bytes(*made), key })
    };
    read().ok_or_else(invalid)
}

fn invalid() -> ServiceError {
    ServiceError::validation(Reason::Other, "Invalid nextToken")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(size: usize) -> Page {
        Page { size, after: None, again: false, filters: "a list".into(), result_key: "rows".into(), now: 7 }
    }

    #[test]
    fn rows_that_are_written_already_make_the_page_that_values_make() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        let mut query = db.prepare("SELECT json_object('name', value) FROM json_each(?1)").unwrap();
        for (size, given) in [(1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2)] {
            let names = &["a", "b", "c"][..given];
            let written = page(size).written(query.query([serde_json::to_string(names).unwrap()]).unwrap(), "name").unwrap();
            let row = |name: &&str| ((*name).to_owned(), serde_json::json!({ "name": name }));
            let values = page(size).answer(names.iter().map(row).collect());
            assert_eq!(written["nextToken"], values["nextToken"], "{given} of {size}");
            let Value::String(text) = &written["rows"] else { panic!("{written}") };
            assert_eq!(serde_json::from_str::<Value>(text).unwrap(), values["rows"], "{given} of {size}");
        }
    }

    #[test]
    fn a_token_opens_for_its_own_request_only() {
        let place = Place { again: true, made: 7, key: "a".into() };
        let token = seal("ListComponents []", &place);
        assert_eq!(open("ListComponents []", &token), Ok(place));
        assert!(open("ListComponents [scope]", &token).is_err());
        for wrong in ["", "a", "not-a-token", &token[1..], &format!("{token}A")] {
            assert!(open("ListComponents []", wrong).is_err(), "{wrong}");
        }
    }
}
