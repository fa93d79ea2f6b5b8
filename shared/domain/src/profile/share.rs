//! A limit of rows: a number, or a share of all rows.

use serde::{Deserialize, Serialize};

/// The most rows, as an option states it: `25` or `2.5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Share {
    /// This number of rows.
    Rows(u64),
    /// This share of all rows, in hundredths of a percent.
    Percent(u32),
}

impl Share {
    /// Parses a limit.
    ///
    /// # Errors
    /// The allowed forms, if the text is not a limit.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("takes a number of rows or a share such as 5%, not {text:?}");
        let Some(percent) = text.trim().strip_suffix('%') else {
            return text.trim().parse().map(Share::Rows).map_err(|_| wrong());
        };
        let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(wrong());
        }
        Ok(Share::Percent((percent * 100.0).round() as u32))
    }

    /// Whether `rows` of `of` rows are within the limit.
    pub fn allows(self, rows: u64, of: u64) -> bool {
        match self {
            Share::Rows(limit) => rows <= limit,
            Share::Percent(hundredths) => {
                u128::from(rows) * 10_000 <= u128::from(hundredths) * u128::from(of)
            }
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Share::Rows(rows) => write!(f, "{rows}"),
            Share::Percent(hundredths) => write!(f, "{}%", f64::from(*hundredths) / 100.0),
        }
    }
}

impl TryFrom<String> for Share {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Share> for String {
    fn from(share: Share) -> String {
        share.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_a_share() {
        for (text, rows, of, allowed) in [
            ("0", 0, 10, true),
            ("0", 1, 10, false),
            ("3", 3, 10, true),
            ("10%", 1, 10, true),
            ("10%", 2, 10, false),
            (" 2.5 % ", 1, 40, true),
            ("2.5%", 2, 40, false),
            ("0%", 0, 0, true),
            ("100%", 7, 7, true),
        ] {
            let share = Share::parse(text).unwrap();
            assert_eq!(share.allows(rows, of), allowed, "{text}: {rows} of {of}");
            assert_eq!(Share::parse(&share.to_string()), Ok(share));
        }
        for text in ["", "-1", "many", "101%", "-1%", "5%%", "1.5"] {
            assert!(Share::parse(text).unwrap_err().contains("5%"), "{text}");
        }
    }
}
