//! Notes on parameters that do not fit: the member that was probably meant and its place, or the cast that is missing.
//!
//! A note is given only where it is short and very likely right; where nothing is near, there is none.

use crate::model::{Kind, Model, ShapeId, Structure};

/// Bytes of a key that may be a name written wrong. Likeness costs the product of two lengths.
const LONGEST: usize = 100;

/// For `key`, which `structure` at `place` does not have: a name like it, else the place in `input` that has it.
///
/// `given` tells which members the caller gives already, and so cannot have meant.
pub(super) fn unknown(
    model: &Model,
    input: ShapeId,
    structure: &Structure,
    given: impl Fn(usize) -> bool,
    key: &str,
    place: &[u8],
) -> Option<Vec<u8>> {
    if key.len() > LONGEST {
        return None;
    }
    let wanted = fold(key);
    let names = structure.members.iter().enumerate().map(|(at, member)| (given(at), &*member.name, fold(&member.name)));
    let (given, free): (Vec<_>, Vec<_>) = names.partition(|(given, ..)| *given);
    let meant = |name: &str| {
        let question = format!("Did you mean \"{name}\" in place of \"{key}\" in ");
        Some([question.as_bytes(), place, b"?"].concat())
    };
    if let Some((_, name, _)) = free.iter().find(|(.., folded)| *folded == wanted) {
        return meant(name);
    }
    if given.iter().any(|(.., folded)| *folded == wanted) {
        return None; // twice, in two spellings
    }
    let mut search = Search { model, wanted: &wanted, not_in: structure, trail: Vec::new(), found: Vec::new() };
    search.shape(input, "");
    if let Some((name, _)) = search.found.first() {
        let places: Vec<&str> = search.found.iter().map(|(_, place)| place.as_str()).collect();
        let belongs = format!("\"{name}\" belongs in {}, not in ", places.join(" or "));
        return Some([belongs.as_bytes(), place, b"."].concat());
    }
    let free: Vec<(&str, String)> = free.into_iter().map(|(_, name, folded)| (name, folded)).collect();
    nearest(&wanted, &free).and_then(meant)
}

/// The name that is few edits away, else the only one of which `wanted` is a part.
fn nearest<'n>(wanted: &str, names: &[(&'n str, String)]) -> Option<&'n str> {
    const TELLING: usize = 4;
    let edits = |folded: &str| strsim::damerau_levenshtein(wanted, folded);
    if let Some((name, folded)) = names.iter().min_by_key(|(_, folded)| edits(folded))
        && edits(folded) <= wanted.chars().count().max(folded.len()) / 3
    {
        return Some(name);
    }
    let mut longer = names.iter().filter(|(_, folded)| wanted.len() >= TELLING && folded.contains(wanted));
    match (longer.next(), longer.next()) {
        (Some((name, _)), None) => Some(name),
        _ => None,
    }
}

/// For a value of the Python type `given`, where `kind` asks for another.
pub(super) fn wrong_type(model: &Model, kind: &Kind, given: &[u8], optional: bool, place: &[u8]) -> Option<Vec<u8>> {
    let given = std::str::from_utf8(given).ok()?.strip_prefix("<class '")?.strip_suffix("'>")?;
    let remedy = match (kind, given) {
        (_, "NoneType") if optional => "leave it out where there is no value".to_owned(),
        (Kind::Integer | Kind::Long, "str" | "float") => "int(...) makes a whole number of it".to_owned(),
        (Kind::Double, "str") => "float(...) makes a number of it".to_owned(),
        (Kind::Boolean, "str" | "int") => "write True or False, without quotes".to_owned(),
        (Kind::String, "bytes" | "bytearray") => ".decode() makes a str of it".to_owned(),
        (Kind::String, "int" | "float" | "uuid.UUID") => "str(...) makes a text of it".to_owned(),
        (Kind::String | Kind::Blob, "dict") => "json.dumps(...) makes JSON of it".to_owned(),
        (Kind::List { .. }, "set" | "frozenset" | "generator" | "dict_keys" | "dict_values") => {
            "list(...) makes a list of it".to_owned()
        }
        (Kind::List { .. }, "str") => "put it into a list, even where it is the only one".to_owned(),
        (Kind::Structure(structure), "str") => {
            let &[only] = &structure.required[..] else { return None };
            let member = &structure.members[only];
            if !matches!(model.shape(member.shape).kind, Kind::String) {
                return None;
            }
            format!("put it into a dict, as {{\"{}\": ...}}", member.name)
        }
        _ => return None,
    };
    Some([place, b": ", remedy.as_bytes(), b"."].concat())
}

