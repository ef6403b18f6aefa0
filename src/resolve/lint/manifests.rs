//! Findings on manifests: platforms that no device has, devices that none is for.

use std::collections::HashSet;

use super::{Findings, Severity};
use crate::resolve::lite;
use crate::resolve::platform::{self, Platform};
use crate::resolve::recipe::{ComponentType, Manifest, Recipe, Step};

/// What devices say of themselves.
const SYSTEMS: &[&str] = &["linux", "windows", "darwin"];
const ARCHITECTURES: &[&str] = &["amd64", "aarch64", "arm", "x86"];
/// Of 32 bits; other devices have none.
const DETAILS: &[&str] = &["armv6l", "armv7l", "armv8l", "armv6b", "armv7b", "armv8b"];

/// Attribute, the word of other tools, and what devices say instead.
const FOREIGN_LABELS: &[(&str, &str, &str)] = &[
    ("architecture", "arm64", "aarch64"),
    ("architecture", "x86_64", "amd64"),
    ("architecture", "x64", "amd64"),
    ("architecture", "i386", "x86"),
    ("architecture", "i686", "x86"),
    ("architecture", "armhf", "arm"),
    ("architecture", "armv7", "arm"),
    ("architecture", "armv7l", "arm"),
    ("os", "macos", "darwin"),
    ("os", "osx", "darwin"),
    ("os", "mac", "darwin"),
    ("os", "win32", "windows"),
];

pub fn check(recipe: &Recipe, findings: &mut Findings) {
    if recipe.manifests.is_empty() {
        let remedy = "add a manifest, be it one without Platform: `Manifests: [{}]`";
        findings.add(Severity::Error, "no_manifest", &[MANIFESTS], "devices refuse a recipe without manifests".into(), remedy);
        return;
    }
    for (at, manifest) in recipe.manifests.iter().enumerate() {
        labels(at, manifest, findings);
        file_names(at, manifest, findings);
    }
    uncovered(recipe, findings);
    lite_devices(recipe, findings);
}

const MANIFESTS: Step<'static> = Step::Property("Manifests");
const PLATFORM: Step<'static> = Step::Property("Platform");
const NEVER: &str = "label_never_matches";

fn labels(at: usize, manifest: &Manifest, findings: &mut Findings) {
    let known = |attribute: &str| match attribute {
        "os" => SYSTEMS,
        "architecture" => ARCHITECTURES,
        "architecture.detail" => DETAILS,
        _ => &[],
    };
    for (attribute, template) in &manifest.platform {
        let place = [MANIFESTS, Step::Item(at), PLATFORM, Step::Entry(attribute)];
        let mut find = |code, message: String, remedy: String| findings.add(Severity::Error, code, &place, message, remedy);
        let lower = attribute.to_lowercase();
        if lower != *attribute && !known(&lower).is_empty() {
            find(NEVER, format!("no device has an attribute {attribute:?}"), format!("write {lower:?}"));
        }
        let Some(template) = template.as_deref() else { continue };
        let foreign = FOREIGN_LABELS.iter().find(|(of, label, _)| of == attribute && label.eq_ignore_ascii_case(template));
        let spelled = known(attribute).iter().find(|own| **own != template && own.eq_ignore_ascii_case(template));
        if let Some(own) = foreign.map(|(_, _, own)| own).or(spelled) {
            find(NEVER, format!("no device calls its {attribute} {template:?}"), format!("write {own:?}"));
        } else if attribute == "architecture.detail"
            && template.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !DETAILS.contains(&template)
        {
            let remedy = format!("write one of {}; others have an architecture and no detail", DETAILS.join(", "));
            find(NEVER, format!("no device calls its {attribute} {template:?}"), remedy);
        }
        match platform::expression(template) {
            Some(Err(reason)) => {
                let message = format!("{template:?} is no regular expression: {reason}");
                find("invalid_regex", message, "correct it, since devices fail on it".into());
            }
            Some(Ok(expression))
                if !known(attribute).is_empty()
                    && !known(attribute).iter().any(|own| expression.is_match(own).unwrap_or(true)) =>
            {
                let remedy = format!("let it match one of {}", known(attribute).join(", "));
                find(NEVER, format!("no device has an {attribute} that {template:?} matches"), remedy);
            }
            None if template != "*" && !template.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
                let remedy = "begin with a letter or a digit, or write a regular expression between slashes";
                find(NEVER, format!("{template:?} begins with a character that devices reserve"), remedy.into());
            }
            _ => {}
        }
    }
}

