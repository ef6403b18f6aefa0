//! What is wrong with a recipe, all of it at once.

use std::fmt;

/// The problems that make a text no recipe; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeError {
    pub problems: Vec<Problem>,
}

/// One thing to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The way to the value, `Manifests[0].Artifacts[1].URI`; empty where the whole text is meant.
    pub path: String,
    /// Counted from one. Known where the text is YAML too, as nearly all JSON is, and where JSON is not well-formed.
    pub line: Option<u64>,
    /// Counted from one, known for syntax errors.
    pub column: Option<u64>,
    /// What is wrong, with the value named.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem of the text as a whole, at (line, column).
    pub(super) fn of_document(place: Option<(u64, Option<u64>)>, what: String, remedy: &str) -> Self {
        let (line, column) = place.map_or((None, None), |(line, column)| (Some(line), column));
        Self { path: String::new(), line, column, what, remedy: remedy.into() }
    }
}

impl From<Problem> for RecipeError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for RecipeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() { "recipe" } else { &self.path })?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})")?,
            (Some(line), None) => write!(f, " (line {line})")?,
            _ => {}
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

impl std::error::Error for RecipeError {}
