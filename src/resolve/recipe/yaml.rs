//! YAML in the one style the service writes: block lists and maps, plain keys, every text in double quotes.

use std::fmt::Write;

use serde_json::{Value, json};

/// A printed recipe as YAML, every text in double quotes as the service has it.
#[must_use]
pub fn to_yaml(printed: &Value) -> String {
    let mut text = String::from("---\n");
    write_yaml(&mut text, printed, 0);
    text.push('\n');
    text
}

/// Writes `value` from here on, its further lines at `indent`.
fn write_yaml(out: &mut String, value: &Value, indent: usize) {
    let next_line = |out: &mut String, indent| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    next_line(out, indent);
                }
                if is_plain_key(key) {
                    out.push_str(key);
                } else {
                    write_line(out, &json!(key));
                }
                out.push(':');
                match value {
                    Value::Object(entries) if !entries.is_empty() => next_line(out, indent + 2),
                    Value::Array(items) if !items.is_empty() => next_line(out, indent),
                    _ => out.push(' '),
                }
                write_yaml(out, value, if value.is_array() { indent } else { indent + 2 });
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    next_line(out, indent);
                }
                out.push_str("- ");
                write_yaml(out, item, indent + 2);
            }
        }
        line => write_line(out, line),
    }
}

/// Writes `value` as JSON, save for the characters that YAML wants escaped and JSON does not.
fn write_line(out: &mut String, value: &Value) {
    for c in value.to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // a String takes all
            }
            other => out.push(other),
        }
    }
}

/// Whether `key` means itself without quotes.
fn is_plain_key(key: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
        && !words.iter().any(|word| key.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_quoted_and_means_the_same() {
        let value = json!({
            "Name": "a: \"b\"\n\u{7f}\u{2028}é", "no": [[1, []], {"k": null, "2": {"x": {}}}, "- a", true], "a:b": 1.5, "": {"é #": "2"}
        });
        let text = to_yaml(&value);
        assert_eq!(
            text,
            "---\nName: \"a: \\\"b\\\"\\n\\u007f\u{2028}é\"\n\"no\":\n- - 1\n  - []\n- k: null\n  \"2\":\n    x: {}\n- \"- a\"\n- true\n\
             \"a:b\": 1.5\n\"\":\n  \"é #\": \"2\"\n"
        );
        assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value);
    }
}
