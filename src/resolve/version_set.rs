//! Sets of a component's versions, as bits by their places in a catalogue's list.
//!
//! The device's requirements are no intervals, so a set is all that can be said of what meets one. A set of "all
//! but these" is one too, since the solver asks for complements and knows no lists.

use std::cell::Cell;
use std::fmt;

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// How many sets this thread has joined or compared so far, which is what a search costs.
#[must_use]
pub fn comparisons() -> u64 {
    COMPARISONS.get()
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionSet {
    /// No zeros at the end, so that equal sets are equal.
    bits: Vec<u64>,
    /// Whether the bits say what is not in the set.
    inverted: bool,
}

impl VersionSet {
    #[must_use]
    pub fn all() -> Self {
        Self { bits: Vec::new(), inverted: true }
    }

    #[must_use]
    pub fn of(places: impl Iterator<Item = usize>) -> Self {
        let mut bits = Vec::new();
        for place in places {
            if bits.len() <= place / 64 {
                bits.resize(place / 64 + 1, 0);
            }
            bits[place / 64] |= 1 << (place % 64);
        }
        Self { bits, inverted: false }
    }

    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        self.bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1) != self.inverted
    }

    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        COMPARISONS.set(COMPARISONS.get() + 1);
        let word = |set: &Self, at: usize| set.bits.get(at).copied().unwrap_or(0);
        let join = |join: fn(u64, u64) -> u64, inverted| {
            let longest = self.bits.len().max(other.bits.len());
            let mut bits: Vec<u64> = (0..longest).map(|at| join(word(self, at), word(other, at))).collect();
            bits.truncate(bits.iter().rposition(|bits| *bits != 0).map_or(0, |last| last + 1));
            Self { bits, inverted }
        };
        match (self.inverted, other.inverted) {
            (false, false) => join(|a, b| a & b, false),
            (false, true) => join(|a, b| a & !b, false),
            (true, false) => join(|a, b| !a & b, false),
            (true, true) => join(|a, b| a | b, true),
        }
    }

    /// Whether the bits of `other` have all of these, whatever they say.
    fn is_within(&self, other: &Self) -> bool {
        self.bits.iter().enumerate().all(|(at, bits)| bits & !other.bits.get(at).copied().unwrap_or(0) == 0)
    }

    /// The first place; of all but some there is always one.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        (0..=self.bits.len() * 64).find(|place| self.has(*place))
    }

    /// How many there are, or how many there are not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty() && !self.inverted
    }
}

impl pubgrub::VersionSet for VersionSet {
    type V = usize;

    fn empty() -> Self {
        Self::default()
    }

    fn singleton(place: usize) -> Self {
        Self::of(std::iter::once(place))
    }

    fn complement(&self) -> Self {
        Self { bits: self.bits.clone(), inverted: !self.inverted }
    }

    fn intersection(&self, other: &Self) -> Self {
        self.and(other)
    }

    fn contains(&self, place: &usize) -> bool {
        self.has(*place)
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        match (self.inverted, other.inverted) {
            (false, false) => self.bits.iter().zip(&other.bits).all(|(a, b)| a & b == 0),
            (false, true) => self.is_within(other),
            (true, false) => other.is_within(self),
            (true, true) => false,
        }
    }

    fn subset_of(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        match (self.inverted, other.inverted) {
            (false, false) => self.is_within(other),
            (false, true) => self.bits.iter().zip(&other.bits).all(|(a, b)| a & b == 0),
            (true, false) => false,
            (true, true) => other.is_within(self),
        }
    }
}

impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_those_of_mathematics() {
        let places = [vec![], vec![0], vec![1, 70], vec![0, 1, 63, 64, 70], vec![70]];
        let finite = places.iter().map(|places| VersionSet::of(places.iter().copied()));
        let sets: Vec<VersionSet> = finite.flat_map(|set| [pubgrub::VersionSet::complement(&set), set]).collect();
        for a in &sets {
            assert_eq!(a.first(), (0..200).find(|place| a.has(*place)));
            assert_eq!(a.and(&pubgrub::VersionSet::complement(a)), VersionSet::default());
            assert_eq!(a.and(&VersionSet::all()), *a);
            for b in &sets {
                let both = a.and(b);
                assert!((0..200).all(|place| both.has(place) == (a.has(place) && b.has(place))), "{a} {b}");
                assert_eq!(both, b.and(a));
                assert_eq!(pubgrub::VersionSet::is_disjoint(a, b), both == VersionSet::default(), "{a} {b}");
                assert_eq!(pubgrub::VersionSet::subset_of(a, b), both == *a, "{a} {b}");
            }
        }
    }
}
