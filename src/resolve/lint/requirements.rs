//! Findings on versions and requirements: where a device reads something else than npm, whose ranges are promised.

use nodejs_semver::{Range, Version as NpmVersion};

use super::{Findings, Severity};
use crate::resolve::recipe::{Recipe, Step};
use crate::resolve::requirement::Requirement;
use crate::resolve::version::Version;

const NUCLEUS: &str = "aws.greengrass.Nucleus";

/// A deployment names a version, which the device reads as a requirement.
pub fn own_version(recipe: &Recipe, findings: &mut Findings) {
    let version = &recipe.version;
    let means_itself = Requirement::parse(version.as_str()).is_ok_and(|requirement| requirement.matches(version));
    if !means_itself {
        findings.add(
            Severity::Error,
            "version_means_another",
            &[Step::Property("ComponentVersion")],
            format!("{:?} as a requirement is not met by itself, so no deployment can name it", version.as_str()),
            "let what follows the hyphen begin with a letter and have no other hyphen, such as \"1.0.0-rc.1\"",
        );
    }
}

pub fn dependencies(recipe: &Recipe, findings: &mut Findings) {
    for dependency in &recipe.dependencies {
        let entry = [Step::Property("ComponentDependencies"), Step::Entry(&dependency.name)];
        if dependency.name == recipe.name {
            let message = format!("{} depends on itself, and devices refuse circular dependencies", recipe.name);
            findings.add(Severity::Error, "self_dependency", &entry, message, "remove the dependency");
        }
        let place = [entry[0], entry[1], Step::Property("VersionRequirement")];
        let requirement = &dependency.requirement;
        grammar(requirement, &place, findings);
        if dependency.name == NUCLEUS && takes_a_next_patch(requirement) {
            findings.add(
                Severity::Note,
                "unpinned_nucleus",
                &place,
                format!("{requirement} lets a deployment bring another patch of the nucleus, which restarts the device"),
                format!("name {NUCLEUS} and its version in every deployment that has this component"),
            );
        }
    }
}

/// Whether some version and its next patch both meet the requirement.
fn takes_a_next_patch(requirement: &Requirement) -> bool {
    let next = |version: &Version| Version::from_numbers(version.major(), version.minor(), version.patch().saturating_add(1));
    samples(requirement).iter().any(|version| requirement.matches(version) && requirement.matches(&next(version)))
}

fn grammar(requirement: &Requirement, place: &[Step], findings: &mut Findings) {
    let text = requirement.as_str();
    let samples = samples(requirement);
    if let Some(bound) = requirement.bounds().find(|bound| !bound.is_whole()) {
        let message = format!("{text:?} compares with {bound}, which devices do not fill up with zeros as npm does");
        let remedy = format!("write all three numbers, such as {:?}", bound.padded().as_str());
        findings.add(Severity::Warning, "partial_comparator", place, message, remedy);
    } else if let Ok(range) = Range::parse(text)
        && !text.replace("||", "").contains('|')
    {
        let released =
            samples.iter().filter(|version| !version.is_prerelease() || requirement.bounds().any(|bound| bound.is_same(version)));
        let differs = |version: &&Version| {
            let npm = NpmVersion::parse(version.as_str()).map(|npm| range.satisfies(&npm));
            npm.is_ok_and(|met| met != requirement.matches(version))
        };
        // the whole text may be a version, and `1.0.0-1` be read as a range all the same
        let named = Version::parse(text).ok();
        if let Some(version) = named.iter().chain(released).find(differs) {
            let (device, npm) = if requirement.matches(version) { ("takes", "does not") } else { ("does not take", "does") };
            let message = format!("for {text:?} a device {device} {version}, and npm {npm}: it reads {requirement}");
            findings.add(Severity::Warning, "npm_disagrees", place, message, "write what both read, such as \">=1.0.0 <2.0.0\"");
        }
    } else {
        let message = format!("{text:?} is no range of npm's, but a device reads it: as {requirement}");
        findings.add(Severity::Warning, "npm_disagrees", place, message, format!("write {:?}", requirement.to_string()));
    }
    let named = |version: &Version| requirement.bounds().any(|bound| bound.is_prerelease() && bound.has_numbers_of(version));
    if let Some(leak) = samples.iter().find(|version| version.is_prerelease() && !named(version) && requirement.matches(version))
    {
        let message = format!("{text:?} lets prereleases in, such as {leak}, which npm's ranges do not");
        let remedy = "give a lower and an upper bound, such as \">=1.0.0 <2.0.0\": together they hold prereleases back";
        findings.add(Severity::Note, "prerelease_leak", place, message, remedy);
    }
}

