//! The model as the facade needs it: names, members and types of the operations, and the file itself.

use pyo3::prelude::*;

use crate::model::{Kind, Model, SOURCE, ShapeId};

/// Name, whether it must be given, and its type as a Python annotation.
type Member = (&'static str, bool, String);
/// Input token, output token, limit key and result key.
type Paginator = (&'static str, &'static str, &'static str, &'static str);

/// The service description, JSON in botocore's own layout.
#[pyfunction]
pub fn model() -> &'static str {
    SOURCE
}

#[pyfunction]
pub fn api_version() -> &'static str {
    &Model::greengrassv2().metadata.api_version
}

/// The codes of the modelled errors, sorted.
#[pyfunction]
pub fn error_codes() -> Vec<&'static str> {
    Model::greengrassv2().error_codes().collect()
}

/// Method name, API name, description, members of the input, and how it is paginated, if it is.
type Row = (&'static str, &'static str, &'static str, Vec<Member>, Option<Paginator>);

/// Every operation.
#[pyfunction]
pub fn operations() -> Vec<Row> {
    let model = Model::greengrassv2();
    let members = |input| {
        let structure = model.structure(input);
        let members = structure.members.iter().enumerate();
        members.map(|(at, m)| (&*m.name, structure.required.contains(&at), annotation(model, m.shape))).collect()
    };
    let rows = model.operations.iter().map(|operation| {
        let paginator = operation.paginator.as_ref().map(|p| (&*p.input_token, &*p.output_token, &*p.limit_key, &*p.result_key));
        let members: Vec<Member> = operation.input.map(members).unwrap_or_default();
        (&*operation.method_name, &*operation.name, &*operation.description, members, paginator)
    });
    rows.collect()
}

/// What a caller writes for a value of this shape. One level of containers: signatures stay readable.
fn annotation(model: &Model, shape: ShapeId) -> String {
    let flat = |shape| match model.shape(shape).kind {
        Kind::Structure(_) | Kind::Map { .. } => "dict",
        Kind::List { .. } => "list",
        Kind::String => "str",
        Kind::Integer | Kind::Long => "int",
        Kind::Double => "float",
        Kind::Boolean => "bool",
        Kind::Blob => "bytes",
        Kind::Timestamp => "datetime",
    };
    match model.shape(shape).kind {
        Kind::List { member } => format!("list[{}]", flat(member)),
        Kind::Map { key, value } => format!("dict[{}, {}]", flat(key), flat(value)),
        _ => flat(shape).into(),
    }
}