/// A name without what spelling rules add to it: `target_arn`, `TargetArn` and `targetARN` are one.
fn fold(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Looks for a member below a shape.
struct Search<'s> {
    model: &'s Model,
    wanted: &'s str,
    not_in: &'s Structure,
    /// The shapes around, since a shape may hold itself.
    trail: Vec<ShapeId>,
    /// Each with the place of the structure that has it.
    found: Vec<(&'s str, String)>,
}

impl Search<'_> {
    fn shape(&mut self, id: ShapeId, place: &str) {
        if self.trail.contains(&id) {
            return;
        }
        self.trail.push(id);
        let model = self.model;
        match &model.shape(id).kind {
            Kind::Structure(structure) => {
                for member in &structure.members {
                    if fold(&member.name) == self.wanted && !std::ptr::eq(structure, self.not_in) {
                        let place = if place.is_empty() { "input" } else { place };
                        self.found.push((&member.name, place.to_owned()));
                    }
                    let dot = if place.is_empty() { "" } else { "." };
                    self.shape(member.shape, &format!("{place}{dot}{}", member.name));
                }
            }
            Kind::List { member } => self.shape(*member, &format!("{place}[...]")),
            Kind::Map { value, .. } => self.shape(*value, &format!("{place}.<key>")),
            _ => {}
        }
        self.trail.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(operation: &str, key: &str, given: &[&str]) -> Option<String> {
        let model = Model::greengrassv2();
        let input = model.operation(operation).unwrap().input.unwrap();
        let structure = model.structure(input);
        let given = |at: usize| given.contains(&&*structure.members[at].name);
        unknown(model, input, structure, given, key, b"input").map(|note| String::from_utf8(note).unwrap())
    }

    #[test]
    fn spelling_is_told_before_place_and_place_before_likeness() {
        let meant = |name, key| Some(format!("Did you mean \"{name}\" in place of \"{key}\" in input?"));
        assert_eq!(note("CreateDeployment", "target_arn", &[]), meant("targetArn", "target_arn"));
        assert_eq!(note("CreateDeployment", "tragetArn", &[]), meant("targetArn", "tragetArn"));
        assert_eq!(note("GetCoreDevice", "thingName", &[]), meant("coreDeviceThingName", "thingName"));
        let place = "\"runWith\" belongs in components.<key>, not in input.";
        assert_eq!(note("CreateDeployment", "run_with", &[]).as_deref(), Some(place));
    }

    #[test]
    fn no_note_is_better_than_a_wrong_one() {
        assert_eq!(note("CreateDeployment", "target_arn", &["targetArn"]), None, "it is given already");
        assert_eq!(note("CreateDeployment", "colour", &[]), None);
        assert_eq!(note("ListClientDevicesAssociatedWithCoreDevice", "name", &["coreDeviceThingName"]), None);
        assert_eq!(note("BatchAssociateClientDeviceWithCoreDevice", "client_devices", &[]), None);
        assert_eq!(note("CreateDeployment", &"targetArn".repeat(1 << 20), &[]), None);
        assert_eq!(note("GetComponentVersionArtifact", "type", &[]), None, "a part of two names");
    }
}
