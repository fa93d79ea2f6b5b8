//! Document numbers: texts that spreadsheets may read as numbers.
//!
//! Leading zeros, letters and punctuation stay as they are. If a spreadsheet has reformatted a number, the change is
//! undone when all digits are still there, and reported when some are lost.

/// Whether a document number was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repaired {
    /// It stays as written.
    No,
    /// It was a decimal number or in scientific notation, and all its digits are restored.
    Yes,
}

/// A number in scientific notation that lacks some of its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("scientific")]
pub struct DigitsLost;

/// Writes the number of a document to `out`.
///
/// # Errors
/// If digits are lost; `out` is then empty.
pub fn clean_document(cell: &str, out: &mut String) -> Result<Repaired, DigitsLost> {
    out.clear();
    if let Some((whole, "0")) = cell.split_once(['.', ','])
        && is_digits(whole)
    {
        out.push_str(whole);
        return Ok(Repaired::Yes);
    }
    let Some((whole, decimals, exponent)) = scientific(cell) else {
        out.extend(unicode_normalization::UnicodeNormalization::nfc(cell));
        return Ok(Repaired::No);
    };
    let (given, rest) = decimals.split_at_checked(exponent).ok_or(DigitsLost)?;
    if rest.bytes().any(|digit| digit != b'0') {
        return Err(DigitsLost);
    }
    out.push_str(whole);
    out.push_str(given);
    Ok(Repaired::Yes)
}

/// One digit, decimals and the exponent; without decimals or a sign it may be a real document number (`5E10`).
fn scientific(cell: &str) -> Option<(&str, &str, usize)> {
    let (number, exponent) = cell.split_once(['e', 'E'])?;
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let signed = exponent.starts_with(['+', '-']);
    let written = (whole.len() == 1 && is_digits(whole))
        && (decimals.is_empty() || is_digits(decimals))
        && (signed || number.len() > 1);
    let places = exponent.trim_start_matches(['+', '-']);
    if !written || !is_digits(places) || places.len() > 3 {
        return None;
    }
    // With a negative exponent the value is not a document number.
    let places = if exponent.starts_with('-') { usize::MAX } else { places.parse().ok()? };
    Some((whole, decimals, places))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_did_is_undone_where_no_digit_is_lost() {
        for (cell, cleaned) in [
            ("00123456", Ok((Repaired::No, "00123456"))),
            ("79.854.123-4", Ok((Repaired::No, "79.854.123-4"))),
            ("AB-12/3", Ok((Repaired::No, "AB-12/3"))),
            ("1.000", Ok((Repaired::No, "1.000"))),
            ("5E10", Ok((Repaired::No, "5E10"))),
            ("12E4567", Ok((Repaired::No, "12E4567"))),
            ("79854123.0", Ok((Repaired::Yes, "79854123"))),
            ("79854123,0", Ok((Repaired::Yes, "79854123"))),
            ("7.9854123E7", Ok((Repaired::Yes, "79854123"))),
            ("7.9854123E+07", Ok((Repaired::Yes, "79854123"))),
            ("7,98541230e+7", Ok((Repaired::Yes, "79854123"))),
            ("7.98541E+11", Err(DigitsLost)),
            ("7.98541235E+7", Err(DigitsLost)),
            ("1E+10", Err(DigitsLost)),
            ("1.5E-3", Err(DigitsLost)),
        ] {
            let mut out = String::from("before");
            let told = clean_document(cell, &mut out);
            assert_eq!(told.map(|repaired| (repaired, out.as_str())), cleaned, "{cell}");
        }
    }
}
