//! When two headers count as the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::clean::undo_misreading;

/// Folds a header: case, accents, blanks and punctuation do not count; what was misread is what it was before.
pub fn fold(header: &str) -> String {
    let meant = undo_misreading(header);
    let header = meant.as_deref().unwrap_or(header);
    let marked = header.nfkd().filter(|notification| !is_combining_mark(*notification));
    marked.flat_map(char::to_lowercase).filter(|notification| notification.is_alphanumeric()).collect()
}

/// What tells a header from another: as folded, or as it stands where it is nothing but punctuation.
pub fn header_key(header: &str) -> String {
    Some(fold(header)).filter(|folded| !folded.is_empty()).unwrap_or_else(|| header.trim().to_owned())
}
