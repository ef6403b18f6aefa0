//! From the tree to the [`Recipe`], noting every problem on the way.

use serde_json::{Map, Value};

use super::document::{self, Content, Node};
use super::{
    Artifact, ComponentType, Dependency, DependencyType, Digest, FORMAT_VERSION, Format, Manifest, Permission, Problem, Recipe,
    RecipeError, SHA_256, Spelled, Unarchive,
};
use crate::resolve::requirement::Requirement;
use crate::resolve::version::Version;

const NAME_LIMIT: usize = 128;
const VERSION_LIMIT: usize = 64;
const NUMBER_LIMIT: i32 = 999_999;

/// Reads a recipe: JSON where the text begins with a brace, YAML otherwise.
pub fn read(bytes: &[u8]) -> Result<Recipe, RecipeError> {
    let (format, root) = document::parse(bytes)?;
    read_tree(format, &root).map_err(|error| match document::placed(format, bytes).map(|root| read_tree(format, &root)) {
        Some(Err(placed)) if placed.problems.len() == error.problems.len() => placed,
        _ => error,
    })
}

/// The text of a recipe, to look lines up in.
#[derive(Debug)]
pub struct Source {
    root: Node,
}

impl Source {
    pub fn parse(bytes: &[u8]) -> Result<Self, RecipeError> {
        let (format, root) = document::parse(bytes)?;
        Ok(Self { root: document::placed(format, bytes).unwrap_or(root) })
    }

    /// The line of a value, or of what is nearest around it.
    #[must_use]
    pub fn line(&self, path: &[Step]) -> Option<u64> {
        let mut node = &self.root;
        for step in path {
            let next = match (step, &node.value) {
                (Step::Property(name), Content::Map(entries)) => {
                    entries.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node)
                }
                (Step::Entry(name), Content::Map(entries)) => {
                    entries.iter().rev().find(|(key, _)| key == name).map(|(_, node)| node)
                }
                (Step::Item(at), Content::List(items)) => items.get(*at),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        line_of(node)
    }
}

/// A step on the way to a value in a recipe.
#[derive(Clone, Copy, Debug)]
pub enum Step<'p> {
    /// A property of the format, in any case.
    Property(&'static str),
    /// The key of a map.
    Entry(&'p str),
    /// The place in a list.
    Item(usize),
}

/// The way as problems tell it: `Manifests[0].Platform["os"]`.
#[must_use]
pub fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        path = match step {
            Step::Property(name) if path.is_empty() => (*name).into(),
            Step::Property(name) => format!("{path}.{name}"),
            Step::Entry(name) => format!("{path}[{name:?}]"),
            Step::Item(at) => format!("{path}[{at}]"),
        };
    }
    path
}

fn line_of(node: &Node) -> Option<u64> {
    let line = node.referenced.line();
    (line > 0).then_some(line)
}

/// Reads a recipe that is JSON already, of any size.
pub fn read_value(value: &Value) -> Result<Recipe, RecipeError> {
    read_tree(Format::Json, &document::of_value(value))
}

fn read_tree(format: Format, root: &Node) -> Result<Recipe, RecipeError> {
    let mut reader = Reader::default();
    match reader.recipe(format, &Place { node: root, path: String::new() }) {
        Some(recipe) if reader.problems.is_empty() => Ok(recipe),
        _ => Err(RecipeError { problems: reader.problems }),
    }
}

/// A value and the way to it.
struct Place<'n> {
    node: &'n Node,
    path: String,
}

impl<'n> Place<'n> {
    /// The property `name`, in whatever case; of several the last. `null` counts as absent.
    fn property(&self, name: &str) -> Option<Place<'n>> {
        let Content::Map(entries) = &self.node.value else { return None };
        let (_, node) = entries.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        (!matches!(node.value, Content::Null)).then(|| Place { node, path: self.path_to(name) })
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    fn problem(&self, what: String, remedy: impl Into<String>) -> Problem {
        let line = line_of(self.node);
        Problem { path: self.path.clone(), line, column: None, what, remedy: remedy.into() }
    }

