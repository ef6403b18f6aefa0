//! Profiles from the shared config and credentials files, put together as botocore does.
//!
//! In the config file a profile is `[default]` or `[profile name]`, in the credentials file every section is one, and
//! its options win over those of the same profile in the config file. A missing or unreadable file is an empty one.

use std::{io, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::ini::{self, Section, Sections};
use crate::error::{Error, Result};

/// Both files. Each table is profiles (or sections) by name, in the order of the files.
#[derive(Debug, Default, Serialize)]
pub struct SharedFiles {
    /// The profiles of both files, merged.
    pub profiles: Sections,
    /// The profiles of the config file alone: where credentials come from decides what botocore calls them.
    pub config: Sections,
    /// The sections of the credentials file alone.
    pub credentials: Sections,
    /// `[services name]` of the config file.
    pub services: Sections,
    /// `[sso-session name]` of the config file.
    pub sso_sessions: Sections,
}

impl SharedFiles {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// `ConfigParseError`, which names the file, and in its argument `error` the line.
    pub fn load(config: &Path, credentials: &Path) -> Result<Self> {
        let mut files = Self::default();
        for (name, section) in read(config)? {
            let (table, name) = match name.as_str() {
                "default" => (&mut files.config, Some(name)),
                other if other.starts_with("profile") => (&mut files.config, second_word(other)),
                other if other.starts_with("sso-session") => (&mut files.sso_sessions, second_word(other)),
                other if other.starts_with("services") => (&mut files.services, second_word(other)),
                _ => continue,
            };
            if let Some(name) = name {
                table.insert(name, section);
            }
        }
        files.credentials = read(credentials)?;
        files.profiles = files.config.clone();
        for (name, options) in &files.credentials {
            let profile = files.profiles.entry(name.clone()).or_insert_with(|| Value::Object(Section::new()));
            if let (Value::Object(profile), Value::Object(options)) = (profile, options) {
                profile.extend(options.clone());
            }
        }
        Ok(files)
    }
}

fn read(path: &Path) -> Result<Sections> {
    let fault = |problem: String| Error::botocore("ConfigParseError", [("path", path.display().to_string()), ("error", problem)]);
    if !path.is_file() {
        return Ok(Sections::new());
    }
    match std::fs::read_to_string(path) {
        Ok(text) => ini::parse(&text).map_err(fault),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(fault(e.to_string())),
        Err(_) => Ok(Sections::new()),
    }
}

/// `name` of `profile name` or `profile "a name"`; none where there are not exactly two words.
fn second_word(section: &str) -> Option<String> {
    match <[String; 2]>::try_from(words(section)?) {
        Ok([_, name]) => Some(name),
        Err(_) => None,
    }
}

/// The words of a line as Python's `shlex.split` finds them; none where a quotation or an escape is not ended.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next()?),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// Moves what stands before the closing `quote` from `rest` to `word`.
fn quoted(quote: char, rest: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => {
                let escaped = rest.next()?;
                if escaped != '\\' && escaped != quote {
                    word.push('\\');
                }
                word.push(escaped);
            }
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shlexs() {
        let cases = [
            ("profile dev", Some(vec!["profile", "dev"])),
            ("profile \"a b\"", Some(vec!["profile", "a b"])),
            (r#"profile "a\"\x""#, Some(vec!["profile", r#"a"\x"#])),
            (r"profile 'a\'b", Some(vec!["profile", r"a\b"])),
            ("profile ''", Some(vec!["profile", ""])),
            ("profile 'a", None),
            ("profile a\\", None),
        ];
        for (line, expected) in cases {
            assert_eq!(words(line), expected.map(|words| words.into_iter().map(str::to_owned).collect()), "{line}");
        }
    }
}