/// Versions at the edges of a requirement, prereleases among them.
fn samples(requirement: &Requirement) -> Vec<Version> {
    let mut samples = Vec::new();
    for bound in requirement.bounds().take(100) {
        let (major, minor, patch) = (bound.major(), bound.minor(), bound.patch());
        samples.push(bound.padded());
        for (major, minor, patch) in [
            (major, minor, patch),
            (major, minor, patch.saturating_add(1)),
            (major, minor.saturating_add(1), 0),
            (major.saturating_add(1), 0, 0),
            (major, minor, (patch - 1).max(0)),
            (major, (minor - 1).max(0), 9),
            ((major - 1).max(0), 9, 9),
        ] {
            samples.push(Version::from_numbers(major, minor, patch));
            samples.extend(Version::parse(&format!("{major}.{minor}.{patch}-a")));
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::super::lint;
    use crate::resolve::recipe;

    fn codes(version: &str, dependency: &str, requirement: &str) -> Vec<&'static str> {
        let text = format!(
            r#"{{"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "{version}",
            "ComponentDependencies": {{"{dependency}": {{"VersionRequirement": "{requirement}"}}}},
            "Manifests": [{{"Platform": {{"os": "linux", "runtime": "*"}}}}, {{}}]}}"#
        );
        lint(&recipe::read(text.as_bytes()).unwrap()).into_iter().map(|finding| finding.code).collect()
    }

    fn of(requirement: &str) -> Vec<&'static str> {
        codes("1.0.0", "b", requirement)
    }

    #[test]
    fn what_both_read_alike_is_not_found() {
        for requirement in
            ["^1.0.0", "~1.2.3", "1.0.0", "1.x", ">=1.0.0 <2.0.0", "1.0.0 || 2.0.0", "1.0.0 - 1.4.0", "~1", "1.0.0-rc"]
        {
            assert_eq!(of(requirement), [""; 0], "{requirement}");
        }
    }

    #[test]
    fn where_they_differ_is_found() {
        for requirement in [">=2.0", "<2.0", "=2", ">2", "<=2.1", ">=1.0.0 <2.0"] {
            assert!(of(requirement).contains(&"partial_comparator"), "{requirement}: {:?}", of(requirement));
        }
        for requirement in ["~>2.0.0", "==1.0.0", "latest", "1.0.0-1", "1.0.0-20230101", ">=1.0.0=1.5.0", "^1.0.0 | ^2.0.0"] {
            assert!(of(requirement).contains(&"npm_disagrees"), "{requirement}: {:?}", of(requirement));
        }
        for requirement in ["*", "", ">=1.0.0", "<2.0.0", ">=1.0.0-beta"] {
            assert_eq!(of(requirement), ["prerelease_leak"], "{requirement}");
        }
    }

    #[test]
    fn versions_that_cannot_be_named_are_found() {
        for version in ["1.0.0-1", "1.0.0-20230101", "1.0.0-a-b"] {
            assert_eq!(codes(version, "b", "^1.0.0"), ["version_means_another"], "{version}");
        }
        assert_eq!(codes("1.0.0-rc.1", "b", "^1.0.0"), [""; 0]);
    }

    #[test]
    fn the_nucleus_and_oneself_are_found() {
        for requirement in ["^2.0.0", "~2.5.0", ">=2.5.0 <2.5.2", ">2.5.0 <2.5.3", "2.5.0 || 2.5.1"] {
            assert_eq!(codes("1.0.0", super::NUCLEUS, requirement), ["unpinned_nucleus"], "{requirement}");
        }
        for requirement in ["2.5.0", "=2.5.0", ">=2.5.0 <=2.5.0", "2.5.0 || 2.6.0"] {
            assert_eq!(codes("1.0.0", super::NUCLEUS, requirement), [""; 0], "{requirement}");
        }
        assert_eq!(codes("1.0.0", "a", "1.0.0"), ["self_dependency"]);
    }
}
