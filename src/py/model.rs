//! The model as the facade needs it: methods, members, paginators.

use pyo3::prelude::*;

use crate::model::{Kind, Model, SOURCE, ShapeId};

/// The service's description as JSON; `botocore.model.ServiceModel` reads it.
#[pyfunction]
pub fn model() -> &'static str {
    SOURCE
}

/// A member of an operation's input: its name, whether it is required, its Python type.
type Member = (&'static str, bool, &'static str);
/// Input token, output token, limit key, result key.
type Paginator = (&'static str, &'static str, &'static str, &'static str);

/// Method name, API name, description, members, and how it is paginated, if it is.
type Row = (&'static str, &'static str, &'static str, Vec<Member>, Option<Paginator>);

/// Every operation.
#[pyfunction]
pub fn operations() -> Vec<Row> {
    let model = Model::greengrassv2();
    let describe = |operation: &'static crate::model::Operation| {
        let members = operation.input.map(|input| members(model, input)).unwrap_or_default();
        let paginator = operation.paginator.as_ref();
        let paginator = paginator.map(|p| (&*p.input_token, &*p.output_token, &*p.limit_key, &*p.result_key));
        (&*operation.method_name, &*operation.name, &*operation.description, members, paginator)
    };
    model.operations.iter().map(describe).collect()
}

fn members(model: &'static Model, input: ShapeId) -> Vec<Member> {
    let structure = model.structure(input);
    let member = |(at, member): (usize, &'static crate::model::Member)| {
        (&*member.name, structure.required.contains(&at), python_type(&model.shape(member.shape).kind))
    };
    structure.members.iter().enumerate().map(member).collect()
}

fn python_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Structure(_) | Kind::Map { .. } => "dict",
        Kind::List { .. } => "list",
        Kind::String => "str",
        Kind::Integer | Kind::Long => "int",
        Kind::Double => "float",
        Kind::Boolean => "bool",
        Kind::Blob => "bytes",
        Kind::Timestamp => "datetime",
    }
}
