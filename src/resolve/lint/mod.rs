//! What a recipe says that its author cannot have meant, or that devices read otherwise than its author may think.
//!
//! [`lint_text`] sees one recipe, its lines included; [`lint`] one that has been read. Where a recipe cannot be read,
//! that is what is found, and nothing else. With a catalogue, [`cycles`] finds dependencies that lead back. What hangs
//! on a deployment is not told here.

mod cycles;
mod lifecycles;
mod manifests;
mod requirements;

use super::recipe::{self, Problem, Recipe, Source, Step};

pub use cycles::cycles;

/// One thing to look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A word for programs, `label_never_matches`.
    pub code: &'static str,
    pub severity: Severity,
    /// The way to the value, `Manifests[0].Platform["os"]`; empty where the whole text is meant.
    pub place: String,
    /// Counted from one, where it is known.
    pub line: Option<u64>,
    /// What is wrong, with the value named.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Devices refuse the recipe, or a part of it cannot work.
    Error,
    /// It means something else than it seems to.
    Warning,
    /// It may be meant.
    Note,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Every finding in the text of a recipe: what makes it unreadable, or else what is odd in it.
#[must_use]
pub fn lint_text(text: &[u8]) -> Vec<Finding> {
    match recipe::read(text) {
        Ok(recipe) => found(&recipe, Source::parse(text).ok().as_ref()),
        Err(error) => error.problems.into_iter().map(Finding::from).collect(),
    }
}

/// Every finding in a recipe, in its order.
#[must_use]
pub fn lint(recipe: &Recipe) -> Vec<Finding> {
    found(recipe, None)
}

fn found(recipe: &Recipe, source: Option<&Source>) -> Vec<Finding> {
    let mut findings = Findings { source, list: Vec::new() };
    requirements::own_version(recipe, &mut findings);
    requirements::dependencies(recipe, &mut findings);
    default_configuration(recipe, &mut findings);
    manifests::check(recipe, &mut findings);
    lifecycles::check(recipe, &mut findings);
    findings.list
}

fn default_configuration(recipe: &Recipe, findings: &mut Findings) {
    if recipe.defaults().is_null() {
        let place = [Step::Property("ComponentConfiguration"), Step::Property("DefaultConfiguration")];
        let message = "the default configuration is no object, so devices begin with none".into();
        findings.add(Severity::Warning, "default_is_no_object", &place, message, "write a map, such as `{port: 8080}`");
    }
}

/// What has been found, and where the lines come from.
struct Findings<'s> {
    source: Option<&'s Source>,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, code: &'static str, path: &[Step], message: String, remedy: impl Into<String>) {
        let line = self.source.and_then(|source| source.line(path));
        self.list.push(Finding { code, severity, place: recipe::path(path), line, message, remedy: remedy.into() });
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        let is_requirement = problem.path.ends_with(".VersionRequirement");
        Self {
            code: if is_requirement { "unreadable_requirement" } else { "unreadable_recipe" },
            severity: Severity::Error,
            place: problem.path,
            line: problem.line,
            message: problem.what,
            remedy: problem.remedy,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    const HEAD: &str = "RecipeFormatVersion: 2020-01-25\nComponentName: a\nComponentVersion: 1.0.0\n";

    #[test]
    fn a_finding_has_its_line() {
        let found =
            lint_text(format!("{HEAD}manifests:\n- platform:\n    architecture: arm64\n    os: '*'\n- {{}}\n").as_bytes());
        let label = found.iter().find(|finding| finding.code == "label_never_matches").unwrap();
        assert_eq!((&*label.place, label.line), ("Manifests[0].Platform[\"architecture\"]", Some(6)));
        assert_eq!((&*label.message, &*label.remedy), ("no device calls its architecture \"arm64\"", "write \"aarch64\""));
        let text = "{\"RecipeFormatVersion\": \"2020-01-25\", \"ComponentName\": \"a\",\n\"ComponentVersion\": \"1.0.0-1\", \"Manifests\": [\n\t{}]}";
        let places: Vec<_> = lint_text(text.as_bytes()).into_iter().map(|finding| (finding.place, finding.line)).collect();
        assert_eq!(places, [("ComponentVersion".into(), Some(2)), ("Manifests".into(), Some(2))]);
    }

    #[test]
    fn a_default_that_is_no_object_is_found() {
        for default in ["[1]", "x", "0"] {
            let text = format!("{HEAD}Manifests: [{{}}]\nComponentConfiguration:\n  DefaultConfiguration: {default}\n");
            let found = lint_text(text.as_bytes()).into_iter().find(|finding| finding.code == "default_is_no_object").unwrap();
            assert_eq!((&*found.place, found.line), ("ComponentConfiguration.DefaultConfiguration", Some(6)));
        }
        let none = format!("{HEAD}Manifests: [{{}}]\nComponentConfiguration: {{DefaultConfiguration: ~}}\n");
        assert!(!lint_text(none.as_bytes()).iter().any(|finding| finding.code == "default_is_no_object"));
    }

    #[test]
    fn what_cannot_be_read_is_found_too() {
        let text = format!("{HEAD}ComponentDependencies:\n  b: {{VersionRequirement: <3.x}}\nManifests: [~]\n");
        let found = lint_text(text.as_bytes());
        let told: Vec<_> = found.iter().map(|finding| (finding.code, &*finding.place, finding.line)).collect();
        assert_eq!(
            told,
            [
                ("unreadable_requirement", "ComponentDependencies[\"b\"].VersionRequirement", Some(5)),
                ("unreadable_recipe", "Manifests[0]", Some(6)),
            ]
        );
        assert_eq!(lint_text(b"{").len(), 1);
    }
}
