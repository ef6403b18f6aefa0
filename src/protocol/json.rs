//! JSON as Python's `json` reads and writes it.
//!
//! Reading is by pull: who knows the shape asks for the next value, so that no tree stands between the bytes and the
//! dict. As in Python, `NaN` and the infinities are numbers and a string may hold lone surrogates.

use std::borrow::Cow;

/// How deep values may nest: as far as the small stack of a thread surely goes, and far beyond any answer of the service.
pub const MAX_DEPTH: usize = 128;

/// How many digits an integer may have: Python refuses more, since they cost it the square of their number.
const MAX_DIGITS: usize = 4300;

/// Why a deeper text is refused.
pub const TOO_DEEP: &str = "values nest too deep";

/// What the next value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Map,
}

/// A string's content.
#[derive(Debug, PartialEq, Eq)]
pub enum Text<'a> {
    Unicode(Cow<'a, str>),
    /// UTF-8, but for lone surrogates, which stand as three bytes each.
    Surrogates(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number<'a> {
    /// The digits, with their sign.
    Integer(&'a str),
    Double(f64),
}

/// The text is no JSON; where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub at: usize,
    pub reason: &'static str,
}

pub type Result<T> = std::result::Result<T, SyntaxError>;

/// A place in a JSON text; a copy remembers it.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// What comes next; it is not read yet.
    pub fn peek(&mut self) -> Result<Next> {
        match self.space() {
            Some(b'"') => Ok(Next::Text),
            Some(b'{') => Ok(Next::Map),
            Some(b'[') => Ok(Next::List),
            Some(b'n') => Ok(Next::Null),
            Some(b't' | b'f') => Ok(Next::Boolean),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Next::Number),
            _ => Err(self.wrong("a value was expected")),
        }
    }

    pub fn null(&mut self) -> Result<()> {
        self.word("null")
    }

    pub fn boolean(&mut self) -> Result<bool> {
        if self.byte() == Some(b't') { self.word("true").map(|()| true) } else { self.word("false").map(|()| false) }
    }

    pub fn number(&mut self) -> Result<Number<'a>> {
        let from = self.at;
        match self.byte() {
            Some(b'N') => return self.word("NaN").map(|()| Number::Double(f64::NAN)),
            Some(b'I') => return self.word("Infinity").map(|()| Number::Double(f64::INFINITY)),
            Some(b'-') if self.text.as_bytes().get(from + 1) == Some(&b'I') => {
                return self.word("-Infinity").map(|()| Number::Double(f64::NEG_INFINITY));
            }
            Some(b'-') => self.at += 1,
            _ => {}
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.wrong("a digit was expected")),
        }
        let mut integer = true;
        let whole = self.at;
        if self.byte() == Some(b'.') {
            self.at += 1;
            let fraction = self.at;
            self.digits();
            if self.at == fraction { self.at = whole } else { integer = false }
        }
        let mantissa = self.at;
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            let exponent = self.at;
            self.digits();
            if self.at == exponent { self.at = mantissa } else { integer = false }
        }
        let digits = &self.text[from..self.at];
        if integer {
            if digits.trim_start_matches('-').len() > MAX_DIGITS {
                return Err(self.wrong("an integer has too many digits"));
            }
            return Ok(Number::Integer(digits));
        }
        digits.parse().map(Number::Double).map_err(|_| self.wrong("a number was expected"))
    }

    pub fn string(&mut self) -> Result<Text<'a>> {
        self.take(b'"', "a string was expected")?;
        let from = self.at;
        let end = self.plain()?;
        if self.text.as_bytes()[end] == b'"' {
            self.at = end + 1;
            return Ok(Text::Unicode(Cow::Borrowed(&self.text[from..end])));
        }
        let mut content = Vec::with_capacity(2 * (end - from) + 128);
        loop {
            let end = self.plain()?;
            content.extend_from_slice(&self.text.as_bytes()[self.at..end]);
            self.at = end + 1;
            if self.text.as_bytes()[end] == b'"' {
                break;
            }
            self.escape(&mut content)?;
        }
        // Nothing but a lone surrogate keeps the content from being UTF-8.
        Ok(match String::from_utf8(content) {
            Ok(content) => Text::Unicode(Cow::Owned(content)),
            Err(error) => Text::Surrogates(error.into_bytes()),
        })
    }

    /// Steps into a list; then [`Self::next_item`] tells whether there is one more.
    pub fn open_list(&mut self) -> Result<()> {
        self.open(b'[')
    }

    /// Whether a value follows, `first` for the first one.
    pub fn next_item(&mut self, first: bool) -> Result<bool> {
        if self.space() == Some(b']') {
            // A comma before the end was refused where it stood.
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.take(b',', "a comma or the list's end was expected")?;
            if self.space() == Some(b']') {
                return Err(self.wrong("a value was expected"));
            }
        }
        Ok(true)
    }

    /// Steps into a map; then [`Self::next_key`] gives the key of each value.
    pub fn open_map(&mut self) -> Result<()> {
        self.open(b'{')
    }

    /// The key before the next value, or `None` at the map's end.
    pub fn next_key(&mut self, first: bool) -> Result<Option<Text<'a>>> {
        if self.space() == Some(b'}') {
            self.at += 1;
            self.depth -= 1;
            return Ok(None);
        }
        if !first {
            self.take(b',', "a comma or the map's end was expected")?;
            self.space();
        }
        let key = self.string()?;
        self.space();
        self.take(b':', "a colon was expected")?;
        Ok(Some(key))
    }

    /// Reads over a value of any kind.
    pub fn skip(&mut self) -> Result<()> {
        let outside = self.depth;
        let mut maps = Vec::new();
        loop {
            let mut first = false;
            match self.peek()? {
                Next::Null => self.null()?,
                Next::Boolean => drop(self.boolean()?),
                Next::Number => drop(self.number()?),
                Next::Text => drop(self.string()?),
                Next::List => {
                    self.open_list()?;
                    maps.push(false);
                    first = true;
                }
                Next::Map => {
                    self.open_map()?;
                    maps.push(true);
                    first = true;
                }
            }
            loop {
                match maps.last() {
                    None => {
                        debug_assert_eq!(self.depth, outside, "every level that was opened is closed");
                        return Ok(());
                    }
                    Some(true) if self.next_key(first)?.is_some() => break,
                    Some(false) if self.next_item(first)? => break,
                    Some(_) => drop(maps.pop()),
                }
                first = false;
            }
        }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<()> {
        match self.space() {
            None => Ok(()),
            Some(_) => Err(self.wrong("the text goes on after its value")),
        }
    }

    fn open(&mut self, bracket: u8) -> Result<()> {
        self.take(bracket, "a list or map was expected")?;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.wrong(TOO_DEEP)) } else { Ok(()) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space.
    fn space(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, byte: u8, reason: &'static str) -> Result<()> {
        if self.byte() != Some(byte) {
            return Err(self.wrong(reason));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong("a value was expected"));
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Where the run of plain characters from here ends: at a quote or a backslash.
    fn plain(&mut self) -> Result<usize> {
        let end = self.at + plain_run(&self.text.as_bytes()[self.at..]);
        match self.text.as_bytes().get(end) {
            Some(b'"' | b'\\') => Ok(end),
            Some(_) => {
                self.at = end;
                Err(self.wrong("a string holds a control character"))
            }
            None => Err(self.wrong("a string has no end")),
        }
    }

    /// Appends what the characters after a backslash stand for.
    fn escape(&mut self, content: &mut Vec<u8>) -> Result<()> {
        let escaped = self.byte().ok_or_else(|| self.wrong("a string has no end"))?;
        self.at += 1;
        let plain = match escaped {
            b'"' | b'\\' | b'/' => escaped,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode_escape(content),
            _ => return Err(self.wrong("a backslash stands before a character that it cannot escape")),
        };
        content.push(plain);
        Ok(())
    }

    fn unicode_escape(&mut self, content: &mut Vec<u8>) -> Result<()> {
        let unit = self.hex()?;
        if (0xd800..0xdc00).contains(&unit) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            let after = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                push_code_point(content, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                return Ok(());
            }
            self.at = after;
        }
        push_code_point(content, unit);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else { return Err(self.wrong("four hexadecimal digits were expected")) };
        self.at += 4;
        Ok(digits.iter().fold(0, |value, &digit| value * 16 + char::from(digit).to_digit(16).unwrap_or_default()))
    }

    fn wrong(&self, reason: &'static str) -> SyntaxError {
        SyntaxError { at: self.at, reason }
    }
}

