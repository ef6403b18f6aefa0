//! What the model allows of a value beyond its type: the one place that checks it, for the client and the emulator.
//!
//! A [`Breach`] says which limit is not kept; whoever reports it finds the words.

use fancy_regex::Regex;
use once_cell::race::OnceBox;

/// Lengths of strings (in characters), lists and maps; values of numbers.
#[derive(Debug, Default)]
pub struct Constraints {
    pub min: Option<Bound>,
    pub max: Option<Bound>,
    pub pattern: Option<Pattern>,
    /// The members of an enum; empty where any text may stand.
    pub values: Vec<Box<str>>,
}

/// A limit, printed as the model spells it. All limits of the model are whole numbers.
pub type Bound = i64;

/// A constraint that a value does not keep.
#[derive(Clone, Copy, Debug)]
pub enum Breach<'c> {
    BelowMin(Bound),
    AboveMax(Bound),
    NotOf(&'c [Box<str>]),
    Unlike(&'c Pattern),
}

impl Constraints {
    /// What is wrong with `length` characters, items or entries.
    pub fn of_length(&self, length: usize) -> Option<Breach<'_>> {
        let length = Bound::try_from(length).unwrap_or(Bound::MAX);
        self.of_range(|min| length < min, |max| length > max)
    }

    /// What is wrong with a number of which its owner says how it compares.
    pub fn of_range(&self, below: impl FnOnce(Bound) -> bool, above: impl FnOnce(Bound) -> bool) -> Option<Breach<'_>> {
        let low = self.min.filter(|&min| below(min)).map(Breach::BelowMin);
        low.or_else(|| self.max.filter(|&max| above(max)).map(Breach::AboveMax))
    }

    /// What is wrong with the letters of `text`; its length is another matter.
    pub fn of_letters(&self, text: &str) -> impl Iterator<Item = Breach<'_>> {
        let pattern = self.pattern.as_ref().filter(|pattern| !pattern.matches(text));
        let listed = self.values.is_empty() || self.values.iter().any(|value| **value == *text);
        pattern.map(Breach::Unlike).into_iter().chain((!listed).then_some(Breach::NotOf(&self.values)))
    }
}

/// A regular expression that a whole text must match, compiled when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    /// As the model spells it.
    pub source: Box<str>,
    compiled: OnceBox<Regex>,
}

impl Pattern {
    #[must_use]
    pub fn new(source: Box<str>) -> Self {
        Self { source, compiled: OnceBox::new() }
    }

    fn matches(&self, text: &str) -> bool {
        let compile =
            || Box::new(Regex::new(&format!("^(?:{})$", self.source)).expect("the model's patterns are regular expressions"));
        self.compiled.get_or_init(compile).is_match(text).unwrap_or(false)
    }
}
