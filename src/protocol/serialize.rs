//! From a caller's parameters to a request, in one walk that validates and writes.
//!
//! All problems of the parameters are collected and reported in botocore's order: of each structure first what
//! is missing, then what is unknown, then its members in the caller's order. What Python itself raises while a value is
//! written (a text with lone surrogates in a path, say) is raised only if there is no problem to report, and in the order
//! in which botocore writes: headers, path, body, query.

use crate::error::{Builtin, Error, Result};
use crate::model::{Kind, Location, Member, Model, Operation, ShapeId, UriPart};
use crate::protocol::validate::{Given, Place, Report, Validation};
use crate::protocol::{Class, Input, json, uri};

/// A request as the model shapes it, before it knows its server.
#[derive(Debug, PartialEq, Eq)]
pub struct Serialized {
    /// Percent-encoded.
    pub path: String,
    /// Percent-encoded, without a question mark; empty where all that was given are empty lists.
    pub query: Option<String>,
    /// In the wire's spelling.
    pub headers: Vec<(String, Vec<u8>)>,
    /// JSON, or `None` where the operation has no body.
    pub body: Option<Vec<u8>>,
}

/// Reads `parameters` as the input of `operation`.
///
/// A missing idempotency token is taken from `token`. Without validation, values are written as they come.
pub fn serialize<I: Input>(
    model: &Model,
    operation: &Operation,
    parameters: &I,
    validation: Validation,
    token: impl FnOnce() -> String,
) -> Result<Serialized> {
    let mut walk = Walk { model, report: Report::new(model, validation, operation.input), raised: None, unwritable: None };
    let mut request = Request::default();
    if let Some(input) = operation.input {
        walk.input(input, parameters, token, &mut request)?;
    }
    walk.report.finish()?;
    request.finish(operation, walk.raised.or(walk.unwritable))
}

/// A key of the query. What Python tells apart is another key, although it reads alike on the wire. What Python holds for
/// one, 1 and True, is two here.
#[derive(PartialEq)]
struct QueryKey {
    text: Vec<u8>,
    /// The type of what is no text.
    kind: Vec<u8>,
}

/// Values of a query's key, each as its text or as why it has none.
type Texts = Vec<Result<Vec<u8>>>;

/// What the walk has gathered, each part with the first error of its own.
#[derive(Default)]
struct Request {
    labels: Vec<(Box<str>, Result<Vec<u8>>)>,
    /// By key, each with its values; a later member of the same key takes the place of an earlier one.
    query: Vec<(QueryKey, Texts)>,
    headers: Vec<(String, Vec<u8>)>,
    /// Set by the first thing that cannot be put into its place.
    misplaced: Option<Error>,
    body: Option<Vec<u8>>,
}

impl Request {
    fn finish(mut self, operation: &Operation, raised: Option<Error>) -> Result<Serialized> {
        if let Some(error) = self.misplaced {
            return Err(error);
        }
        let mut path = String::with_capacity(64);
        for part in &operation.uri {
            match part {
                UriPart::Literal(literal) => path.push_str(literal),
                UriPart::Label { name, greedy } => {
                    let at = self.labels.iter().position(|(label, _)| label == name);
                    let at = at.ok_or_else(|| Error::Builtin { class: Builtin::Key, message: name.to_string() })?;
                    let value = self.labels.swap_remove(at).1?;
                    if *greedy { uri::encode_path(&mut path, &value) } else { uri::encode(&mut path, &value) }
                }
            }
        }
        if let Some(error) = raised {
            return Err(error);
        }
        let given = !self.query.is_empty();
        let mut query = String::new();
        for (key, values) in self.query {
            for value in values {
                if !query.is_empty() {
                    query.push('&');
                }
                uri::encode(&mut query, &key.text);
                query.push('=');
                uri::encode(&mut query, &value?);
            }
        }
        Ok(Serialized { path, query: given.then_some(query), headers: self.headers, body: self.body })
    }

    fn set_query(&mut self, key: QueryKey, values: Texts) {
        match self.query.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = values,
            None => self.query.push((key, values)),
        }
    }

    fn misplaced(&mut self, error: Error) {
        self.misplaced.get_or_insert(error);
    }
}

