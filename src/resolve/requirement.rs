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

use super::version::{Partial, Version};

/// A requirement on the version of a component.
///
/// `Display` prints it normalized, as comparators only: `^1.2` becomes `>=1.2.0 <2.0.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    text: Box<str>,
    rule: Rule,
}

/// Why a text is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version requirement that a core device can read: {reason}")]
pub struct InvalidRequirement {
    pub text: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Is(Comparator, Version),
    Both(Box<Rule>, Box<Rule>),
    Either(Box<Rule>, Box<Rule>),
}

/// How long a requirement may get, so that its rule may nest as deep as it is long. The device has no limit of its own.
const TOKEN_LIMIT: usize = 1000;

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
        let rule = if text.is_empty() { Ok(any()) } else { rule(text) };
        match rule {
            Ok(rule) => Ok(Self { text: text.into(), rule }),
            Err(reason) => Err(InvalidRequirement { text: text.into(), reason }),
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        self.rule.matches(version)
    }
}

impl Rule {
    fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Is(comparator, bound) => comparator.holds(version, bound),
            Self::Either(left, right) => left.matches(version) || right.matches(version),
            Self::Both(left, right) => {
                let mut bounds = Vec::new();
                let plain = self.bounds(&mut bounds);
                // Only where comparators stand together must one of them name a prerelease of the very same numbers.
                let held_back = plain
                    && version.is_prerelease()
                    && !bounds.iter().any(|bound| bound.is_prerelease() && bound.has_numbers_of(version));
                !held_back && left.matches(version) && right.matches(version)
            }
        }
    }

    /// Collects the versions named, and tells whether no alternatives are among them.
    fn bounds<'r>(&'r self, bounds: &mut Vec<&'r Version>) -> bool {
        match self {
            Self::Is(_, bound) => {
                bounds.push(bound);
                true
            }
            Self::Both(left, right) => left.bounds(bounds) && right.bounds(bounds),
            Self::Either(..) => false,
        }
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

fn rule(text: &str) -> Result<Rule, String> {
    let tokens = tokens(text);
    if tokens.len() > TOKEN_LIMIT {
        return Err(format!("it has {} parts, and {TOKEN_LIMIT} are enough", tokens.len()));
    }
    evaluate(&mut postfix(tokens)?)
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
    join_suffixes(&mut tokens);
    tokens
}

/// `1.0.0 - rc` is no range, since `rc` is no version: it becomes `1.0.0-rc` again. A version gets one hyphen back.
fn join_suffixes(tokens: &mut Vec<Token>) {
    let mut at = 0;
    while at + 2 < tokens.len() {
        if let [Token::Version(version), Token::Hyphen, Token::Version(suffix)] = &tokens[at..at + 3]
            && Version::parse_partial(suffix, Partial::Wildcard).is_err()
        {
            let joined = Token::Version(format!("{version}-{suffix}"));
            tokens.splice(at..at + 3, [joined]);
        }
        at += 1;
    }
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

/// Takes the last rule off `tokens`, which [`postfix`] made.
fn evaluate(tokens: &mut Vec<Token>) -> Result<Rule, String> {
    Ok(match tokens.pop() {
        Some(Token::Version(text)) if text == "*" || text == "latest" => any(),
        Some(Token::Version(text)) => {
            let version = partial(&text, Partial::Wildcard)?;
            if version.is_whole() { Rule::Is(Comparator::Same, version) } else { tilde(&version) }
        }
        Some(Token::Compare(comparator)) => Rule::Is(comparator, partial(&operand(tokens)?, Partial::Missing)?),
        Some(Token::Tilde) => tilde(&partial(&operand(tokens)?, Partial::Wildcard)?),
        Some(Token::Caret) => caret(&partial(&operand(tokens)?, Partial::Wildcard)?),
        Some(Token::Hyphen) => {
            let upper = partial(&operand(tokens)?, Partial::Wildcard)?;
            let lower = partial(&operand(tokens)?, Partial::Wildcard)?;
            hyphen(&lower, upper)
        }
        Some(Token::Both) => {
            let right = evaluate(tokens)?;
            both(evaluate(tokens)?, right)
        }
        Some(Token::Either) => {
            let right = evaluate(tokens)?;
            Rule::Either(Box::new(evaluate(tokens)?), Box::new(right))
        }
        Some(Token::Open | Token::Close) => return Err("its operators or parentheses do not match".into()),
        None => return Err("a version is missing beside an operator".into()),
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

fn any() -> Rule {
    Rule::Is(Comparator::AtLeast, Version::from_numbers(0, 0, 0))
}

fn both(left: Rule, right: Rule) -> Rule {
    Rule::Both(Box::new(left), Box::new(right))
}

/// From `lower`, and below the next version of the number that `upper` names last.
fn range(lower: &Version, upper: (i32, i32, i32)) -> Rule {
    let upper = Version::from_numbers(upper.0, upper.1, upper.2);
    both(Rule::Is(Comparator::AtLeast, lower.padded()), Rule::Is(Comparator::Below, upper))
}

fn tilde(version: &Version) -> Rule {
    range(version, if version.has_minor() { next_minor(version) } else { next_major(version) })
}

fn caret(version: &Version) -> Rule {
    let next = match (version.major(), version.minor()) {
        (0, 0) if version.is_whole() => (0, 0, version.patch().saturating_add(1)),
        (0, _) if version.has_minor() => next_minor(version),
        _ => next_major(version),
    };
    range(version, next)
}

fn hyphen(lower: &Version, upper: Version) -> Rule {
    if upper.is_whole() {
        both(Rule::Is(Comparator::AtLeast, lower.padded()), Rule::Is(Comparator::AtMost, upper))
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
        self.rule.fmt(f)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(comparator, bound) => {
                let sign = match comparator {
                    Comparator::Same => "=",
                    Comparator::Below => "<",
                    Comparator::AtMost => "<=",
                    Comparator::Above => ">",
                    Comparator::AtLeast => ">=",
                };
                write!(f, "{sign}{bound}")
            }
            Self::Both(left, right) => write!(f, "{left} {right}"),
            Self::Either(left, right) => write!(f, "{left} || {right}"),
        }
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

    #[test]
    fn a_long_text_ends_well() {
        assert!(matches(&vec!["1"; TOKEN_LIMIT / 2].join("||"), "1.5.0"));
        for text in ["1||".repeat(5000), ">=1".repeat(5000), "(".repeat(5000)] {
            assert!(Requirement::parse(&text).is_err());
        }
    }
}