    /// What stands here, in a few words.
    fn found(&self) -> String {
        match &self.node.value {
            Content::Null => "null".into(),
            Content::Bool(_, text) | Content::Number(_, text) => text.clone(),
            Content::Text(text) if text.chars().count() > 60 => {
                format!("{:?}... ({} characters)", text.chars().take(60).collect::<String>(), text.chars().count())
            }
            Content::Text(text) => format!("{text:?}"),
            Content::List(items) => match items.len() {
                0 => "an empty list".into(),
                1 => "a list of one element".into(),
                length => format!("a list of {length} elements"),
            },
            Content::Map(entries) => match &entries[..] {
                [] => "an empty map".into(),
                [(key, _), ..] => format!("a map with the key {key:?}"),
            },
        }
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn recipe(&mut self, format: Format, root: &Place) -> Option<Recipe> {
        if !matches!(root.node.value, Content::Map(_)) {
            self.problems.push(root.problem(
                format!("it is {}, not a map of properties", root.found()),
                "begin with `RecipeFormatVersion: 2020-01-25`",
            ));
            return None;
        }
        self.format_version(root);
        let name = self.name(root);
        let version = self.version(root);
        let kind = self.choice::<ComponentType>(root, "ComponentType");
        let description = self.text(root, "ComponentDescription");
        let publisher = self.text(root, "ComponentPublisher");
        let source = self.text(root, "ComponentSource");
        let configuration = self.map(root, "ComponentConfiguration");
        let default_configuration = configuration.and_then(|place| place.property("DefaultConfiguration"));
        let dependencies = self.entries(root, "ComponentDependencies");
        let dependencies = dependencies.into_iter().filter_map(|(name, place)| self.dependency(name, &place)).collect();
        let manifests = self.items(root, "Manifests");
        let manifests = manifests.iter().map(|place| self.manifest(place)).collect();
        let lifecycle = self.lifecycle(root);
        Some(Recipe {
            format,
            name: name?,
            version: version?,
            kind: kind.unwrap_or_default(),
            description,
            publisher,
            source,
            default_configuration: default_configuration.map_or_else(|| Map::new().into(), |place| place.node.value.to_value()),
            dependencies,
            manifests,
            lifecycle,
        })
    }

    fn format_version(&mut self, root: &Place) {
        let remedy = format!("write {FORMAT_VERSION:?}, the one format there is");
        if let Some((place, text)) = self.required_text(root, "RecipeFormatVersion", &remedy)
            && text != FORMAT_VERSION
        {
            self.problems.push(place.problem(format!("{} is no format version", place.found()), remedy));
        }
    }

    fn name(&mut self, root: &Place) -> Option<String> {
        let remedy = format!("give 1 to {NAME_LIMIT} of the characters a-z, A-Z, 0-9, `-`, `_` and `.`");
        let (place, name) = self.required_text(root, "ComponentName", &remedy)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let what = if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
            format!("{} contains {wrong:?}", place.found())
        } else if name.is_empty() {
            "it is empty".into()
        } else if name.len() > NAME_LIMIT {
            format!("{} is too long", place.found())
        } else {
            return Some(name);
        };
        self.problems.push(place.problem(what, remedy));
        None
    }

    fn version(&mut self, root: &Place) -> Option<Version> {
        let remedy = "give a version such as \"1.0.0\", in quotes";
        let (place, text) = self.required_text(root, "ComponentVersion", remedy)?;
        if text.chars().count() > VERSION_LIMIT {
            let what = format!("{} is too long", place.found());
            self.problems.push(place.problem(what, format!("give at most {VERSION_LIMIT} characters")));
            return None;
        }
        match Version::parse(&text) {
            Ok(version) if [version.major(), version.minor(), version.patch()].iter().any(|&number| number > NUMBER_LIMIT) => {
                let what = format!("{text:?} has a number above {NUMBER_LIMIT}");
                self.problems.push(place.problem(what, "give smaller numbers"));
                None
            }
            Ok(version) => Some(version),
            Err(invalid) => {
                self.problems.push(place.problem(invalid.to_string(), remedy));
                None
            }
        }
    }