struct Walk<'m> {
    model: &'m Model,
    report: Report<'m>,
    /// The first error while values were made ready for JSON.
    raised: Option<Error>,
    /// The first value that JSON has no form for, which botocore finds out last.
    unwritable: Option<Error>,
}

impl Walk<'_> {
    /// Sorts the members of the top level into the parts of the request.
    fn input<I: Input>(
        &mut self,
        shape: ShapeId,
        parameters: &I,
        token: impl FnOnce() -> String,
        request: &mut Request,
    ) -> Result<()> {
        if !self.report.check(shape, parameters, &Place::Input)? {
            return Ok(());
        }
        let structure = self.model.structure(shape);
        let members = self.members(shape, parameters, &Place::Input)?;
        let mut json = Vec::new();
        let mut body = Object::open(&mut json);
        for Given { at, key, value } in &members {
            if value.is_none() && !self.report.wanted() {
                continue;
            }
            let Some(at) = *at else {
                request.misplaced(key.missing());
                continue;
            };
            let member = &structure.members[at];
            let place = Place::Member(&Place::Input, structure, at);
            if member.location == Location::Body {
                self.value(member.shape, value, &place, body.member(&member.wire_name))?;
            } else if self.check_whole(member.shape, value, &place)? {
                self.place(member, value, request);
            }
        }
        let given = |wanted: usize| members.iter().any(|given| given.at == Some(wanted));
        if let Some(at) = structure.members.iter().position(|member| member.idempotency_token).filter(|at| !given(*at)) {
            json::write_text(body.member(&structure.members[at].wire_name), token().as_bytes());
        }
        body.close();
        request.body = structure.has_body.then_some(json);
        Ok(())
    }

    /// Puts a value that is no part of the body where it belongs.
    fn place<I: Input>(&self, member: &Member, value: &I, request: &mut Request) {
        match member.location {
            Location::Body => unreachable!("the body's members are written by `value`"),
            Location::Uri => request.labels.push((member.wire_name.clone(), self.plain(member.shape, value))),
            Location::Header => match value.text() {
                Ok(text) => request.headers.push((member.wire_name.to_string(), text)),
                Err(error) => request.misplaced(error),
            },
            Location::Query => {
                if let Err(error) = self.place_query(member, value, request) {
                    request.misplaced(error);
                }
            }
        }
    }

    fn place_query<I: Input>(&self, member: &Member, value: &I, request: &mut Request) -> Result<()> {
        if value.is(Class::Dict) {
            // Only without validation: each pair becomes a parameter of its own.
            for (key, value) in value.entries()? {
                let kind = if key.is(Class::Text) { Vec::new() } else { key.type_name()? };
                request.set_query(QueryKey { text: key.encoded()?.into_owned(), kind }, repeated(&value)?);
            }
            return Ok(());
        }
        let values = match self.model.shape(member.shape).kind {
            Kind::List { member: item } => value.items()?.iter().map(|value| self.plain(item, value)).collect(),
            _ if value.is(Class::Repeated) => repeated(value)?,
            _ => vec![self.plain(member.shape, value)],
        };
        request.set_query(QueryKey { text: member.wire_name.as_bytes().to_vec(), kind: Vec::new() }, values);
        Ok(())
    }

    /// A scalar outside of the body.
    fn plain<I: Input>(&self, shape: ShapeId, value: &I) -> Result<Vec<u8>> {
        match self.model.shape(shape).kind {
            Kind::Boolean => Ok(value.text()?.to_ascii_lowercase()),
            _ => value.encoded().map(Into::into),
        }
    }

    /// The members that `value` gives for a structure, in its order, after the report of those missing and unknown.
    fn members<I: Input>(&mut self, shape: ShapeId, value: &I, place: &Place<'_, I>) -> Result<Vec<Given<I>>> {
        let structure = self.model.structure(shape);
        let entries = value.entries()?.into_iter();
        let position = |key: &I| key.name().and_then(|name| structure.position(name));
        let members: Vec<_> = entries.map(|(key, value)| Given { at: position(&key), key, value }).collect();
        self.report.check_members(structure, &members, place)?;
        Ok(members)
    }

    /// Checks a value outside of the body, with the items of a list.
    fn check_whole<I: Input>(&mut self, shape: ShapeId, value: &I, place: &Place<'_, I>) -> Result<bool> {
        let fits = self.report.check(shape, value, place)?;
        if let (true, true, Kind::List { member }) = (fits, self.report.wanted(), &self.model.shape(shape).kind) {
            for (at, item) in value.items()?.iter().enumerate() {
                self.report.check(*member, item, &Place::Item(place, at))?;
            }
        }
        Ok(fits)
    }

    /// Checks `value` and writes it as JSON.
    fn value<I: Input>(&mut self, shape: ShapeId, value: &I, place: &Place<'_, I>, out: &mut Vec<u8>) -> Result<()> {
        if !self.report.check(shape, value, place)? {
            return Ok(());
        }
        let written = match self.model.shape(shape).kind {
            Kind::Structure(_) => return self.structure(shape, value, place, out),
            Kind::Map { key, value: element } => return self.map(key, element, value, place, out),
            Kind::List { member } => return self.list(member, value, place, out),
            Kind::Double => value.write_json_double(out),
            Kind::Blob => value.write_base64(out),
            _ => {
                if let Err(error) = value.write_json(out) {
                    self.unwritable.get_or_insert(error);
                }
                return Ok(());
            }
        };
        self.wrote(written)
    }

    fn structure<I: Input>(&mut self, shape: ShapeId, value: &I, place: &Place<'_, I>, out: &mut Vec<u8>) -> Result<()> {
        let members = match self.members(shape, value, place) {
            Err(error) if !self.report.wanted() => return self.wrote(Err(error)),
            members => members?,
        };
        let mut object = Object::open(out);
        for Given { at, key, value } in &members {
            if let Some(at) = *at {
                let structure = self.model.structure(shape);
                let member = &structure.members[at];
                self.value(member.shape, value, &Place::Member(place, structure, at), object.member(&member.wire_name))?;
            } else {
                self.wrote(Err(key.missing()))?;
            }
        }
        object.close();
        Ok(())
    }

    fn map<I: Input>(
        &mut self,
        key: ShapeId,
        element: ShapeId,
        value: &I,
        place: &Place<'_, I>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let entries = match value.entries() {
            Err(error) if !self.report.wanted() => return self.wrote(Err(error)),
            entries => entries?,
        };
        out.push(b'{');
        for (at, (name, value)) in entries.iter().enumerate() {
            separate(out, at);
            self.report.check(key, name, &Place::Key(place, name))?;
            if let Err(error) = name.write_json_key(out) {
                self.unwritable.get_or_insert(error);
            }
            out.extend_from_slice(b": ");
            self.value(element, value, &Place::Value(place, name), out)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn list<I: Input>(&mut self, member: ShapeId, value: &I, place: &Place<'_, I>, out: &mut Vec<u8>) -> Result<()> {
        let items = match value.items() {
            Err(error) if !self.report.wanted() => return self.wrote(Err(error)),
            items => items?,
        };
        out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            separate(out, at);
            self.value(member, item, &Place::Item(place, at), out)?;
        }
        out.push(b']');
        Ok(())
    }

    /// Keeps the first error of writing for the end, when the report is known to be empty.
    #[expect(clippy::unnecessary_wraps, reason = "ends the functions that write")]
    fn wrote(&mut self, outcome: Result<()>) -> Result<()> {
        if let Err(error) = outcome {
            self.raised.get_or_insert(error);
        }
        Ok(())
    }
}

/// The values that a query's key is repeated for.
fn repeated<I: Input>(value: &I) -> Result<Texts> {
    let encoded = |value: &I| value.encoded().map(Into::into);
    Ok(if value.is(Class::Repeated) { value.items()?.iter().map(encoded).collect() } else { vec![encoded(value)] })
}

/// A JSON object that is being written.
struct Object<'o> {
    out: &'o mut Vec<u8>,
    members: usize,
}

impl<'o> Object<'o> {
    fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, members: 0 }
    }

    /// Where the value of the member `name` goes.
    fn member(&mut self, name: &str) -> &mut Vec<u8> {
        separate(self.out, self.members);
        self.members += 1;
        json::write_text(self.out, name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

fn separate(out: &mut Vec<u8>, at: usize) {
    if at > 0 {
        out.extend_from_slice(b", ");
    }
}
