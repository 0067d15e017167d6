//! Reading configuration: a TOML file, then environment variables over it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Environment variables that begin so override the file:
/// `SIGHTLINE__EDGE__LINGER_MS=500` is `edge.linger_ms = 500`.
pub const ENV_PREFIX: &str = "SIGHTLINE__";

/// Configuration that cannot be used; the message names the file, line or variable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("read configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a field that does not exist or has a wrong type.
    #[error("configuration {origin}: {message}")]
    Parse {
        /// File and line, or "environment".
        origin: String,
        /// What is wrong. It does not repeat the line, which may hold a password.
        message: String,
    },
    /// A variable runs through something that is no table.
    #[error("environment variable {0} does not name a configuration field")]
    Variable(String),
}

/// Loads a configuration. Without a file the defaults hold.
///
/// # Errors
/// [`Error`], with words for the person who wrote the file.
pub fn load<T: DeserializeOwned>(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<T, Error> {
    let mut table = match file {
        None => toml::Table::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            // Parsed once as T for the file's own line numbers in the message.
            parse::<T>(&text, &path.display().to_string())?;
            parse::<toml::Table>(&text, &path.display().to_string())?
        }
    };
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(ENV_PREFIX) {
            set(&mut table, path, &value).ok_or_else(|| Error::Variable(name.clone()))?;
        }
    }
    T::deserialize(table).map_err(|error| Error::Parse {
        origin: "environment".into(),
        message: error.message().to_owned(),
    })
}

fn parse<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let origin = match before {
            Some(before) => format!("{origin}, line {}", before.matches('\n').count() + 1),
            None => origin.to_owned(),
        };
        Error::Parse {
            origin,
            message: error.message().to_owned(),
        }
    })
}

/// Sets `A__B` to a value: a TOML value where it reads as one, else a string.
fn set(table: &mut toml::Table, path: &str, text: &str) -> Option<()> {
    let mut table = table;
    let lower = path.to_ascii_lowercase();
    let mut steps = lower.split("__").peekable();
    while let Some(step) = steps.next() {
        if steps.peek().is_some() {
            table = table
                .entry(step)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()))
                .as_table_mut()?;
        } else {
            let value = toml::from_str::<toml::Table>(&format!("v = {text}"))
                .ok()
                .and_then(|mut t| t.remove("v"))
                .unwrap_or_else(|| toml::Value::String(text.to_owned()));
            table.insert(step.to_owned(), value);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Config {
        name: String,
        edge: Edge,
    }

    #[derive(Debug, PartialEq, serde::Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Edge {
        port: u16,
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn environment_overrides_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, "name = \"a\"\n[edge]\nport = 1\n").unwrap();
        let variables = env(&[("SIGHTLINE__EDGE__PORT", "2"), ("HOME", "x")]);
        let config: Config = load(Some(&path), variables).unwrap();
        assert_eq!(
            config,
            Config {
                name: "a".into(),
                edge: Edge { port: 2 }
            }
        );
    }

    #[test]
    fn unknown_field_is_named_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, "name = \"a\"\nnmae = 1\n").unwrap();
        let error = load::<Config>(Some(&path), env(&[]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("c.toml") && error.contains("nmae") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn unknown_variable_is_refused() {
        assert!(load::<Config>(None, env(&[("SIGHTLINE__EGDE__PORT", "1")])).is_err());
    }

    #[test]
    fn error_names_the_line_and_does_not_repeat_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sightline.toml");
        std::fs::write(&file, "name = \"a\"\n[edge]\npasword = \"s3cret\"\n").unwrap();
        let error = load::<Config>(Some(&file), []).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        assert!(error.contains("pasword"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