    fn dependency(&mut self, name: &str, place: &Place) -> Option<Dependency> {
        let remedy = "give the versions that are acceptable, such as \"^1.0.0\" or \">=1.0.0 <2.0.0\"";
        if !matches!(place.node.value, Content::Map(_)) {
            let what = format!("{} tells no VersionRequirement", place.found());
            self.problems.push(place.problem(what, format!("write a map with VersionRequirement; {remedy}")));
            return None;
        }
        let kind = self.choice::<DependencyType>(place, "DependencyType").unwrap_or_default();
        let (requirement_place, text) = self.required_text(place, "VersionRequirement", remedy)?;
        match Requirement::parse(&text) {
            Ok(requirement) => Some(Dependency { name: name.into(), requirement, kind }),
            Err(invalid) => {
                self.problems.push(requirement_place.problem(invalid.to_string(), remedy));
                None
            }
        }
    }

    fn manifest(&mut self, place: &Place) -> Manifest {
        let platform = self.entries(place, "Platform");
        let platform = platform.iter().map(|(attribute, place)| (String::from(*attribute), self.scalar(place))).collect();
        let selections = self.items(place, "Selections");
        let selections = selections.iter().filter_map(|place| self.scalar(place)).collect();
        let artifacts = self.items(place, "Artifacts");
        let artifacts = artifacts.iter().filter_map(|place| self.artifact(place)).collect();
        Manifest { name: self.text(place, "Name"), platform, lifecycle: self.lifecycle(place), selections, artifacts }
    }

    fn artifact(&mut self, place: &Place) -> Option<Artifact> {
        let unarchive = self.choice::<Unarchive>(place, "Unarchive").unwrap_or_default();
        let permission = self.map(place, "Permission");
        let mut permission = |name| permission.as_ref().and_then(|place| self.choice::<Permission>(place, name));
        let (read, execute) = (permission("Read"), permission("Execute"));
        let (_, uri) = self.required_text(place, "URI", "give where the artifact lies, such as s3://bucket/key")?;
        let execute = execute.unwrap_or(Permission::None);
        let read = read.unwrap_or(Permission::Owner).max(execute);
        let algorithm = self.text(place, "Algorithm").unwrap_or_else(|| SHA_256.into());
        let digest = self.text(place, "Digest").map(|value| Digest { algorithm, value });
        Some(Artifact { uri, unarchive, read, execute, digest })
    }

    fn lifecycle(&mut self, parent: &Place) -> Map<String, Value> {
        let Some(place) = self.map(parent, "Lifecycle") else { return Map::new() };
        match place.node.value.to_value() {
            Value::Object(steps) => steps,
            _ => Map::new(),
        }
    }