/// The artifacts of a manifest lie in one folder.
fn file_names(at: usize, manifest: &Manifest, findings: &mut Findings) {
    let mut met = HashSet::new();
    for (number, artifact) in manifest.artifacts.iter().enumerate() {
        // images and functions are no files
        let file = match artifact.uri.split_once(':') {
            Some(("docker" | "lambda", _)) | None => continue,
            Some((_, path)) => path.rsplit('/').next().unwrap_or_default(),
        };
        if !met.insert(file) {
            let place = [MANIFESTS, Step::Item(at), Step::Property("Artifacts"), Step::Item(number)];
            let message = format!("{file:?} is also the file name of another artifact of the manifest");
            findings.add(Severity::Error, "same_file_name", &place, message, "give each file of a manifest a name of its own");
        }
    }
}

/// Devices of the usual kinds that no manifest fits.
fn uncovered(recipe: &Recipe, findings: &mut Findings) {
    let fits = |os: &str, architecture: &str| {
        let device = Platform::from([("os".into(), os.into()), ("architecture".into(), architecture.into())]);
        matches!(platform::position(&recipe.manifests, &device), Ok(Some(_)))
    };
    let mut missing = Vec::new();
    for os in SYSTEMS {
        let out: Vec<_> = ARCHITECTURES.iter().filter(|architecture| !fits(os, architecture)).copied().collect();
        if out.len() == ARCHITECTURES.len() {
            missing.push((*os).to_owned());
        } else if !out.is_empty() {
            missing.push(format!("{os} on {}", out.join(", ")));
        }
    }
    if !missing.is_empty() {
        let message = format!("no manifest fits {}; such a device fails the whole deployment", missing.join("; "));
        let remedy = "end the list with a manifest without Platform if the component can run anywhere";
        findings.add(Severity::Note, "no_catch_all_manifest", &[MANIFESTS], message, remedy);
    }
}

