//! Version requirements as the device reads them.
//!
//! The documentation promises npm's ranges; the device reads a grammar of its own, and this is that one. Spaces mean
//! nothing, not even between versions; a comparator does not pad a partial version (`>=2.0` lacks 2.0.0); a
//! prerelease is held back only where comparators stand together; and operators that make no sense are dropped
//! rather than refused (`==1.0.0` and `~>1.0.0` both read as `=1.0.0`).
//!
//! A text is cut into tokens, these are ordered operands first and evaluated from the end; what is left over by
//! then is ignored, which is how the oddities above come about.

use std::fmt;
use std::sync::Arc;

use super::version::{Partial, Version, shown};

/// A requirement on the version of a component; a clone shares it.
///
/// `Display` prints it normalized, as comparators only: `^1.2` becomes `>=1.2.0 <2.0.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(Arc<Parsed>);

#[derive(Debug, PartialEq, Eq)]
struct Parsed {
    text: Box<str>,
    /// Operands before their operators, so that nothing nests.
    rule: Vec<Term>,
}

/// Why a text is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a version requirement that a core device can read: {reason}", shown(text))]
pub struct InvalidRequirement {
    pub text: String,
    pub reason: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Term {
    Is(Comparator, Version),
    Both,
    Either,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparator {
    Same,
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Version(String),
    Compare(Comparator),
    Tilde,
    Caret,
    Hyphen,
    Both,
    Either,
    Open,
    Close,
}

impl Requirement {
    /// Reads a requirement; nothing, `*` and `latest` mean any version.
    pub fn parse(text: &str) -> Result<Self, InvalidRequirement> {
        let rule = if text.is_empty() { Ok(vec![any()]) } else { postfix(tokens(text)).and_then(rule) };
        match rule {
            Ok(rule) => Ok(Self(Arc::new(Parsed { text: text.into(), rule }))),
            Err(reason) => Err(InvalidRequirement { text: text.into(), reason }),
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        let mut waiting: Vec<Judgement> = Vec::new();
        for term in &self.0.rule {
            let judgement = if let Term::Is(comparator, bound) = term {
                let names_it = bound.is_prerelease() && bound.has_numbers_of(version);
                Judgement { met: comparator.holds(version, bound), plain: true, names_it }
            } else {
                let right = waiting.pop().unwrap_or_default();
                let left = waiting.pop().unwrap_or_default();
                if *term == Term::Both { left.and(right, version) } else { left.or(right) }
            };
            waiting.push(judgement);
        }
        waiting.pop().is_some_and(|judgement| judgement.met)
    }

    /// Whether there is more than one way to meet it. Texts without alternatives mean in one text what they mean by
    /// themselves, prereleases left aside.
    pub(super) fn has_alternatives(&self) -> bool {
        self.0.rule.contains(&Term::Either)
    }

    /// The versions that it names, normalized.
    pub(super) fn bounds(&self) -> impl Iterator<Item = &Version> {
        self.comparisons().map(|(_, bound)| bound)
    }

    fn comparisons(&self) -> impl Iterator<Item = (Comparator, &Version)> {
        self.0.rule.iter().filter_map(|term| if let Term::Is(sign, bound) = term { Some((*sign, bound)) } else { None })
    }
}

/// What a part of a rule makes of a version.
#[derive(Clone, Copy, Default)]
struct Judgement {
    met: bool,
    /// Whether no alternatives are in it.
    plain: bool,
    /// Whether it names a prerelease of the very same numbers.
    names_it: bool,
}

impl Judgement {
    /// Only where comparators stand together are prereleases held back that none of them names.
    fn and(self, other: Self, version: &Version) -> Self {
        let (plain, names_it) = (self.plain && other.plain, self.names_it || other.names_it);
        let held_back = plain && version.is_prerelease() && !names_it;
        Self { met: !held_back && self.met && other.met, plain, names_it }
    }

    fn or(self, other: Self) -> Self {
        Self { met: self.met || other.met, plain: false, names_it: false }
    }
}

impl Comparator {
    /// All five are made of two questions: is it the same, is it above?
    fn holds(self, version: &Version, bound: &Version) -> bool {
        let same = version.is_same(bound);
        let above = version.compare(bound).is_gt();
        match self {
            Self::Same => same,
            Self::Below => !same && !above,
            Self::AtMost => same || !above,
            Self::Above => above,
            Self::AtLeast => same || above,
        }
    }
}

impl Token {
    /// Whether this is an operator before one version.
    fn takes_version(&self) -> bool {
        matches!(self, Self::Compare(_) | Self::Tilde | Self::Caret)
    }
}

/// Cuts the text; a version followed by an operator gets [`Token::Both`] between the two.
fn tokens(text: &str) -> Vec<Token> {
    // Operators of two characters count as one only where no space parts them.
    let text = text.replace("||", "|").replace("<=", "≤").replace(">=", "≥");
    let mut tokens: Vec<Token> = Vec::new();
    for c in text.chars().filter(|&c| c != ' ') {
        let token = match c {
            '~' => Token::Tilde,
            '^' => Token::Caret,
            '=' => Token::Compare(Comparator::Same),
            '<' => Token::Compare(Comparator::Below),
            '≤' => Token::Compare(Comparator::AtMost),
            '>' => Token::Compare(Comparator::Above),
            '≥' => Token::Compare(Comparator::AtLeast),
            '-' => Token::Hyphen,
            '|' => Token::Either,
            '(' => Token::Open,
            ')' => Token::Close,
            other => {
                match tokens.last_mut() {
                    Some(Token::Version(version)) => version.push(other),
                    _ => tokens.push(Token::Version(other.into())),
                }
                continue;
            }
        };
        if token.takes_version() && matches!(tokens.last(), Some(Token::Version(_))) {
            tokens.push(Token::Both);
        }
        tokens.push(token);
    }
    join_suffixes(tokens)
}

/// `1.0.0 - rc` is no range, since `rc` is no version: it becomes `1.0.0-rc` again. A version gets one hyphen back.
fn join_suffixes(tokens: Vec<Token>) -> Vec<Token> {
    let is_suffix =
        |token: &Token| matches!(token, Token::Version(text) if Version::parse_partial(text, Partial::Wildcard).is_err());
    let mut joined = Vec::with_capacity(tokens.len());
    let mut left = tokens.into_iter().peekable();
    while let Some(token) = left.next() {
        joined.push(token);
        let [.., Token::Version(version), Token::Hyphen] = &mut joined[..] else { continue };
        if let Some(Token::Version(suffix)) = left.next_if(is_suffix) {
            version.push('-');
            version.push_str(&suffix);
            joined.pop();
            joined.extend(left.next());
        }
    }
    joined
}

/// Puts operators behind what they apply to. Alternatives are split first; all else binds from right to left, and an
/// operator before a version takes whatever token follows it.
fn postfix(tokens: Vec<Token>) -> Result<Vec<Token>, String> {
    let split = tokens.into_iter().flat_map(|token| match token {
        Token::Either => vec![Token::Close, Token::Either, Token::Open],
        other => vec![other],
    });
    let mut grouped = std::iter::once(Token::Open).chain(split).chain([Token::Close]);
    let (mut output, mut waiting) = (Vec::new(), Vec::new());
    while let Some(token) = grouped.next() {
        match token {
            Token::Version(_) => output.push(token),
            Token::Close => loop {
                match waiting.pop() {
                    Some(Token::Open) => break,
                    Some(operator) => output.push(operator),
                    None => return Err("a `)` has no `(`".into()),
                }
            },
            operator if operator.takes_version() => {
                output.extend(grouped.next());
                output.push(operator);
            }
            other => waiting.push(other),
        }
    }
    output.extend(waiting.into_iter().rev());
    Ok(output)
}

/// The rule at the end of `tokens`, which [`postfix`] made: from its own end on, an operator before its operands.
fn rule(mut tokens: Vec<Token>) -> Result<Vec<Term>, String> {
    let (mut rule, mut missing) = (Vec::new(), 1);
    while missing > 0 {
        match tokens.pop() {
            Some(Token::Both) => {
                rule.push(Term::Both);
                missing += 1;
            }
            Some(Token::Either) => {
                rule.push(Term::Either);
                missing += 1;
            }
            Some(Token::Open | Token::Close) => return Err("its operators or parentheses do not match".into()),
            Some(token) => {
                rule.extend(comparison(token, &mut tokens)?.into_iter().rev());
                missing -= 1;
            }
            None => return Err("a version is missing beside an operator".into()),
        }
    }
    rule.reverse();
    Ok(rule)
}

/// What a version or an operator on versions, which it takes off `tokens`, asks.
fn comparison(token: Token, tokens: &mut Vec<Token>) -> Result<Vec<Term>, String> {
    Ok(match token {
        Token::Version(text) if text == "*" || text == "latest" => vec![any()],
        Token::Version(text) => {
            let version = partial(&text, Partial::Wildcard)?;
            if version.is_whole() { vec![Term::Is(Comparator::Same, version)] } else { tilde(&version) }
        }
        Token::Compare(comparator) => vec![Term::Is(comparator, partial(&operand(tokens)?, Partial::Missing)?)],
        Token::Tilde => tilde(&partial(&operand(tokens)?, Partial::Wildcard)?),
        Token::Caret => caret(&partial(&operand(tokens)?, Partial::Wildcard)?),
        _ => {
            let upper = partial(&operand(tokens)?, Partial::Wildcard)?;
            let lower = partial(&operand(tokens)?, Partial::Wildcard)?;
            hyphen(&lower, upper)
        }
    })
}

fn operand(tokens: &mut Vec<Token>) -> Result<String, String> {
    match tokens.pop() {
        Some(Token::Version(text)) => Ok(text),
        _ => Err("a version is missing beside an operator".into()),
    }
}

fn partial(text: &str, partial: Partial) -> Result<Version, String> {
    Version::parse_partial(text, partial).map_err(|invalid| invalid.to_string())
}

fn any() -> Term {
    Term::Is(Comparator::AtLeast, Version::from_numbers(0, 0, 0))
}

/// From `lower`, and below the next version of the number that `upper` names last.
fn range(lower: &Version, upper: (i32, i32, i32)) -> Vec<Term> {
    let upper = Version::from_numbers(upper.0, upper.1, upper.2);
    vec![Term::Is(Comparator::AtLeast, lower.padded()), Term::Is(Comparator::Below, upper), Term::Both]
}

fn tilde(version: &Version) -> Vec<Term> {
    range(version, if version.has_minor() { next_minor(version) } else { next_major(version) })
}

fn caret(version: &Version) -> Vec<Term> {
    let next = match (version.major(), version.minor()) {
        (0, 0) if version.is_whole() => (0, 0, version.patch().saturating_add(1)),
        (0, _) if version.has_minor() => next_minor(version),
        _ => next_major(version),
    };
    range(version, next)
}

fn hyphen(lower: &Version, upper: Version) -> Vec<Term> {
    if upper.is_whole() {
        vec![Term::Is(Comparator::AtLeast, lower.padded()), Term::Is(Comparator::AtMost, upper), Term::Both]
    } else {
        range(lower, if upper.has_minor() { next_minor(&upper) } else { next_major(&upper) })
    }
}

fn next_major(version: &Version) -> (i32, i32, i32) {
    (version.major().saturating_add(1), 0, 0)
}

fn next_minor(version: &Version) -> (i32, i32, i32) {
    (version.major(), version.minor().saturating_add(1), 0)
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // an operator stands before the first version on its right
        let (mut separators, mut firsts) = (Vec::new(), Vec::new());
        for term in &self.0.rule {
            let separator = match term {
                Term::Is(..) => {
                    firsts.push(separators.len());
                    separators.push("");
                    continue;
                }
                Term::Both => " ",
                Term::Either => " || ",
            };
            separators[firsts.pop().unwrap_or_default()] = separator;
        }
        self.comparisons().zip(separators).try_for_each(|((sign, bound), separator)| write!(f, "{separator}{sign}{bound}"))
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(requirement: &str, version: &str) -> bool {
        Requirement::parse(requirement).unwrap().matches(&Version::parse(version).unwrap())
    }

    #[test]
    fn a_comparator_does_not_pad() {
        assert!(!matches(">=2.0", "2.0.0"));
        assert!(matches("<2.0", "2.0.0"));
        assert!(matches(">=2.0.0", "2.0.0"));
    }

    #[test]
    fn prereleases_are_held_back_among_comparators_only() {
        assert!(matches(">=1.0.0", "2.0.0-beta"));
        assert!(!matches(">=1.0.0 <3.0.0", "2.0.0-beta"));
        assert!(matches(">=2.0.0-alpha <3.0.0", "2.0.0-beta"));
    }

    #[test]
    fn an_error_names_the_text() {
        let error = Requirement::parse(">=1.0.0, <2.0.0").unwrap_err().to_string();
        assert!(error.contains("\">=1.0.0, <2.0.0\"") && error.contains("\"1.0.0,\""), "{error}");
    }

    /// On a stack that is too small for anything that nests as deep as the text is long.
    #[test]
    fn a_long_text_ends_well() {
        const LENGTH: usize = 100_000;
        let check = || {
            let alternatives = vec!["1"; LENGTH].join("||");
            assert!(matches(&alternatives, "1.5.0") && !matches(&alternatives, "2.0.0"));
            let together = ">=1.0.0".repeat(LENGTH);
            assert!(matches(&together, "1.5.0") && !matches(&together, "1.5.0-a"));
            let requirement = Requirement::parse(&together).unwrap();
            assert_eq!(requirement.to_string(), vec![">=1.0.0"; LENGTH].join(" "));
            for text in
                ["1||".repeat(LENGTH), ">=1,".repeat(LENGTH), ")".repeat(LENGTH), "1-a-".repeat(LENGTH), "1,".repeat(LENGTH)]
            {
                let error = Requirement::parse(&text).unwrap_err().to_string();
                assert!(error.len() < 1000, "{error}");
            }
        };
        std::thread::Builder::new().stack_size(256 * 1024).spawn(check).unwrap().join().unwrap();
    }
}
