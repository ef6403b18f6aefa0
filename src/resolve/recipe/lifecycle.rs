//! The steps of a lifecycle as a device reads them when it comes to them, with every default filled in.
//!
//! Names of steps and of their properties may have any case, and of two that are one the last counts. What is no step
//! is passed over, as on the device; [`is_step`] tells.

use serde_json::{Map, Value, json};

use super::read::{Step, path};

/// What a component does at one time of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Bootstrap,
    Install,
    Startup,
    Run,
    Shutdown,
    Recover,
    Uninstall,
}

/// A step with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptStep {
    pub kind: StepKind,
    /// `None` does nothing.
    pub script: Option<String>,
    pub requires_privilege: bool,
    /// `onpath <command>` or `exists <file>`.
    pub skip_if: Option<String>,
    /// In seconds; `None` is without end.
    pub timeout: Option<u64>,
    pub environment: Vec<(String, String)>,
}

/// The steps of a component, and the environment that all of them have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    pub environment: Vec<(String, String)>,
    pub steps: Vec<ScriptStep>,
}

/// What of a step a device cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}; {remedy}", shown(path))]
pub struct UnreadableStep {
    /// The keys that lead there.
    pub path: Vec<String>,
    pub what: String,
    pub remedy: &'static str,
}

fn shown(keys: &[String]) -> String {
    let keys = keys.iter().map(|key| Step::Entry(key));
    path(&std::iter::once(Step::Property("Lifecycle")).chain(keys).collect::<Vec<_>>())
}

const ENVIRONMENT: &str = "Setenv";

impl StepKind {
    const ALL: [(&'static str, Self); 7] = [
        ("Bootstrap", Self::Bootstrap),
        ("Install", Self::Install),
        ("Startup", Self::Startup),
        ("Run", Self::Run),
        ("Shutdown", Self::Shutdown),
        ("Recover", Self::Recover),
        ("Uninstall", Self::Uninstall),
    ];

    /// As the format spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }

    /// How long it may take where the recipe does not say, in seconds.
    #[must_use]
    pub fn default_timeout(self) -> Option<u64> {
        match self {
            Self::Bootstrap | Self::Install | Self::Startup | Self::Uninstall => Some(120),
            Self::Shutdown => Some(15),
            Self::Recover => Some(60),
            Self::Run => None,
        }
    }
}

/// What a lifecycle may have, spelled as in the format.
pub fn known() -> impl Iterator<Item = &'static str> {
    std::iter::once(ENVIRONMENT).chain(StepKind::ALL.iter().map(|(name, _)| *name))
}

/// Whether a lifecycle's key means anything to a device.
#[must_use]
pub fn is_step(name: &str) -> bool {
    known().any(|known| known.eq_ignore_ascii_case(name))
}

impl Lifecycle {
    /// Reads the lifecycle of a manifest, or what selections have left of a recipe's.
    pub fn read(lifecycle: &Map<String, Value>) -> Result<Self, Vec<UnreadableStep>> {
        let (mut read, mut problems) = (Self::default(), Vec::new());
        for (name, value) in lifecycle {
            let mut place = Place { path: vec![name.clone()], problems: &mut problems };
            if name.eq_ignore_ascii_case(ENVIRONMENT) {
                read.environment = place.environment(value);
            } else if let Some(kind) = StepKind::named(name)
                && let Some(step) = place.step(kind, value)
            {
                read.steps.retain(|earlier| earlier.kind != kind);
                read.steps.push(step);
            }
        }
        if problems.is_empty() { Ok(read) } else { Err(problems) }
    }

    /// As JSON, in the spelling of the format, defaults spelled out.
    #[must_use]
    pub fn told(&self) -> Value {
        let variables = |of: &[(String, String)]| of.iter().cloned().map(|(k, v)| (k, Value::from(v))).collect::<Map<_, _>>();
        let step = |step: &ScriptStep| {
            json!({
                "Script": step.script, "RequiresPrivilege": step.requires_privilege, "Skipif": step.skip_if,
                "Timeout": step.timeout, "Setenv": variables(&step.environment),
            })
        };
        let mut told = Map::new();
        told.insert(ENVIRONMENT.into(), variables(&self.environment).into());
        told.extend(self.steps.iter().map(|it| (it.kind.as_str().into(), step(it))));
        told.into()
    }
}

/// Where something is read, and what is wrong there.
struct Place<'p> {
    path: Vec<String>,
    problems: &'p mut Vec<UnreadableStep>,
}

