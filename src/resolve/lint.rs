//! What a readable recipe says that its author cannot have meant: findings on its manifests and dependencies.
//!
//! [`lint`] sees one recipe and nothing else, so what needs a catalogue or a deployment is not told here. A recipe
//! with findings still loads on a device; what does not load is a [`RecipeError`](super::recipe::RecipeError).

use super::recipe::{Manifest, Recipe};

/// One thing to look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A word for programs, `label_never_matches`.
    pub code: &'static str,
    pub severity: Severity,
    /// The way to the value, `Manifests[0].Platform.os`.
    pub place: String,
    /// What is wrong, with the value named.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A part of the recipe cannot work.
    Error,
    /// Some devices refuse the recipe.
    Warning,
}

/// Attribute, the word of other tools, and what devices say instead.
const FOREIGN_LABELS: &[(&str, &str, &str)] =
    &[("architecture", "arm64", "aarch64"), ("architecture", "x86_64", "amd64"), ("os", "macos", "darwin")];

/// Every finding, in the order of the recipe.
#[must_use]
pub fn lint(recipe: &Recipe) -> Vec<Finding> {
    let mut findings = Vec::new();
    if recipe.dependencies.iter().any(|dependency| dependency.name == recipe.name) {
        findings.push(Finding {
            code: "self_dependency",
            severity: Severity::Error,
            place: format!("ComponentDependencies[{:?}]", recipe.name),
            message: format!("{} depends on itself, and devices refuse circular dependencies", recipe.name),
            remedy: "remove the dependency".into(),
        });
    }
    for (at, manifest) in recipe.manifests.iter().enumerate() {
        foreign_labels(at, manifest, &mut findings);
    }
    if !recipe.manifests.is_empty() && !recipe.manifests.iter().any(fits_everything) {
        findings.push(Finding {
            code: "no_catch_all_manifest",
            severity: Severity::Warning,
            place: "Manifests".into(),
            message: "a device that none of the platforms fits fails the whole deployment".into(),
            remedy: "end the list with a manifest without Platform if the component can run anywhere".into(),
        });
    }
    findings
}

fn foreign_labels(at: usize, manifest: &Manifest, findings: &mut Vec<Finding>) {
    for (attribute, template) in &manifest.platform {
        let foreign = FOREIGN_LABELS.iter().find(|(of, label, _)| of == attribute && Some(*label) == template.as_deref());
        if let Some((_, label, own)) = foreign {
            findings.push(Finding {
                code: "label_never_matches",
                severity: Severity::Error,
                place: format!("Manifests[{at}].Platform.{attribute}"),
                message: format!("no device calls its {attribute} {label:?}"),
                remedy: format!("write {own:?}"),
            });
        }
    }
}

fn fits_everything(manifest: &Manifest) -> bool {
    manifest.platform.iter().all(|(attribute, template)| match template.as_deref() {
        None | Some("*") => true,
        Some("all" | "any") => matches!(&**attribute, "os" | "architecture"),
        Some(_) => false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;
    use crate::resolve::recipe;

    fn codes(dependencies: &str, manifests: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            r#"{{"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0",
            "ComponentDependencies": {dependencies}, "Manifests": {manifests}}}"#
        );
        let recipe = recipe::read(text.as_bytes()).unwrap();
        lint(&recipe).into_iter().map(|finding| (finding.code, finding.place)).collect()
    }

    #[test]
    fn labels_of_other_tools_are_found() {
        let found = codes("{}", r#"[{"Platform": {"os": "macos", "architecture": "arm64"}}, {}]"#);
        let place = |at: &str| ("label_never_matches", format!("Manifests[0].Platform.{at}"));
        assert_eq!(found, [place("os"), place("architecture")]);
        assert_eq!(codes("{}", r#"[{"Platform": {"os": "darwin", "architecture": "aarch64"}}, {}]"#), []);
    }

    #[test]
    fn a_list_without_a_manifest_for_the_rest_is_found() {
        let found = codes("{}", r#"[{"Platform": {"os": "linux"}}]"#);
        assert_eq!(found, [("no_catch_all_manifest", "Manifests".to_string())]);
        assert_eq!(codes("{}", r#"[{"Platform": {"os": "linux"}}, {"Platform": {"os": "all"}}]"#), []);
    }

    #[test]
    fn a_component_that_needs_itself_is_found() {
        let found = codes(r#"{"a": {"VersionRequirement": "1.0.0"}}"#, "[{}]");
        assert_eq!(found, [("self_dependency", r#"ComponentDependencies["a"]"#.to_string())]);
        assert_eq!(codes(r#"{"b": {"VersionRequirement": "1.0.0"}}"#, "[{}]"), []);
    }
}