/// Lite devices skip a manifest that does not name their runtime, and give up at one without Platform.
fn lite_devices(recipe: &Recipe, findings: &mut Findings) {
    let runs_on_linux = recipe.manifests.iter().any(|manifest| {
        let os = manifest.platform.iter().find(|(attribute, _)| attribute == "os").and_then(|(_, os)| os.as_deref());
        let matches = |os| platform::expression(os).is_some_and(|it| it.is_ok_and(|it| it.is_match("linux").unwrap_or(false)));
        os.is_none_or(|os| matches!(os, "linux" | "*" | "all" | "any") || matches(os))
    });
    let fits = |architecture: &&str| {
        let device = Platform::from([("os".into(), "linux".into()), ("architecture".into(), (*architecture).into())]);
        matches!(lite::manifest(&recipe.manifests, &device), Ok(Some(_)))
    };
    if recipe.kind == ComponentType::Generic && runs_on_linux && !ARCHITECTURES.iter().any(fits) {
        findings.add(
            Severity::Note,
            "lite_runtime_missing",
            &[MANIFESTS],
            "no manifest is for lite devices, which want to be named".into(),
            "add `os: linux` and `runtime: \"*\"` to the Platform of the manifest that suits them, and put it before any without Platform",
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::super::lint;
    use crate::resolve::recipe;

    fn found(manifests: &str) -> Vec<(&'static str, String, String)> {
        let text = format!(
            r#"{{"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0", "Manifests": {manifests}}}"#
        );
        let findings = lint(&recipe::read(text.as_bytes()).unwrap());
        findings.into_iter().map(|finding| (finding.code, finding.place, finding.message)).collect()
    }

    fn codes(manifests: &str) -> Vec<&'static str> {
        found(manifests).iter().map(|(code, ..)| *code).collect()
    }

    const LITE: &str = r#"{"Platform": {"os": "linux", "runtime": "*"}}"#;

    #[test]
    fn labels_of_other_tools_are_found() {
        for (attribute, label) in [("os", "macos"), ("os", "Linux"), ("architecture", "arm64"), ("architecture", "x86_64")] {
            let found = found(&format!(r#"[{{"Platform": {{"{attribute}": "{label}"}}}}, {LITE}, {{}}]"#));
            let message = format!("no device calls its {attribute} {label:?}");
            assert_eq!(found, [("label_never_matches", format!("Manifests[0].Platform[{attribute:?}]"), message)]);
        }
        for platform in [
            r#"{"OS": "linux"}"#,
            r#"{"gpu": "-1"}"#,
            r#"{"gpu": "/a"}"#,
            r#"{"architecture": "/arm64/"}"#,
            r#"{"architecture.detail": "arm64"}"#,
            r#"{"os": "/mac.*/"}"#,
        ] {
            assert_eq!(codes(&format!(r#"[{{"Platform": {platform}}}, {LITE}, {{}}]"#)), ["label_never_matches"], "{platform}");
        }
        let fine = r#"[{"Platform": {"os": "darwin", "architecture": "aarch64", "gpu": "Linux", "x": "/a|b/", "y": "*", "z": null,
             "architecture.detail": "/armv[78]l/"}}, {"Platform": {"architecture": "/amd64|arm64/"}}"#;
        assert_eq!(codes(&format!("{fine}, {LITE}, {{}}]")), [""; 0]);
    }

    #[test]
    fn devices_that_no_manifest_fits_are_named() {
        let message =
            |manifests: &str| found(manifests).into_iter().find(|(code, ..)| *code == "no_catch_all_manifest").map(|it| it.2);
        assert_eq!(
            message(r#"[{"Platform": {"os": "linux", "architecture": "/amd64|arm/", "runtime": "*"}}, {"Platform": {"os": "windows"}}]"#).unwrap(),
            "no manifest fits linux on aarch64, x86; darwin; such a device fails the whole deployment"
        );
        for all in [r#"[{"Platform": {"os": "linux"}}, {"Platform": {"os": "all"}}]"#, r#"[{"Platform": {"os": "/.*/"}}]"#] {
            assert_eq!(message(all), None, "{all}");
        }
    }

    #[test]
    fn what_lite_devices_need_is_named() {
        let lite = "lite_runtime_missing";
        assert!(codes(r#"[{"Platform": {"os": "linux"}}]"#).contains(&lite));
        assert!(codes(r#"[{"Platform": {"os": "/linux|darwin/"}}]"#).contains(&lite));
        assert!(!codes(r#"[{"Platform": {"os": "/windows|darwin/"}}]"#).contains(&lite));
        assert!(codes("[{}]").contains(&lite) && codes(&format!("[{{}}, {LITE}]")).contains(&lite));
        assert!(!codes(&format!("[{LITE}]")).contains(&lite));
        assert!(!codes(r#"[{"Platform": {"os": "windows"}}]"#).contains(&lite));
    }

    #[test]
    fn what_devices_fail_on_is_found() {
        assert_eq!(codes("[]"), ["no_manifest"]);
        let found = found(r#"[{}, {"Platform": {"gpu": "linux", "os": "/(/"}}]"#);
        assert_eq!((found[0].0, &*found[0].1), ("invalid_regex", "Manifests[1].Platform[\"os\"]"));
    }
}