    /// The text of a property that must be there.
    fn required_text<'n>(&mut self, parent: &Place<'n>, name: &str, remedy: &str) -> Option<(Place<'n>, String)> {
        if let Some(place) = parent.property(name) {
            return self.scalar(&place).map(|text| (place, text));
        }
        let missing = Place { node: parent.node, path: parent.path_to(name) };
        self.problems.push(missing.problem("it is missing".into(), remedy));
        None
    }

    fn text(&mut self, parent: &Place, name: &str) -> Option<String> {
        parent.property(name).and_then(|place| self.scalar(&place))
    }

    /// A text, or what the device takes for one; `null` is none.
    fn scalar(&mut self, place: &Place) -> Option<String> {
        match &place.node.value {
            Content::Text(text) | Content::Bool(_, text) | Content::Number(_, text) => Some(text.clone()),
            Content::Null => None,
            Content::List(_) | Content::Map(_) => self.mismatch(place, "a text"),
        }
    }

    fn choice<T: Spelled>(&mut self, parent: &Place, name: &str) -> Option<T> {
        let place = parent.property(name)?;
        let text = self.scalar(&place)?;
        let known = T::SPELLINGS.iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(&text));
        if known.is_none() {
            let spellings: Vec<&str> = T::SPELLINGS.iter().map(|(spelling, _)| *spelling).collect();
            let what = format!("{} is no {name}", place.found());
            self.problems.push(place.problem(what, format!("write one of {}", spellings.join(", "))));
        }
        known.map(|(_, value)| *value)
    }

    fn map<'n>(&mut self, parent: &Place<'n>, name: &str) -> Option<Place<'n>> {
        let place = parent.property(name)?;
        if matches!(place.node.value, Content::Map(_)) { Some(place) } else { self.mismatch(&place, "a map") }
    }

    fn entries<'n>(&mut self, parent: &Place<'n>, name: &str) -> Vec<(&'n str, Place<'n>)> {
        let Some(place) = self.map(parent, name) else { return Vec::new() };
        let Content::Map(entries) = &place.node.value else { return Vec::new() };
        entries.iter().map(|(key, node)| (&**key, Place { node, path: format!("{}[{key:?}]", place.path) })).collect()
    }

    /// The elements of a list, none of which may be `null`.
    fn items<'n>(&mut self, parent: &Place<'n>, name: &str) -> Vec<Place<'n>> {
        let Some(place) = parent.property(name) else { return Vec::new() };
        let Content::List(items) = &place.node.value else {
            return self.mismatch(&place, "a list").unwrap_or_default();
        };
        let items = items.iter().enumerate().map(|(at, node)| Place { node, path: format!("{}[{at}]", place.path) });
        let (given, null): (Vec<_>, Vec<_>) = items.partition(|place| !matches!(place.node.value, Content::Null));
        self.problems.extend(null.iter().map(|place| place.problem("it is null".into(), "fill in the element or remove it")));
        given
    }

    fn mismatch<T>(&mut self, place: &Place, expected: &str) -> Option<T> {
        self.problems.push(place.problem(format!("it is {}", place.found()), format!("write {expected}")));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HEAD: &str = "RecipeFormatVersion: 2020-01-25\nComponentName: a.b-c_D\nComponentVersion: 1.0.0\n";

    fn with(tail: &str) -> Recipe {
        read(format!("{HEAD}{tail}").as_bytes()).unwrap()
    }

    fn problems(tail: &str) -> Vec<String> {
        let problems = read(format!("{HEAD}{tail}").as_bytes()).unwrap_err().problems;
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn defaults_are_filled_in() {
        let recipe = with("Manifests:\n- Artifacts:\n  - uri: s3://b/k\n");
        assert_eq!(
            (recipe.format, recipe.kind, &recipe.default_configuration),
            (Format::Yaml, ComponentType::Generic, &json!({}))
        );
        let artifact = &recipe.manifests[0].artifacts[0];
        assert_eq!((artifact.unarchive, artifact.read, artifact.execute), (Unarchive::None, Permission::Owner, Permission::None));
    }

    #[test]
    fn property_names_and_enum_values_have_any_case() {
        let recipe = with(
            "COMPONENTTYPE: AWS.Greengrass.Lambda\ncomponentdependencies:\n  Z: {versionrequirement: 1.x, dependencytype: soft}\n  \
             A: {VersionRequirement: '*'}\nmanifests: [{platform: {OS: Linux}, artifacts: [{URI: u, permission: {execute: all}}]}]\n",
        );
        assert_eq!(recipe.kind, ComponentType::Lambda);
        let dependencies: Vec<_> = recipe.dependencies.iter().map(|d| (&*d.name, d.requirement.as_str(), d.kind)).collect();
        assert_eq!(dependencies, [("Z", "1.x", DependencyType::Soft), ("A", "*", DependencyType::Hard)]);
        assert_eq!(recipe.manifests[0].platform, [("OS".into(), Some("Linux".into()))]);
        assert_eq!(recipe.manifests[0].artifacts[0].execute, Permission::All);
    }

    #[test]
    fn who_may_execute_may_read() {
        let artifact = |permission: &str| {
            let recipe = with(&format!("Manifests: [{{Artifacts: [{{URI: u, Permission: {permission}}}]}}]\n"));
            (recipe.manifests[0].artifacts[0].read, recipe.manifests[0].artifacts[0].execute)
        };
        assert_eq!(artifact("{Execute: ALL}"), (Permission::All, Permission::All));
        assert_eq!(artifact("{Read: NONE, Execute: OWNER}"), (Permission::Owner, Permission::Owner));
        assert_eq!(artifact("{Read: ALL, Execute: OWNER}"), (Permission::All, Permission::Owner));
        assert_eq!(artifact("{Read: NONE}"), (Permission::None, Permission::None));
    }

    #[test]
    fn what_the_service_says_of_an_artifact_is_kept() {
        let recipe = with(
            "Manifests: [{Artifacts: [{Uri: u, digest: aGk=, algorithm: SHA-512}, {Uri: v, Digest: aGk=}, {Uri: w, Algorithm: x}]}]\n",
        );
        let digests: Vec<_> = recipe.manifests[0].artifacts.iter().map(|artifact| artifact.digest.clone()).collect();
        let other = Digest { algorithm: "SHA-512".into(), value: "aGk=".into() };
        assert_eq!(digests, [Some(other), Some(Digest::sha_256("aGk=".into())), None]);
        let printed = recipe.to_json(|artifact| artifact.digest.clone());
        assert_eq!(read_value(&printed).unwrap().manifests, recipe.manifests);
    }

    #[test]
    fn scalars_are_taken_for_texts_as_written() {
        let recipe = with(
            "ComponentPublisher: 1_000\nComponentDescription: yes\nComponentDependencies:\n  A: {VersionRequirement: &v 1.10}\n  \
             B: {VersionRequirement: *v}\n  C: {VersionRequirement: 2}\nManifests: [{Platform: {gpu: true, os: ~}}]\n",
        );
        assert_eq!(recipe.publisher.as_deref(), Some("1_000"));
        assert_eq!(recipe.description.as_deref(), Some("yes"));
        let requirements: Vec<_> = recipe.dependencies.iter().map(|d| d.requirement.as_str()).collect();
        assert_eq!(requirements, ["1.10", "1.10", "2"]);
        assert_eq!(recipe.manifests[0].platform, [("gpu".into(), Some("true".into())), ("os".into(), None)]);
    }

    #[test]
    fn scalars_are_resolved_as_jackson_does() {
        for (written, value) in [
            ("yes", json!(true)),
            ("On", json!(true)),
            ("NO", json!(false)),
            ("off", json!(false)),
            ("True", json!(true)),
            ("y", json!("y")),
            ("yEs", json!("yEs")),
            ("'yes'", json!("yes")),
            ("\"off\"", json!("off")),
            ("!!str yes", json!("yes")),
            ("|-\n    yes", json!("yes")),
            ("0644", json!(420)),
            ("-010", json!(-8)),
            ("0_7", json!(7)),
            ("00", json!(0)),
            ("08", json!("08")),
            ("08.5", json!(8.5)),
            ("1_000", json!(1000)),
            ("1:30", json!("1:30")),
            ("2020-01-25", json!("2020-01-25")),
        ] {
            let recipe = with(&format!("ComponentConfiguration:\n  DefaultConfiguration:\n   v: {written}\n"));
            assert_eq!(recipe.default_configuration["v"], value, "{written}");
        }
        let texts = with("Manifests: [{Platform: {a: True, b: off, c: 0644, d: 08}}]\n").manifests.remove(0).platform;
        assert_eq!(texts.into_iter().filter_map(|(_, text)| text).collect::<Vec<_>>(), ["True", "off", "0644", "08"]);
    }

    #[test]
    fn null_is_absent_and_the_unknown_is_ignored() {
        let recipe = with("Manifests:\nLifecycle: ~\nComponentConfiguration: {DefaultConfiguration: null}\nTags: {a: b}\n");
        assert_eq!(recipe, with(""));
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_counts() {
        let recipe =
            with("ComponentPublisher: A\ncomponentPublisher: B\nComponentConfiguration: {DefaultConfiguration: {k: 1, k: 2}}\n");
        assert_eq!((recipe.publisher.as_deref(), recipe.default_configuration), (Some("B"), json!({"k": 2})));
    }

    #[test]
    fn configuration_keeps_its_order_and_kinds() {
        let recipe =
            with("ComponentConfiguration: {DefaultConfiguration: {z: 1.50, a: [true, ~, 9007199254740993, false], m: '1'}}\n");
        assert_eq!(recipe.default_configuration.to_string(), r#"{"z":1.5,"a":[true,null,9007199254740993,false],"m":"1"}"#);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        assert_eq!(
            problems(
                "ComponentType: lambda\nComponentDependencies:\n  A: {VersionRequirement: \">=1.0.0, <2.0.0\"}\n  B: ^1\n\
                 Manifests:\n- Platform: linux\n  Artifacts:\n  - URI: a\n    Unarchive: tar\n  - Uri: [a]\n"
            ),
            [
                "ComponentType (line 4): \"lambda\" is no ComponentType; write one of aws.greengrass.generic, \
                 aws.greengrass.lambda, aws.greengrass.plugin, aws.greengrass.nucleus",
                "ComponentDependencies[\"A\"].VersionRequirement (line 6): \">=1.0.0, <2.0.0\" is not a version requirement that \
                 a core device can read: \"1.0.0,\" is not a version: its numbers must be digits; give the versions that are \
                 acceptable, such as \"^1.0.0\" or \">=1.0.0 <2.0.0\"",
                "ComponentDependencies[\"B\"] (line 7): \"^1\" tells no VersionRequirement; write a map with VersionRequirement; \
                 give the versions that are acceptable, such as \"^1.0.0\" or \">=1.0.0 <2.0.0\"",
                "Manifests[0].Platform (line 9): it is \"linux\"; write a map",
                "Manifests[0].Artifacts[0].Unarchive (line 12): \"tar\" is no Unarchive; write one of NONE, ZIP",
                "Manifests[0].Artifacts[1].URI (line 13): it is a list of one element; write a text",
            ]
        );
    }

    #[test]
    fn limits_hold() {
        let recipe = |name: &str, version: &str| {
            read(
                json!({"RecipeFormatVersion": FORMAT_VERSION, "ComponentName": name, "ComponentVersion": version})
                    .to_string()
                    .as_bytes(),
            )
        };
        assert!(recipe(&"a".repeat(128), &format!("999999.0.0-{}", "a".repeat(53))).is_ok());
        assert!(recipe(&"a".repeat(129), "1.0.0").is_err());
        assert!(recipe("a", &format!("999999.0.0-{}", "a".repeat(54))).is_err());
        assert!(recipe("a", "1.0.1000000").is_err());
        assert!(recipe("", "1.0.0").is_err());
        let comment = "#".repeat(document::SIZE_LIMIT - HEAD.len());
        assert_eq!(with(&comment), with(""));
        assert_eq!(problems(&format!("{comment}#")).len(), 1);
    }

    #[test]
    fn what_is_no_document_is_told() {
        let problem = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(
            problem(b""),
            "recipe (line 1): it is null, not a map of properties; begin with `RecipeFormatVersion: 2020-01-25`"
        );
        assert!(problem(b"a: b\n\xff").starts_with("recipe (line 2): it is not UTF-8 text"));
        assert!(problem(b"{\"a\": 1").starts_with("recipe (line 1, column 7): it is not JSON: EOF while parsing an object;"));
        assert!(problem(b"a: [").starts_with("recipe (line "));
        for nested in ["[".repeat(15_000), "{\"a\":".repeat(3_000), "- ".repeat(7_000)] {
            assert!(!read(nested.as_bytes()).unwrap_err().problems.is_empty());
        }
        // aliases of aliases: a hundred million values in a few lines
        let multiplied = (1..8).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")));
        let multiplied = format!("a0: &a0 [{}]\n{}", "x, ".repeat(10), multiplied.collect::<String>());
        assert!(problem(multiplied.as_bytes()).contains("too large"), "{}", problem(multiplied.as_bytes()));
    }
}