impl Place<'_> {
    fn step(&mut self, kind: StepKind, value: &Value) -> Option<ScriptStep> {
        let (timeout, environment) = (kind.default_timeout(), Vec::new());
        let mut step = ScriptStep { kind, script: None, requires_privilege: false, skip_if: None, timeout, environment };
        match value {
            Value::Null => return None,
            Value::String(script) => step.script = Some(script.clone()),
            Value::Object(properties) => {
                for (name, value) in properties.iter().filter(|(_, value)| !value.is_null()) {
                    self.path.push(name.clone());
                    self.property(&mut step, name, value);
                    self.path.pop();
                }
            }
            other => {
                self.refuse(format!("it is {other}, of which a device makes no script"), "write a text, or a map with Script");
            }
        }
        Some(step)
    }

    fn property(&mut self, step: &mut ScriptStep, name: &str, value: &Value) {
        let text = value.as_str();
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        let remedy = if is("Script") {
            step.script = scalar(value);
            step.script.is_none().then_some("write a text")
        } else if is("Timeout") {
            let seconds = value.as_u64().or_else(|| text?.parse::<u32>().ok().map(u64::from));
            step.timeout = seconds;
            seconds.is_none().then_some("give whole seconds")
        } else if is("RequiresPrivilege") {
            let word = |word: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(word));
            step.requires_privilege = *value == Value::Bool(true) || word("true");
            (!value.is_boolean() && !word("true") && !word("false")).then_some("write true or false")
        } else if is("Skipif") {
            step.skip_if = text.filter(|text| text.starts_with("onpath ") || text.starts_with("exists ")).map(String::from);
            step.skip_if.is_none().then_some("write \"onpath <command>\" or \"exists <file>\"")
        } else {
            if is(ENVIRONMENT) {
                step.environment = self.environment(value);
            }
            None
        };
        if let Some(remedy) = remedy {
            self.refuse(format!("{name} of a step is {value}"), remedy);
        }
    }

    fn environment(&mut self, value: &Value) -> Vec<(String, String)> {
        match value {
            Value::Null => Vec::new(),
            Value::Object(variables) => {
                variables.iter().filter_map(|(name, value)| Some((name.clone(), scalar(value)?))).collect()
            }
            other => {
                self.refuse(format!("it is {other}"), "write a map of variables");
                Vec::new()
            }
        }
    }

    fn refuse(&mut self, what: String, remedy: &'static str) {
        self.problems.push(UnreadableStep { path: self.path.clone(), what, remedy });
    }
}

/// A text, or what a device takes for one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lifecycle: &Value) -> Result<Value, Vec<String>> {
        let read = Lifecycle::read(lifecycle.as_object().unwrap());
        read.map(|lifecycle| lifecycle.told()).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_are_filled_in() {
        let all = read(&json!({
            "Bootstrap": "b", "install": {"script": "i"}, "Startup": {}, "RUN": "r", "Shutdown": "s", "Recover": "c", "Uninstall": "u",
            "nothing": 1,
        }));
        let all = all.unwrap();
        let timeouts: Vec<_> = StepKind::ALL.iter().map(|(name, _)| all[name]["Timeout"].as_u64()).collect();
        assert_eq!(timeouts, [Some(120), Some(120), Some(120), None, Some(15), Some(60), Some(120)]);
        let install = json!({"Script": "i", "RequiresPrivilege": false, "Skipif": null, "Timeout": 120, "Setenv": {}});
        assert_eq!((&all["Install"], all.as_object().unwrap().len()), (&install, 8));
        assert_eq!(all["Startup"]["Script"], Value::Null);
    }

    #[test]
    fn what_is_given_counts_in_any_case() {
        let step = json!({"SCRIPT": 1, "timeout": "30", "requiresprivilege": "True", "SkipIf": "onpath git", "setenv": {"a": 1, "b": true}});
        let told = read(&json!({"SetEnv": {"c": "d"}, "Run": "first", "run": step, "Shutdown": null})).unwrap();
        assert_eq!(
            told,
            json!({
                "Setenv": {"c": "d"},
                "Run": {"Script": "1", "RequiresPrivilege": true, "Skipif": "onpath git", "Timeout": 30, "Setenv": {"a": "1", "b": "true"}},
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let step = json!({"Script": [], "Timeout": -1, "RequiresPrivilege": 1, "Skipif": "exist x", "Setenv": "a=b"});
        assert_eq!(
            read(&json!({"Run": 5, "Install": step, "Setenv": []})).unwrap_err(),
            [
                "Lifecycle[\"Run\"]: it is 5, of which a device makes no script; write a text, or a map with Script",
                "Lifecycle[\"Install\"][\"Script\"]: Script of a step is []; write a text",
                "Lifecycle[\"Install\"][\"Timeout\"]: Timeout of a step is -1; give whole seconds",
                "Lifecycle[\"Install\"][\"RequiresPrivilege\"]: RequiresPrivilege of a step is 1; write true or false",
                "Lifecycle[\"Install\"][\"Skipif\"]: Skipif of a step is \"exist x\"; write \"onpath <command>\" or \"exists <file>\"",
                "Lifecycle[\"Install\"][\"Setenv\"]: it is \"a=b\"; write a map of variables",
                "Lifecycle[\"Setenv\"]: it is []; write a map of variables",
            ]
        );
    }
}
