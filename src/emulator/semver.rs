//! Which versions the service takes: semantic versioning 2.0.0, which is stricter than what devices read.

/// Whether `text` is `major.minor.patch[-pre-release][+build]`.
pub fn is_semantic(text: &str) -> bool {
    let (version, build) = text.split_once('+').map_or((text, None), |(version, build)| (version, Some(build)));
    let (numbers, pre) = version.split_once('-').map_or((version, None), |(numbers, pre)| (numbers, Some(pre)));
    numbers.split('.').count() == 3
        && numbers.split('.').all(|number| is_digits(number) && !is_padded(number))
        && pre.is_none_or(|pre| pre.split('.').all(|part| is_identifier(part) && !is_padded(part)))
        && build.is_none_or(|build| build.split('.').all(is_identifier))
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number that begins with a zero it does not need.
fn is_padded(part: &str) -> bool {
    part.len() > 1 && part.starts_with('0') && is_digits(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_specification_allows_is_taken() {
        for text in
            ["0.0.0", "10.20.30", "1.0.0-alpha", "1.0.0-0.3.7", "1.0.0-x.7.z.92", "1.0.0-0a.01a.-", "1.0.0+001", "1.0.0--+-.0"]
        {
            assert!(is_semantic(text), "{text}");
        }
    }

    #[test]
    fn what_it_forbids_is_not() {
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "01.0.0",
            "1.00.0",
            "1.0.01",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0-a..b",
            "1.0.0+",
            "1.0.0+a..b",
            "1.0.0-a_b",
            "1.0.0+a+b",
            "v1.0.0",
            "1.0.0 ",
            "1..0",
            "1.0.-1",
        ] {
            assert!(!is_semantic(text), "{text}");
        }
    }
}
