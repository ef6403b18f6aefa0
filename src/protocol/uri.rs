//! Percent-encoding.

use std::fmt::Write;

const fn table(safe: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 255")]
        let byte = at as u8;
        table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        at += 1;
    }
    let mut at = 0;
    while at < safe.len() {
        table[safe[at] as usize] = true;
        at += 1;
    }
    table
}

static UNRESERVED: [bool; 256] = table(b"");
static UNRESERVED_AND_SLASH: [bool; 256] = table(b"/");
/// What a URL's path or query may hold, percent signs of an earlier encoding included.
static URL: [bool; 256] = table(b"!$&'()*+,;=:@/?%");

static TRACE_ID: [bool; 256] = table(b"=;:+&[]{}\"',");

/// Appends `bytes`, percent-encoded but for letters, digits and `-._~`.
pub fn encode(out: &mut String, bytes: &[u8]) {
    encode_but(out, bytes, &UNRESERVED);
}

/// The same, with slashes kept.
pub fn encode_path(out: &mut String, bytes: &[u8]) {
    encode_but(out, bytes, &UNRESERVED_AND_SLASH);
}

/// The same, with all that a path or query may hold kept.
pub fn encode_url(out: &mut String, bytes: &[u8]) {
    encode_but(out, bytes, &URL);
}

/// A trace id of AWS Lambda, which keeps more than other values do.
pub fn encode_trace_id(out: &mut String, bytes: &[u8]) {
    encode_but(out, bytes, &TRACE_ID);
}

fn encode_but(out: &mut String, bytes: &[u8], keep: &[bool; 256]) {
    out.reserve(bytes.len());
    for &byte in bytes {
        if keep[usize::from(byte)] {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_all_but_the_unreserved() {
        let mut out = String::new();
        encode(&mut out, "aZ9-._~ /:%é".as_bytes());
        assert_eq!(out, "aZ9-._~%20%2F%3A%25%C3%A9");
    }
}
