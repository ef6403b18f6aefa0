//! Who depends on a component, and so stands in the way of a version of it.

use serde_json::{Value, json};

use super::catalogue::MemoryCatalogue;
use super::recipe::Dependency;
use super::version::Version;

/// A version that depends on the component in question.
#[derive(Clone, Debug)]
pub struct Dependent<'c> {
    pub component: &'c str,
    pub version: &'c Version,
    pub dependency: &'c Dependency,
}

impl Dependent<'_> {
    /// As JSON.
    #[must_use]
    pub fn told(&self) -> Value {
        json!({
            "component": self.component, "version": self.version.as_str(),
            "requirement": self.dependency.requirement.as_str(), "type": self.dependency.kind.as_str(),
        })
    }
}

impl MemoryCatalogue {
    /// Every version that depends on `component`, by name, the highest of each first.
    #[must_use]
    pub fn dependents(&self, component: &str) -> Vec<Dependent<'_>> {
        let mut found = Vec::new();
        for (name, versions) in self.components() {
            for entry in versions.iter() {
                let dependencies = entry.recipe.iter().flat_map(|recipe| &recipe.dependencies);
                let of_it = dependencies.filter(|dependency| dependency.name == component);
                found.extend(of_it.map(|dependency| Dependent { component: name, version: &entry.version, dependency }));
            }
        }
        found.sort_by(|a, b| a.component.cmp(b.component)); // a stable sort keeps the order of versions
        found
    }
}
