//! Errors in a profile, with their lines.

/// The error of an invalid profile: place, problem and fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", self.line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct ProfileError {
    /// The line of the file, from 1, if known.
    pub line: Option<usize>,
    /// The problem and its fix.
    pub what: String,
}

impl ProfileError {
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { line: error.span().map(|span| line_of(text, span.start)), what }
    }
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..offset.min(text.len())]).count() + 1
}
