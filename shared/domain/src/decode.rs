//! Bytes of an object to text: the first step of a row's journey, and the only one that knows encodings.
//!
//! Everything behind it sees one stream of UTF-8 and counts offsets in it. Bytes that are not UTF-8 are left in
//! the stream; the record that holds them says so ([`crate::record`]).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding};

/// An encoding that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "UTF-8")]
    Utf8,
}

impl Encoding {
    /// The name in `upload.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
        }
    }

    /// Reads an encoding's name, as the option gives it.
    pub fn parse(name: &str) -> Option<Self> {
        matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8").then_some(Encoding::Utf8)
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
/// How files begin that are no delimited text, and what they are.
const OTHER_FORMATS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a workbook or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or a protected one"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
];

/// Decides the encoding from the beginning of a file and the sender's option.
///
/// # Errors
/// With the file's verdict, where it is no text that can be read.
pub fn detect(sample: &[u8], option: Option<&str>) -> Result<Encoding, Finding> {
    if let Some((_, what)) = OTHER_FORMATS.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Err(Finding::new(Code::FormatUnsupported).value(*what));
    }
    if sample.iter().take(4096).any(|byte| *byte == 0) {
        return Err(Finding::new(Code::FormatUnsupported).value("binary data"));
    }
    match option {
        None => Ok(Encoding::Utf8),
        Some(name) => Encoding::parse(name).ok_or_else(|| {
            Finding::new(Code::OptionsInvalid)
                .value(name)
                .arg("option", "encoding")
                .arg("detail", "one of UTF-8")
        }),
    }
}

/// Turns an object's bytes, piece by piece, into UTF-8.
#[derive(Debug, Clone)]
pub struct Decoder {
    encoding: Encoding,
    /// Bytes at the start that may still turn out to be a byte order mark.
    held: Option<Vec<u8>>,
}

impl Decoder {
    /// Begins at the start of an object.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, held: Some(Vec::new()) }
    }

    /// Decodes a piece; the last one with `last`.
    pub fn decode<'a>(&mut self, piece: &'a [u8], last: bool) -> Cow<'a, [u8]> {
        match self.encoding {
            Encoding::Utf8 => self.without_mark(piece, last),
        }
    }

    fn without_mark<'a>(&mut self, piece: &'a [u8], last: bool) -> Cow<'a, [u8]> {
        let Some(mut start) = self.held.take() else { return Cow::Borrowed(piece) };
        if start.is_empty() && piece.len() >= BOM.len() {
            return Cow::Borrowed(piece.strip_prefix(BOM).unwrap_or(piece));
        }
        start.extend_from_slice(piece);
        if start.len() < BOM.len() && BOM.starts_with(&start) && !last {
            self.held = Some(start);
            return Cow::Borrowed(&[]);
        }
        if start.starts_with(BOM) {
            start.drain(..BOM.len());
        }
        Cow::Owned(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_off_however_it_is_cut() {
        for (bytes, text) in [
            (&b"\xef\xbb\xbfab"[..], &b"ab"[..]),
            (b"ab", b"ab"),
            (b"\xef\xbb", b"\xef\xbb"),
            (b"\xef\xbbx\xef\xbb\xbf", b"\xef\xbbx\xef\xbb\xbf"),
            (b"", b""),
        ] {
            for cut in 0..=bytes.len() {
                let mut decoder = Decoder::new(Encoding::Utf8);
                let mut out = decoder.decode(&bytes[..cut], false).into_owned();
                out.extend_from_slice(&decoder.decode(&bytes[cut..], true));
                assert_eq!(out, text, "{bytes:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_beginning() {
        for bytes in [&b"PK\x03\x04.."[..], b"\xff\xfea\0", b"a\0b", b"\x1f\x8b\x08"] {
            assert_eq!(detect(bytes, None).unwrap_err().code, Code::FormatUnsupported);
        }
        assert_eq!(detect(b"a,b", Some("klingon")).unwrap_err().code, Code::OptionsInvalid);
        assert_eq!(detect(b"a,b", Some("utf-8")), Ok(Encoding::Utf8));
    }
}
