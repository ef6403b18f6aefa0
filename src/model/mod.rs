//! The services as data: operations, shapes and their constraints, read from `greengrassv2.json`, and from `iot.json`
//! what the emulator serves of the registry.
//!
//! Everything that knows an operation knows it from here: methods, validation, requests, responses, errors,
//! paginators, docs, and the emulator's routes. Shapes live in one arena and are named by [`ShapeId`]; member
//! names live in one table and are named by [`NameId`], so that a Python key is made once a process.
//! The files keep the layout of an AWS service description, which `scripts/make_model.py` writes.

mod constraints;
mod load;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use constraints::{Bound, Breach, Constraints, Pattern};
pub use load::SOURCE;

/// A shape of a [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(u16);

/// A member name of a [`Model`], in the spelling that Python sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameId(u16);

impl NameId {
    /// The position of the name in [`Model::names`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// One service.
#[derive(Debug)]
pub struct Model {
    pub metadata: Metadata,
    /// In the order of the file.
    pub operations: Vec<Operation>,
    shapes: Vec<Shape>,
    names: Vec<Box<str>>,
    operation_index: HashMap<Box<str>, usize>,
    error_index: HashMap<Box<str>, ShapeId>,
}

/// What a client must know of a service before it calls it.
#[derive(Debug)]
pub struct Metadata {
    pub api_version: Box<str>,
    pub endpoint_prefix: Box<str>,
    pub service_id: Box<str>,
    /// The service of the SigV4 scope.
    pub signing_name: Box<str>,
}

#[derive(Debug)]
pub struct Operation {
    /// As the API spells it, `ListComponents`.
    pub name: Box<str>,
    /// As Python spells it, `list_components`.
    pub method_name: Box<str>,
    /// One sentence, for help().
    pub description: Box<str>,
    pub http_method: Box<str>,
    pub uri: Vec<UriPart>,
    /// The status of a success, 200 where the model names none.
    pub status: u16,
    pub input: Option<ShapeId>,
    pub output: Option<ShapeId>,
    pub errors: Vec<ShapeId>,
    pub paginator: Option<Paginator>,
    /// Whether devices call it, with their certificate in place of a signature.
    pub data_plane: Option<DataPlane>,
}

/// How far the data plane serves an operation.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum DataPlane {
    /// Nothing else does.
    Only,
    /// The control plane does too.
    Also,
}

/// A piece of a request path.
#[derive(Debug, PartialEq, Eq)]
pub enum UriPart {
    Literal(Box<str>),
    /// `{name}`, or `{name+}`, which may hold slashes. Named as on the wire.
    Label {
        name: Box<str>,
        greedy: bool,
    },
}

/// How the pages of an operation hang together.
#[derive(Debug)]
pub struct Paginator {
    pub input_token: Box<str>,
    pub output_token: Box<str>,
    pub limit_key: Box<str>,
    pub result_key: Box<str>,
}

#[derive(Debug)]
pub struct Shape {
    pub name: Box<str>,
    pub kind: Kind,
    pub constraints: Constraints,
}

#[derive(Debug)]
pub enum Kind {
    Structure(Structure),
    List { member: ShapeId },
    Map { key: ShapeId, value: ShapeId },
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Blob,
    Timestamp,
}

#[derive(Debug)]
pub struct Structure {
    /// In the order of the model, which is the order of a response's keys.
    pub members: Vec<Member>,
    /// Positions in `members`, in the order of the model's own list.
    pub required: Vec<usize>,
    /// Set on the shapes of errors.
    pub error: Option<ErrorTrait>,
    index: HashMap<Box<str>, usize>,
    /// Whether a request of this shape has a JSON body, even an empty one.
    pub has_body: bool,
}

#[derive(Debug)]
pub struct Member {
    pub name: Box<str>,
    pub name_id: NameId,
    pub wire_name: Box<str>,
    pub shape: ShapeId,
    pub location: Location,
    /// Filled with a random UUID where the caller gives none.
    pub idempotency_token: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Body,
    Uri,
    Query,
    Header,
}

#[derive(Debug)]
pub struct ErrorTrait {
    pub status: u16,
    /// The service is to blame, not the caller.
    pub fault: bool,
}

impl Model {
    /// AWS IoT Greengrass V2.
    #[must_use]
    pub fn greengrassv2() -> &'static Model {
        static MODEL: LazyLock<Model> = LazyLock::new(|| load::parse(SOURCE));
        &MODEL
    }

    /// What Greengrass work needs of AWS IoT: things, thing groups and jobs.
    #[cfg(feature = "emulator")]
    #[must_use]
    pub fn iot() -> &'static Model {
        static MODEL: LazyLock<Model> = LazyLock::new(|| load::parse(include_str!("iot.json")));
        &MODEL
    }

    #[must_use]
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[usize::from(id.0)]
    }

    /// The operation that the API calls `name`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operation_index.get(name).map(|&at| &self.operations[at])
    }

    /// The shape of the error that answers carry as `code`.
    #[must_use]
    pub fn error(&self, code: &str) -> Option<ShapeId> {
        self.error_index.get(code).copied()
    }

    /// The codes of all modelled errors, sorted.
    pub fn error_codes(&self) -> impl Iterator<Item = &str> {
        let mut codes: Vec<&str> = self.error_index.keys().map(|code| &**code).collect();
        codes.sort_unstable();
        codes.into_iter()
    }

    /// Every member name once, at the position that its [`NameId`] tells.
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The members of `id`, which must be a structure.
    #[must_use]
    pub fn structure(&self, id: ShapeId) -> &Structure {
        match &self.shape(id).kind {
            Kind::Structure(structure) => structure,
            other => unreachable!("{} is no structure but {other:?}", self.shape(id).name),
        }
    }
}

impl Structure {
    /// The position of the member that Python calls `name`.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The position of the member that the wire calls `name`.
    #[must_use]
    pub fn wire_position(&self, name: &str) -> Option<usize> {
        // There are 14 at most: comparing them is quicker than hashing the name.
        self.members.iter().position(|member| *member.wire_name == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_whole_service() {
        let model = Model::greengrassv2();
        assert_eq!(model.operations.len(), 29);
        assert_eq!(model.shapes.len(), 215);
        assert_eq!(model.operations.iter().filter(|o| o.paginator.is_some()).count(), 7);
        assert_eq!(model.error_codes().count(), 8);
    }

    #[test]
    fn method_names_are_pythons() {
        let model = Model::greengrassv2();
        let operation = model.operation("BatchAssociateClientDeviceWithCoreDevice").unwrap();
        assert_eq!(&*operation.method_name, "batch_associate_client_device_with_core_device");
    }

    #[test]
    fn greedy_labels_are_told_apart() {
        let operation = Model::greengrassv2().operation("GetComponentVersionArtifact").unwrap();
        let greedy: Vec<_> = operation.uri.iter().filter(|part| matches!(part, UriPart::Label { greedy: true, .. })).collect();
        assert_eq!(greedy, [&UriPart::Label { name: "artifactName".into(), greedy: true }]);
    }

    #[test]
    fn renamed_members_are_found_both_ways() {
        let model = Model::greengrassv2();
        let output = model.structure(model.operation("GetServiceRoleForAccount").unwrap().output.unwrap());
        assert_eq!(output.position("roleArn"), output.wire_position("RoleArn"));
    }
}
