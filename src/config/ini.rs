//! The grammar of the shared files: INI as Python's `configparser.RawConfigParser` reads it, since botocore does.
//!
//! Options end at the first `=` or `:` and are lower-cased; a line that is indented deeper than its option continues
//! it; `#` and `;` start a comment only at the start of a line; the options of `[DEFAULT]` belong to every section.
//! On top of that botocore reads a value that starts on the line below its option as a nested section.

use serde_json::{Map, Value};

/// Options by name. A value is a string, or an object of strings where the option is a nested section.
pub type Section = Map<String, Value>;
/// Sections by name, in the order of the file.
pub type Sections = Map<String, Value>;

const DEFAULT: &str = "DEFAULT";

/// Reads `text`.
///
/// # Errors
///
/// What is wrong, and in which line.
pub fn parse(text: &str) -> Result<Sections, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::default();
    for (line, number) in text.split('\n').zip(1..) {
        reader.line(line).map_err(|problem| format!("line {number}: {problem}"))?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    sections: Sections,
    defaults: Section,
    current: Option<(String, Section)>,
    /// The option that a continuation line would belong to.
    option: Option<String>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let content = strip(line);
        if content.is_empty() {
            self.continue_value("");
            return Ok(());
        }
        if content.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.chars().take_while(|&c| is_space(c)).count();
        if indent > self.indent && self.continue_value(content) {
            return Ok(());
        }
        self.indent = indent;
        match header(content) {
            Some(name) => self.open(name),
            None => self.assign(content),
        }
    }

    /// Appends a line to the value before it, if there is one.
    fn continue_value(&mut self, content: &str) -> bool {
        let (Some((_, section)), Some(option)) = (&mut self.current, &self.option) else { return false };
        if let Some(Value::String(value)) = section.get_mut(option) {
            value.push('\n');
            value.push_str(content);
        }
        true
    }

    fn open(&mut self, name: &str) -> Result<(), String> {
        self.close();
        if self.sections.contains_key(name) {
            return Err(format!("section {name:?} already exists"));
        }
        let section = if name == DEFAULT { std::mem::take(&mut self.defaults) } else { Section::new() };
        self.current = Some((name.into(), section));
        Ok(())
    }

    fn close(&mut self) {
        self.option = None;
        match self.current.take() {
            Some((name, section)) if name == DEFAULT => self.defaults = section,
            Some((name, section)) => drop(self.sections.insert(name, Value::Object(section))),
            None => {}
        }
    }

    fn assign(&mut self, content: &str) -> Result<(), String> {
        let Some((name, section)) = &mut self.current else { return Err("no section header before it".into()) };
        let (option, value) = content.split_once(['=', ':']).ok_or("neither a section nor an option")?;
        let option = strip(option).to_lowercase();
        if option.is_empty() {
            return Err("an option without a name".into());
        }
        if section.contains_key(&option) {
            return Err(format!("option {option:?} in section {name:?} already exists"));
        }
        section.insert(option.clone(), strip(value).into());
        self.option = Some(option);
        Ok(())
    }

    fn finish(mut self) -> Result<Sections, String> {
        self.close();
        let Self { mut sections, defaults, .. } = self;
        for (name, section) in &mut sections {
            let Value::Object(section) = section else { continue };
            for (option, value) in &defaults {
                section.entry(option.clone()).or_insert_with(|| value.clone());
            }
            for (option, value) in section {
                let Value::String(text) = value else { continue };
                text.truncate(text.trim_end_matches(is_space).len());
                if text.starts_with('\n') {
                    *value =
                        nested(text).ok_or_else(|| format!("option {option:?} in section {name:?} is no list of options"))?;
                }
            }
        }
        Ok(sections)
    }
}

/// `[name]`, with anything after the last bracket ignored.
fn header(content: &str) -> Option<&str> {
    let (name, _) = content.strip_prefix('[')?.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

/// The options below an option. One level, keys as they are.
fn nested(text: &str) -> Option<Value> {
    let mut section = Section::new();
    for line in text.split(is_line_end).map(strip).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once('=')?;
        section.insert(strip(key).into(), strip(value).into());
    }
    Some(Value::Object(section))
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.isspace`, which has four control characters that Unicode's `White_Space` has not.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Where Python's `str.splitlines` ends a line.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn reads(text: &str, expected: Value) {
        assert_eq!(parse(text).map(Value::Object), Ok(expected));
    }

    #[test]
    fn options_are_lower_cased_and_end_at_the_first_delimiter() {
        reads("[a]\nKey : x=y\nother=z:w\n", json!({"a": {"key": "x=y", "other": "z:w"}}));
    }

    #[test]
    fn deeper_lines_continue_a_value() {
        reads("[a]\nk = one\n  two\n\n  three\n# no\nl = 1\n", json!({"a": {"k": "one\ntwo\n\nthree", "l": "1"}}));
    }

    #[test]
    fn a_value_below_its_option_is_a_section() {
        reads("[services x]\ngreengrassv2 =\n  Endpoint = a=b\n", json!({"services x": {"greengrassv2": {"Endpoint": "a=b"}}}));
        assert!(parse("[a]\ns3 =\n  nothing\n").is_err());
    }

    #[test]
    fn defaults_belong_to_every_section() {
        reads("[DEFAULT]\nregion = r\n[a]\n[b]\nregion = s\n", json!({"a": {"region": "r"}, "b": {"region": "s"}}));
    }

    #[test]
    fn what_configparser_refuses_is_refused() {
        for text in ["k = v\n", "[a]\n[a]\n", "[a]\nk=1\nK=2\n", "[a]\nword\n", "[a]\n= v\n", "[]\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse("[a]\nk=1\nk=2\n").unwrap_err(), r#"line 3: option "k" in section "a" already exists"#);
    }
}
