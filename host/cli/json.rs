//! JSON, as much of it as a report needs: writing strings, lists and objects.

/// Writes a string.
pub(crate) fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// Writes a list of values that are JSON already.
pub(crate) fn list(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

/// Writes an object of values that are JSON already.
pub(crate) fn object<const N: usize>(members: [(&str, String); N]) -> String {
    let member = |(name, value)| format!("{}:{value}", string(name));
    format!("{{{}}}", members.map(member).join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(
            string("a\"\\\n\u{1}\u{85}ü"),
            r#""a\"\\\u000a\u0001\u0085ü""#
        );
    }

    #[test]
    fn lists_and_objects_nest() {
        let inner = object([("a", string("b")), ("c", "true".to_owned())]);
        assert_eq!(list([inner, list([])]), r#"[{"a":"b","c":true},[]]"#);
    }
}
