//! Reads TOML tables as names and values, and reports errors with the line. Options and settings use them.

/// Parses a sidecar `<file>.options.toml` (or the `[options]` of a program's settings) into names and values.
///
/// # Errors
/// If it is not TOML, or contains a value that no option allows; with the line.
pub fn read_table(text: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
    pairs(&table)
}

/// The names and values of a table of options.
pub fn pairs(table: &toml::Table) -> Result<Vec<(String, String)>, String> {
    let mut given = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(map) if name == "map" => {
                for (header, field) in map {
                    given.push((format!("map.{header}"), scalar(name, field)?));
                }
            }
            toml::Value::Table(fields) if matches!(name.as_str(), "value" | "cell") => {
                for (field, values) in fields {
                    let values = values.as_table().ok_or_else(|| {
                        let pair = if name == "value" { "from = \"to\"" } else { "field = \"value\"" };
                        format!("option {name}.{field}: takes a table of values, `{pair}`")
                    })?;
                    for (from, to) in values {
                        given.push((format!("{name}.{field}.{from}"), scalar(name, to)?));
                    }
                }
            }
            value => given.push((name.clone(), scalar(name, value)?)),
        }
    }
    Ok(given)
}

fn scalar(name: &str, value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Array(list) => {
            let items: Result<Vec<_>, _> = list.iter().map(|item| scalar(name, item)).collect();
            Ok(items?.join(","))
        }
        _ => Err(format!("option {name}: takes a text, a number, true or false, or a list")),
    }
}

/// A TOML error in one line: the line of the file and the problem.
pub fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    match error.span() {
        Some(span) => {
            let line =
                text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
                    + 1;
            format!("line {line}: {what}")
        }
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_is_a_table() {
        let given = read_table("dry_run = true\nrows = [1, 3]\n[map]\n'E Mail' = 'email'\n").unwrap();
        assert!(given.contains(&("rows".into(), "1,3".into())));
        assert!(given.contains(&("map.E Mail".into(), "email".into())));
        let given = read_table("[value.group]\n'Gold tier' = 'Gold'\n").unwrap();
        assert_eq!(given, [("value.group.Gold tier".into(), "Gold".into())]);
        assert!(read_table("[value]\ngroup = 'x'\n").is_err());
        assert!(read_table("dry_run = \n").unwrap_err().contains("line 1"));
    }
}
