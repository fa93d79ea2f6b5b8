//! Folds headers for comparison.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::clean::undo_misreading;
use crate::types::limits;

/// Folds a header: without case, accents, blanks, punctuation and characters beyond the limit; a misread header is
/// repaired first.
pub fn fold(header: &str) -> String {
    let end = header.char_indices().nth(limits::HEADER_CHARACTERS).map_or(header.len(), |(end, _)| end);
    let meant = undo_misreading(&header[..end]);
    let header = meant.as_deref().unwrap_or(&header[..end]);
    let marked = header.nfkd().filter(|letter| !is_combining_mark(*letter));
    marked.flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()).collect()
}

/// The key of a header: its folded form, or the header itself if it is only punctuation.
pub fn header_key(header: &str) -> String {
    Some(fold(header)).filter(|folded| !folded.is_empty()).unwrap_or_else(|| header.trim().to_owned())
}
