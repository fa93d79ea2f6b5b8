//! When two headers count as the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::clean::undo_misreading;
use crate::types::limits;

/// Folds a header: case, accents, blanks and punctuation do not count, nor what is beyond the limit; what was misread is
/// what it was before.
pub fn fold(header: &str) -> String {
    let end = header.char_indices().nth(limits::HEADER_CHARACTERS).map_or(header.len(), |(end, _)| end);
    let meant = undo_misreading(&header[..end]);
    let header = meant.as_deref().unwrap_or(&header[..end]);
    let marked = header.nfkd().filter(|letter| !is_combining_mark(*letter));
    marked.flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()).collect()
}

/// What tells a header from another: as folded, or as it stands where it is nothing but punctuation.
pub fn header_key(header: &str) -> String {
    Some(fold(header)).filter(|folded| !folded.is_empty()).unwrap_or_else(|| header.trim().to_owned())
}
