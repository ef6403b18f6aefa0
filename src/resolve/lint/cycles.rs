//! Dependencies that lead back to where they began, over a catalogue.

use std::collections::HashSet;

use super::{Finding, Severity};
use crate::resolve::catalogue::Catalogue;
use crate::resolve::recipe::{self, Recipe, Step};
use crate::resolve::version::Version;

/// The dependencies of `recipe` that lead back to it, each with one way; ways that run into another are left out.
///
/// The versions on the way are those that the cloud would give for each requirement alone; what else is required of
/// them may make it another.
pub fn cycles<C: Catalogue>(recipe: &Recipe, catalogue: &C) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let others = recipe.dependencies.iter().filter(|dependency| dependency.name != recipe.name);
    let leading = others.filter_map(|dependency| {
        let start = highest(&dependency.name, |version| dependency.requirement.matches(version), catalogue)?;
        let way = way_back(start, &recipe.name, catalogue, &mut seen)?;
        let steps = told(&way);
        Some(Finding {
            code: "circular_dependency",
            severity: Severity::Error,
            place: recipe::path(&[Step::Property("ComponentDependencies"), Step::Entry(&dependency.name)]),
            line: None,
            message: format!("it leads back: {} {} needs {steps} needs {}", recipe.name, recipe.version, recipe.name),
            remedy: "remove a dependency of these, since devices refuse circular dependencies, SOFT ones too".into(),
        })
    });
    leading.collect()
}

/// How many components of a way are told at each end of it.
const SHOWN: usize = 8;

fn told(way: &[Shared]) -> String {
    let mut steps: Vec<_> = way.iter().map(|recipe| format!("{} {}", recipe.name, recipe.version)).collect();
    if steps.len() > 2 * SHOWN {
        let hidden = format!("{} others, of which the last", steps.len() - 2 * SHOWN);
        steps.splice(SHOWN..steps.len() - SHOWN, [hidden]);
    }
    steps.join(" needs ")
}

type Shared = std::sync::Arc<Recipe>;

fn highest<C: Catalogue>(name: &str, meets: impl Fn(&Version) -> bool, catalogue: &C) -> Option<Shared> {
    catalogue.versions(name).iter().find(|entry| meets(&entry.version))?.recipe.clone()
}

/// A way from `start` to something that needs `goal`, past what was `seen` before.
fn way_back<C: Catalogue>(start: Shared, goal: &str, catalogue: &C, seen: &mut HashSet<(String, String)>) -> Option<Vec<Shared>> {
    let mut is_new = |recipe: &Shared| seen.insert((recipe.name.clone(), recipe.version.to_string()));
    let mut way: Vec<_> = Some(start).filter(&mut is_new).map(|start| (start, 0)).into_iter().collect();
    while let Some((recipe, next)) = way.last_mut() {
        let Some(dependency) = recipe.dependencies.get(*next) else {
            way.pop();
            continue;
        };
        *next += 1;
        if dependency.name == goal {
            return Some(way.into_iter().map(|(recipe, _)| recipe).collect());
        }
        let further = highest(&dependency.name, |version| dependency.requirement.matches(version), catalogue);
        way.extend(further.filter(&mut is_new).map(|recipe| (recipe, 0)));
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;
    use crate::resolve::catalogue::MemoryCatalogue;
    use crate::resolve::facts;
    use serde_json::json;

    fn found(catalog: &serde_json::Value) -> Vec<String> {
        let catalogue: MemoryCatalogue = facts::catalogue(catalog).unwrap();
        let recipe = catalogue.recipe("A", &Version::parse("1.0.0").unwrap()).unwrap();
        cycles(&recipe, &catalogue).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_way_back_is_told() {
        let far = json!({"A": {"1.0.0": {"deps": {"B": "^1.0.0"}}}, "B": {"1.0.0": {}, "1.2.0": {"deps": {"X": "*", "C": "*"}}},
                         "C": {"1.0.0": {"deps": {"A": "*"}}}, "X": {"1.0.0": {"deps": {"B": "*"}}}});
        assert_eq!(found(&far), ["it leads back: A 1.0.0 needs B 1.2.0 needs C 1.0.0 needs A"]);
        let none = json!({"A": {"1.0.0": {"deps": {"B": "<1.2.0", "Z": "*"}}}, "B": far["B"], "C": far["C"]});
        assert_eq!(found(&none), [""; 0]);
    }

    #[test]
    fn the_deepest_way_ends() {
        let link = |at: usize| (format!("C{at}"), json!({"1.0.0": {"deps": {format!("C{}", at + 1): "*"}}}));
        let mut catalog: serde_json::Map<_, _> = (0..10_000).map(link).collect();
        catalog.insert("A".into(), json!({"1.0.0": {"deps": {"C0": "*"}}}));
        catalog.insert("C10000".into(), json!({"1.0.0": {"deps": {"A": "*"}}}));
        let messages = found(&catalog.into());
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("C7 1.0.0 needs 9985 others, of which the last needs C9993 1.0.0"), "{}", messages[0]);
    }
}
