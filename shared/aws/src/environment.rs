//! The environment variables of a function; an error lists all that are missing.

use std::str::FromStr;

/// Reads the settings of a function.
pub struct Environment<L> {
    look_up: L,
    wrong: Vec<String>,
}

/// The settings that are missing or invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong(Vec<String>);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "environment: {}", self.0.join(", "))
    }
}

impl std::error::Error for Wrong {}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// Settings by name, from any source.
    pub fn new(look_up: L) -> Self {
        Self { look_up, wrong: Vec::new() }
    }

    /// A required setting.
    pub fn text(&mut self, name: &str) -> String {
        let value = (self.look_up)(name).filter(|value| !value.is_empty());
        value.unwrap_or_else(|| {
            self.wrong.push(format!("{name} is missing"));
            String::new()
        })
    }

    /// An optional setting.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.look_up)(name).filter(|value| !value.is_empty())
    }

    /// A required number.
    pub fn number<N: FromStr + Default>(&mut self, name: &str) -> N {
        let before = self.wrong.len();
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| {
            if self.wrong.len() == before {
                self.wrong.push(format!("{name} is not a number: {text:?}"));
            }
            N::default()
        })
    }

    /// Bytes of memory for the keys of repeats: three quarters of the function's memory, which Lambda says in megabytes. The
    /// rest is for everything else.
    pub fn memory_for_keys(&self) -> u64 {
        let megabytes = self.optional("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse().ok());
        megabytes.map_or(u64::MAX, |megabytes: u64| megabytes.saturating_mul(1024 * 1024) / 4 * 3)
    }

    /// Ends reading.
    ///
    /// # Errors
    /// Names every setting that is missing or invalid.
    pub fn finish(self) -> Result<(), Wrong> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Wrong(self.wrong)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quarters_of_the_memory_are_for_keys() {
        assert_eq!(Environment::new(|_| Some("1024".to_owned())).memory_for_keys(), 768 * 1024 * 1024);
        assert_eq!(Environment::new(|_| None).memory_for_keys(), u64::MAX);
    }

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let mut environment = Environment::new(|name| (name == "C").then(|| "x".to_owned()));
        environment.text("A");
        environment.number::<u32>("B");
        environment.number::<u32>("C");
        let wrong = environment.finish().unwrap_err().to_string();
        assert_eq!(wrong, "environment: A is missing, B is missing, C is not a number: \"x\"");
    }
}
