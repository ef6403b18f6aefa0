//! The part of a file that a `Range` header asks for, as S3 reads it: one range, or the whole.

use std::ops::Range;

/// What of a file is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// No range was asked for, or several, or it cannot be read.
    Whole,
    /// Never empty.
    Bytes(Range<usize>),
    /// The range begins behind the end.
    Nothing,
}

impl Part {
    /// What `header` asks for of a file of `length` bytes.
    pub fn of(header: &str, length: usize) -> Self {
        let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Self::Whole;
        };
        let range = match (first.trim(), last.trim()) {
            ("", last) => number(last).map(|count| length.saturating_sub(count)..length),
            (first, "") => number(first).map(|first| first..length),
            (first, last) => match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => Some(first..last.saturating_add(1).min(length)),
                _ => None,
            },
        };
        match range {
            None => Self::Whole,
            Some(range) if range.start < range.end => Self::Bytes(range),
            Some(_) => Self::Nothing,
        }
    }
}

/// Digits; more than there can be bytes are as good as the most.
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read() {
        for (header, part) in [
            ("bytes=0-3", Part::Bytes(0..4)),
            ("bytes=2-2", Part::Bytes(2..3)),
            ("bytes=4-99999999999999999999999", Part::Bytes(4..10)),
            ("bytes=4-", Part::Bytes(4..10)),
            ("bytes=-4", Part::Bytes(6..10)),
            ("bytes=-40", Part::Bytes(0..10)),
            ("bytes=10-", Part::Nothing),
            ("bytes=10-12", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=3-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-4", Part::Whole),
            ("bytes=+1-4", Part::Whole),
            ("lines=1-4", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(Part::of(header, 10), part, "{header}");
        }
        assert_eq!(Part::of("bytes=0-", 0), Part::Nothing);
    }
}