/// How many bytes come before the first quote, backslash or control character: eight at a time, since most runs are short.
fn plain_run(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    // The high bit of each byte that is less than `limit`; above the first of them it may be set in others too.
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH << 7);
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
        let stops = is(b'"') | is(b'\\') | below(word, 0x20);
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let stop = bytes[at..].iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    stop.map_or(bytes.len(), |stop| at + stop)
}

/// UTF-8, extended to surrogates.
#[expect(clippy::cast_possible_truncation, reason = "each byte is masked to its bits")]
fn push_code_point(content: &mut Vec<u8>, point: u32) {
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
    match point {
        0..0x80 => content.push(point as u8),
        0x80..0x800 => content.extend([0xc0 | (point >> 6) as u8, tail(0)]),
        0x800..0x10000 => content.extend([0xe0 | (point >> 12) as u8, tail(6), tail(0)]),
        _ => content.extend([0xf0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

/// Appends a JSON string; `text` is UTF-8, or has three bytes for a lone surrogate. All but ASCII is escaped.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let plain =
            rest.iter().position(|&byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
        if plain > 0 {
            out.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        let length = match byte {
            b'"' | b'\\' => {
                out.extend([b'\\', byte]);
                1
            }
            b'\n' => write_short(out, b'n'),
            b'\r' => write_short(out, b'r'),
            b'\t' => write_short(out, b't'),
            0x08 => write_short(out, b'b'),
            0x0c => write_short(out, b'f'),
            0..0x80 => {
                write_unit(out, byte.into());
                1
            }
            _ => write_wide(out, rest),
        };
        rest = &rest[length.min(rest.len())..];
    }
    out.push(b'"');
}

fn write_short(out: &mut Vec<u8>, letter: u8) -> usize {
    out.extend([b'\\', letter]);
    1
}

/// Escapes the character of several bytes that starts `rest`; how many they are.
fn write_wide(out: &mut Vec<u8>, rest: &[u8]) -> usize {
    let (length, lead) = match rest[0] {
        0xc0..0xe0 => (2, 0x1f),
        0xe0..0xf0 => (3, 0x0f),
        _ => (4, 0x07),
    };
    let tail = rest.iter().take(length).skip(1);
    let point = tail.fold(u32::from(rest[0] & lead), |point, &byte| point << 6 | u32::from(byte & 0x3f));
    if point < 0x10000 {
        write_unit(out, point);
    } else {
        write_unit(out, 0xd800 + ((point - 0x10000) >> 10));
        write_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
    length
}

fn write_unit(out: &mut Vec<u8>, unit: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(b"\\u");
    out.extend([12, 8, 4, 0].map(|shift| DIGITS[(unit >> shift & 0xf) as usize]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Result<Text<'_>> {
        Reader::new(text).string()
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        assert!(matches!(string("\"häuser\""), Ok(Text::Unicode(Cow::Borrowed("häuser")))));
    }

    #[test]
    fn a_run_ends_at_its_first_stop_wherever_that_is() {
        for stop in [b'"', b'\\', 0x00, 0x1f] {
            for after in [stop, b'!', b'#', b'[', b']', b' ', 0x7f, 0x80, 0xff] {
                for before in 0..20 {
                    let mut bytes = [b' ', b'!', 0x7f, 0xff].repeat(5)[..before].to_vec();
                    bytes.push(stop);
                    bytes.extend([after; 9]);
                    assert_eq!(plain_run(&bytes), before, "{bytes:?}");
                    assert_eq!(plain_run(&bytes[..before]), before, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(string(r#""a\n\u00e9\ud83d\ude00\"""#), Ok(Text::Unicode("a\né😀\"".into())));
        assert_eq!(string(r#""\ud800x""#), Ok(Text::Surrogates(b"\xed\xa0\x80x".into())));
        assert_eq!(string(r#""\ud800\ud83d\ude00""#), Ok(Text::Surrogates(b"\xed\xa0\x80\xf0\x9f\x98\x80".into())));
    }

    #[test]
    fn whatever_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "\"a\u{1}\"",
            "nul",
            "-",
            "+1",
            "[1 2]",
            "{1:2}",
            "\"\\x\"",
            "\"\\u12g4\"",
            "tru",
            "\u{feff}1",
        ] {
            let mut reader = Reader::new(text);
            assert!(reader.skip().and_then(|()| reader.end()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_end_where_pythons_end() {
        for text in ["01", "1.", "1e", "1.e5", "--1"] {
            let mut reader = Reader::new(text);
            assert!(reader.skip().and_then(|()| reader.end()).is_err(), "{text:?}");
        }
        for (digits, fits) in [(4300, true), (4301, false)] {
            assert_eq!(Reader::new(&format!("-{}", "1".repeat(digits))).number().is_ok(), fits, "{digits} digits");
        }
        assert_eq!(Reader::new("-12").number(), Ok(Number::Integer("-12")));
        assert_eq!(Reader::new("1.621884415241E9").number(), Ok(Number::Double(1_621_884_415.241)));
        assert_eq!(Reader::new("-Infinity").number(), Ok(Number::Double(f64::NEG_INFINITY)));
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = "[".repeat(100_000);
        assert_eq!(Reader::new(&deep).skip().map_err(|error| error.reason), Err(TOO_DEEP));
    }

    #[test]
    fn writing_escapes_all_but_ascii() {
        let mut out = Vec::new();
        write_text(&mut out, "a\"\\\n\u{1}\u{7f}é😀".as_bytes());
        write_text(&mut out, b"\xed\xa0\x80");
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"\\\\\\n\\u0001\\u007f\\u00e9\\ud83d\\ude00\"\"\\ud800\"");
    }
}
