//! Versions as the device reads and orders them.
//!
//! A version is `MAJOR.MINOR.PATCH[-suffix][+build]`. The device is more lenient than semver: leading zeros, a fourth
//! number and an empty suffix pass, and the parts of a suffix compare without regard to case. Two versions are *the
//! same* when their texts without the build are; so two may be neither the same nor one above the other.

use std::cmp::Ordering;
use std::fmt;

/// A whole version, or (inside a requirement only) one that leaves out its patch or its minor number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    text: Box<str>,
    major: i32,
    minor: Option<i32>,
    patch: Option<i32>,
    /// The dotted parts after the first `-`; empty where there is none.
    suffix: Box<[Box<str>]>,
}

/// Why a text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a version: {reason}", shown(text))]
pub struct InvalidVersion {
    pub text: String,
    pub reason: &'static str,
}

/// What may stand in for a number that a version in a requirement leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Partial {
    /// Nothing: `1`, `1.2`.
    Missing,
    /// Nothing, `x`, `X` or `*`; and a `v` may lead: `1.x`, `1.2.*`, `v1`.
    Wildcard,
}

impl Version {
    /// Reads a version with all three numbers.
    pub fn parse(text: &str) -> Result<Self, InvalidVersion> {
        let version = Self::parse_partial(text, Partial::Missing)?;
        if version.is_whole() { Ok(version) } else { Err(InvalidVersion { text: text.into(), reason: "it needs three numbers" }) }
    }

    pub(super) fn parse_partial(text: &str, partial: Partial) -> Result<Self, InvalidVersion> {
        let invalid = |reason| InvalidVersion { text: text.into(), reason };
        let mut text = text.trim();
        if partial == Partial::Wildcard {
            text = text.strip_prefix(['v', 'V']).unwrap_or(text).trim();
        }
        let plain = without_build(text);
        if text.ends_with('+') {
            return Err(invalid("the build after `+` is empty"));
        }
        let (numbers, suffix) = match plain.split_once('-') {
            Some((numbers, suffix)) => (numbers, suffix.split('.').map(Into::into).collect()),
            None => (plain, Box::default()),
        };
        let mut numbers = numbers.trim_end_matches('.').split('.').map(|number| match number {
            "x" | "X" | "*" if partial == Partial::Wildcard => Ok(None),
            digits if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => Err("its numbers must be digits"),
            digits => digits.parse().map(Some).map_err(|_| "a number is above 2147483647"),
        });
        let mut next = || numbers.next().unwrap_or(Ok(None)).map_err(invalid);
        let major = next()?.ok_or_else(|| invalid("it needs a major number"))?;
        Ok(Self { text: text.into(), major, minor: next()?, patch: next()?, suffix })
    }

    /// The whole version that these numbers make, with the suffix and build of `self`.
    pub(super) fn padded(&self) -> Self {
        let rest = &self.text[self.text.find(['-', '+']).unwrap_or(self.text.len())..];
        let (minor, patch) = (self.minor(), self.patch());
        Self {
            text: format!("{}.{minor}.{patch}{rest}", self.major).into(),
            minor: Some(minor),
            patch: Some(patch),
            ..self.clone()
        }
    }

    pub(super) fn from_numbers(major: i32, minor: i32, patch: i32) -> Self {
        let text = format!("{major}.{minor}.{patch}").into();
        Self { text, major, minor: Some(minor), patch: Some(patch), suffix: Box::default() }
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn major(&self) -> i32 {
        self.major
    }

    #[must_use]
    pub fn minor(&self) -> i32 {
        self.minor.unwrap_or(0)
    }

    #[must_use]
    pub fn patch(&self) -> i32 {
        self.patch.unwrap_or(0)
    }

    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.suffix.is_empty()
    }

    /// Whether the two are one version: equal texts, builds left aside.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        without_build(&self.text) == without_build(&other.text)
    }

    /// The device's order: numbers, then no suffix above any, then the parts of the suffixes. It is `Equal` for
    /// versions that are not [the same](Self::is_same) where they differ in the spelling only, as `1.0.0-rc` and
    /// `1.0.0-RC` do.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor(), version.patch());
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| self.suffix.is_empty().cmp(&other.suffix.is_empty()))
            .then_with(|| {
                let parts = self.suffix.iter().zip(&other.suffix);
                parts.map(|(a, b)| compare_parts(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
            .then_with(|| self.suffix.len().cmp(&other.suffix.len()))
    }

    pub(super) fn has_minor(&self) -> bool {
        self.minor.is_some()
    }

    pub(super) fn has_patch(&self) -> bool {
        self.patch.is_some()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.has_minor() && self.has_patch()
    }

    pub(super) fn has_numbers_of(&self, other: &Self) -> bool {
        (self.major, self.minor, self.patch) == (other.major, other.minor, other.patch)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// In quotes, and no longer than one reads.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{:?}... ({} characters)", &text[..end], text.chars().count()),
        None => format!("{text:?}"),
    }
}

fn without_build(text: &str) -> &str {
    text.split_once('+').map_or(text, |(plain, _)| plain)
}

fn compare_parts(a: &str, b: &str) -> Ordering {
    match (a.parse::<i32>(), b.parse::<i32>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn the_order_is_the_devices() {
        let sorted = ["0.9.9", "1.0.0-1", "1.0.0-a", "1.0.0-a.2", "1.0.0-a.10", "1.0.0-B", "1.0.0", "1.0.1", "1.10.0", "2.0.0"];
        for pair in sorted.windows(2) {
            assert_eq!(version(pair[0]).compare(&version(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(version(pair[1]).compare(&version(pair[0])), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(version("1.0.0-rc").compare(&version("1.0.0-RC")), Ordering::Equal);
        assert!(!version("1.0.0-rc").is_same(&version("1.0.0-RC")));
        assert!(version("1.0.0+a").is_same(&version("1.0.0+b")));
    }

    #[test]
    fn what_the_device_lets_pass() {
        for text in ["1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-a.b+c", "2147483647.0.0"] {
            assert_eq!(version(text).as_str(), text);
        }
        for text in ["", "1", "1.0", "v1.0.0", "1.x.0", "1.0.0+", "1.0.0-a+", "2147483648.0.0", "1..0", "NEXT_PATCH"] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }
}
