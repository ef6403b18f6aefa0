//! From the JSON of a service description to a [`Model`].
//!
//! The file is part of the program, so a mistake in it is a bug of ours and panics with its place.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Constraints, DataPlane, ErrorTrait, Kind, Location, Member, Metadata, Model, NameId, Operation, Paginator, Pattern, Shape,
    ShapeId, Structure, UriPart,
};

/// The text of the model file, for those who read it in their own way.
pub const SOURCE: &str = include_str!("greengrassv2.json");

#[derive(Deserialize)]
struct File {
    metadata: FileMetadata,
    operations: Map<String, Value>,
    shapes: Map<String, Value>,
    pagination: HashMap<String, FilePaginator>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileMetadata {
    api_version: Box<str>,
    endpoint_prefix: Box<str>,
    service_id: Box<str>,
    signing_name: Option<Box<str>>,
}

#[derive(Deserialize)]
struct FilePaginator {
    input_token: Box<str>,
    output_token: Box<str>,
    limit_key: Box<str>,
    result_key: Box<str>,
}

#[derive(Deserialize)]
struct FileOperation {
    http: FileHttp,
    input: Option<FileReference>,
    output: Option<FileReference>,
    #[serde(default)]
    errors: Vec<FileReference>,
    #[serde(default)]
    documentation: Box<str>,
    #[serde(rename = "dataPlane")]
    data_plane: Option<DataPlane>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileHttp {
    method: Box<str>,
    request_uri: Box<str>,
    response_code: Option<u16>,
}

#[derive(Deserialize)]
struct FileReference {
    shape: Box<str>,
}

#[derive(Deserialize)]
struct FileShape {
    #[serde(rename = "type")]
    kind: Box<str>,
    #[serde(default)]
    members: Map<String, Value>,
    #[serde(default)]
    required: Vec<Box<str>>,
    member: Option<FileReference>,
    key: Option<FileReference>,
    value: Option<FileReference>,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<Box<str>>,
    #[serde(default, rename = "enum")]
    values: Vec<Box<str>>,
    error: Option<FileError>,
    #[serde(default)]
    exception: bool,
    #[serde(default)]
    fault: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileError {
    http_status_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileMember {
    shape: Box<str>,
    location: Option<Box<str>>,
    location_name: Option<Box<str>>,
    #[serde(default)]
    idempotency_token: bool,
}

/// Reads one service description.
///
/// # Panics
///
/// Where the text is no service description, with what is wrong.
pub(super) fn parse(text: &str) -> Model {
    let file: File = serde_json::from_str(text).unwrap_or_else(|e| panic!("model file: {e}"));
    Loader::new(&file.shapes).load(file)
}

struct Loader {
    ids: HashMap<Box<str>, ShapeId>,
    names: Vec<Box<str>>,
    name_ids: HashMap<Box<str>, NameId>,
}

impl Loader {
    fn new(shapes: &Map<String, Value>) -> Self {
        let ids = shapes.keys().zip(0..).map(|(name, at)| (name.as_str().into(), ShapeId(at))).collect();
        Self { ids, names: Vec::new(), name_ids: HashMap::new() }
    }

    fn load(mut self, file: File) -> Model {
        let mut pagination = file.pagination;
        let shapes: Vec<Shape> = file.shapes.into_iter().map(|(name, body)| self.shape(name, body)).collect();
        let operations: Vec<Operation> = file
            .operations
            .into_iter()
            .map(|(name, body)| {
                let paginator = pagination.remove(&name).map(|p| Paginator {
                    input_token: p.input_token,
                    output_token: p.output_token,
                    limit_key: p.limit_key,
                    result_key: p.result_key,
                });
                self.operation(name, body, paginator)
            })
            .collect();
        let operation_index = operations.iter().zip(0..).map(|(operation, at)| (operation.name.clone(), at)).collect();
        let error_index = shapes
            .iter()
            .zip(0..)
            .filter(|(shape, _)| matches!(&shape.kind, Kind::Structure(Structure { error: Some(_), .. })))
            .map(|(shape, at)| (shape.name.clone(), ShapeId(at)))
            .collect();
        let signing_name = file.metadata.signing_name.unwrap_or_else(|| file.metadata.endpoint_prefix.clone());
        Model {
            metadata: Metadata {
                api_version: file.metadata.api_version,
                endpoint_prefix: file.metadata.endpoint_prefix,
                service_id: file.metadata.service_id,
                signing_name,
            },
            operations,
            shapes,
            names: self.names,
            operation_index,
            error_index,
        }
    }

    fn id(&self, reference: &str) -> ShapeId {
        *self.ids.get(reference).unwrap_or_else(|| panic!("model file: no shape {reference}"))
    }

    fn name_id(&mut self, name: &str) -> NameId {
        if let Some(&id) = self.name_ids.get(name) {
            return id;
        }
        let id = NameId(u16::try_from(self.names.len()).expect("fewer than 65,536 member names"));
        self.names.push(name.into());
        self.name_ids.insert(name.into(), id);
        id
    }

    fn shape(&mut self, name: String, body: Value) -> Shape {
        let mut file: FileShape = read(&name, body);
        let reference = |field: Option<FileReference>| {
            let FileReference { shape } = field.unwrap_or_else(|| panic!("model file: {name} names no element"));
            self.id(&shape)
        };
        let kind = match &*file.kind {
            "list" => Kind::List { member: reference(file.member.take()) },
            "map" => Kind::Map { key: reference(file.key.take()), value: reference(file.value.take()) },
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "double" | "float" => Kind::Double,
            "boolean" => Kind::Boolean,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp,
            "structure" => Kind::Structure(self.structure(&name, &mut file)),
            other => panic!("model file: {name} has the unknown type {other}"),
        };
        let constraints =
            Constraints { min: file.min, max: file.max, pattern: file.pattern.map(Pattern::new), values: file.values };
        Shape { name: name.into(), kind, constraints }
    }

    fn structure(&mut self, name: &str, file: &mut FileShape) -> Structure {
        let members: Vec<Member> = std::mem::take(&mut file.members)
            .into_iter()
            .map(|(member, body)| {
                let file: FileMember = read(name, body);
                Member {
                    name_id: self.name_id(&member),
                    wire_name: file.location_name.unwrap_or_else(|| member.as_str().into()),
                    shape: self.id(&file.shape),
                    location: match file.location.as_deref() {
                        None => Location::Body,
                        Some("uri") => Location::Uri,
                        Some("querystring") => Location::Query,
                        Some("header") => Location::Header,
                        Some(other) => panic!("model file: {name}.{member} has the unknown location {other}"),
                    },
                    idempotency_token: file.idempotency_token,
                    name: member.into(),
                }
            })
            .collect();
        let index: HashMap<Box<str>, usize> = members.iter().zip(0..).map(|(member, at)| (member.name.clone(), at)).collect();
        let required = file.required.iter().map(|required| index[required]).collect();
        let error = file.exception.then(|| ErrorTrait {
            status: file.error.as_ref().and_then(|error| error.http_status_code).unwrap_or(400),
            fault: file.fault,
        });
        let has_body = members.iter().any(|member| member.location == Location::Body);
        Structure { members, required, error, index, has_body }
    }

    fn operation(&self, name: String, body: Value, paginator: Option<Paginator>) -> Operation {
        let file: FileOperation = read(&name, body);
        Operation {
            method_name: snake_case(&name),
            description: file.documentation,
            http_method: file.http.method,
            uri: uri_parts(&file.http.request_uri),
            status: file.http.response_code.unwrap_or(200),
            input: file.input.map(|reference| self.id(&reference.shape)),
            output: file.output.map(|reference| self.id(&reference.shape)),
            errors: file.errors.iter().map(|reference| self.id(&reference.shape)).collect(),
            paginator,
            data_plane: file.data_plane,
            name: name.into(),
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(place: &str, body: Value) -> T {
    serde_json::from_value(body).unwrap_or_else(|e| panic!("model file: {place}: {e}"))
}

/// `ListComponents` becomes `list_components`. The names of this service have no runs of capitals.
fn snake_case(name: &str) -> Box<str> {
    let mut snake = String::with_capacity(name.len() + 8);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake.into()
}

fn uri_parts(template: &str) -> Vec<UriPart> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((literal, label)) = rest.split_once('{') {
        let (label, after) = label.split_once('}').unwrap_or_else(|| panic!("model file: open label in {template}"));
        let name = label.strip_suffix('+').unwrap_or(label);
        parts.push(UriPart::Literal(literal.into()));
        parts.push(UriPart::Label { name: name.into(), greedy: name.len() < label.len() });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(UriPart::Literal(rest.into()));
    }
    parts
}
