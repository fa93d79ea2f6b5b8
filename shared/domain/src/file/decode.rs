//! Decodes the bytes of an object into text: the first step of a row's journey, and the only one that knows encodings.
//!
//! Later steps see one stream of UTF-8 and count offsets in it. Bytes that are invalid in their encoding stay in the
//! stream as bytes that are not UTF-8; the record that holds them reports it ([`crate::file::record_text`]).
//!
//! A byte order mark decides, even against the option: result files have one and are imported again under the same
//! options. Then the option decides; then the [`Census`] of the whole file.

mod census;
mod single;
mod utf16;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use census::Census;
pub(crate) use single::windows_1252;
pub use utf16::SurrogateScanner;

use crate::types::code::Code;
use crate::types::finding::Finding;
use utf16::Utf16;

/// An encoding that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// Windows-1252, which holds all that Latin-1 shows and is what is meant by that name (WHATWG, Encoding).
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// ISO-8859-15, also called Latin-9.
    #[serde(rename = "ISO-8859-15")]
    Latin9,
    /// Mac Roman.
    #[serde(rename = "macintosh")]
    Macintosh,
    /// DOS code page 850.
    #[serde(rename = "IBM850")]
    Ibm850,
    /// DOS code page 437.
    #[serde(rename = "IBM437")]
    Ibm437,
    /// UTF-16, low byte first.
    #[serde(rename = "UTF-16LE")]
    Utf16Le,
    /// UTF-16, high byte first.
    #[serde(rename = "UTF-16BE")]
    Utf16Be,
}

/// What the option takes.
const NAMES: &str = "one of UTF-8, windows-1252, ISO-8859-1, ISO-8859-15, macintosh, IBM850, IBM437, UTF-16, \
                     UTF-16LE, UTF-16BE";

impl Encoding {
    /// The name in `upload.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Windows1252 => "windows-1252",
            Encoding::Latin9 => "ISO-8859-15",
            Encoding::Macintosh => "macintosh",
            Encoding::Ibm850 => "IBM850",
            Encoding::Ibm437 => "IBM437",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
        }
    }

    /// Reads an encoding's name, as the option gives it: case, `-`, `_` and blanks do not count.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |notification: &char| !matches!(notification, '-' | '_' | ' ');
        let name: String =
            name.chars().filter(plain).map(|notification| notification.to_ascii_lowercase()).collect();
        match name.as_str() {
            "utf8" | "utf8sig" => Some(Encoding::Utf8),
            "windows1252" | "cp1252" | "1252" | "ansi" | "latin1" | "iso88591" | "l1" => {
                Some(Encoding::Windows1252)
            }
            "iso885915" | "latin9" | "l9" => Some(Encoding::Latin9),
            "macintosh" | "macroman" | "mac" | "xmacroman" => Some(Encoding::Macintosh),
            "ibm850" | "cp850" | "850" => Some(Encoding::Ibm850),
            "ibm437" | "cp437" | "437" => Some(Encoding::Ibm437),
            "utf16" | "utf16le" => Some(Encoding::Utf16Le),
            "utf16be" => Some(Encoding::Utf16Be),
            _ => None,
        }
    }

    fn mark(self) -> &'static [u8] {
        match self {
            Encoding::Utf8 => b"\xef\xbb\xbf",
            Encoding::Utf16Le => b"\xff\xfe",
            Encoding::Utf16Be => b"\xfe\xff",
            _ => b"",
        }
    }

    /// Two bytes stand for most characters.
    pub fn is_wide(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }
}

/// How files begin that are no delimited text, and what they are.
const OTHER_FORMATS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a workbook or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or a protected one"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"%PDF", "a PDF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
];

/// How texts begin that are no delimited text, behind blanks and in lower case.
const OTHER_TEXTS: &[(&str, &str)] = &[
    ("<!doctype html", "a web page (HTML)"),
    ("<html", "a web page (HTML)"),
    ("<table", "a web page (HTML)"),
    ("<?xml", "an XML document"),
    ("{\\rtf", "an RTF document"),
    ("[{\"", "JSON"),
    ("{\"", "JSON"),
];

fn other_format(sample: &[u8]) -> Option<&'static str> {
    let binary = OTHER_FORMATS.iter().find(|(magic, _)| sample.starts_with(magic)).map(|(_, what)| *what);
    binary.or_else(|| {
        let text = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).trim_ascii_start();
        let begins = |with: &str| {
            let beginning = text.get(..with.len());
            beginning.is_some_and(|bytes| bytes.eq_ignore_ascii_case(with.as_bytes()))
        };
        OTHER_TEXTS.iter().find(|(with, _)| begins(with)).map(|(_, what)| *what)
    })
}

/// The encoding as the beginning of a file and the sender's option tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The encoding.
    pub encoding: Encoding,
    /// What tells it.
    pub by: DetectedBy,
}

impl Detected {
    /// Nothing in the rest of the file can say otherwise.
    pub fn is_final(self) -> bool {
        self.by != DetectedBy::Content || self.encoding.is_wide()
    }
}

/// What tells an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DetectedBy {
    /// The byte order mark.
    Mark,
    /// The sender.
    Option,
    /// What the file holds.
    Content,
}

/// How sure an encoding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It was said, or any other would show the same, or no other can be.
    Certain,
    /// Nearly all that the file holds speaks for it.
    High,
    /// It is the best that can be said: look at the file.
    Low,
}

/// What is known of a file's encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectedEncoding {
    /// The encoding.
    pub encoding: Encoding,
    /// What tells it.
    pub by: DetectedBy,
    /// How sure it is.
    pub confidence: Confidence,
    /// The first place that speaks against it.
    pub against: Option<Place>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The physical line, from 1.
    pub line: u64,
    /// The byte, from 0, in the file as it was unpacked.
    pub offset: u64,
    /// What it holds, as two hexadecimal digits.
    pub byte: String,
}

/// Decides the encoding from the beginning of a file and the sender's option.
///
/// # Errors
/// With the file's verdict, where it is no text that can be read, or not in the encoding that was said.
pub fn detect(sample: &[u8], option: Option<&str>) -> Result<Detected, Finding> {
    if let Some(what) = other_format(sample) {
        return Err(Finding::new(Code::FormatUnsupported).value(what));
    }
    let sample = &sample[..sample.len().min(4096)];
    let told = option.map(told).transpose()?;
    let marked = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be];
    if let Some(encoding) = marked.into_iter().find(|encoding| sample.starts_with(encoding.mark())) {
        return Ok(Detected { encoding, by: DetectedBy::Mark });
    }
    let wide = utf16::looks_like(sample);
    match told {
        Some(encoding) if fits(encoding, sample) => Ok(Detected { encoding, by: DetectedBy::Option }),
        Some(encoding) => Err(Finding::new(Code::EncodingInvalid).arg("encoding", encoding.as_str())),
        None => match wide {
            Some(encoding) => Ok(Detected { encoding, by: DetectedBy::Content }),
            None if is_binary(sample) => Err(Finding::new(Code::FormatUnsupported).value("binary data")),
            None => Ok(Detected { encoding: Encoding::Utf8, by: DetectedBy::Content }),
        },
    }
}

fn told(name: &str) -> Result<Encoding, Finding> {
    Encoding::parse(name).ok_or_else(|| {
        Finding::new(Code::OptionsInvalid).value(name).arg("option", "encoding").arg("detail", NAMES)
    })
}

/// Whether a file that begins so can be in an encoding at all: a list is not made of NULs, and of two-byte characters
/// what separates its cells and lines is one.
fn fits(encoding: Encoding, sample: &[u8]) -> bool {
    if encoding.is_wide() { sample.is_empty() || sample.contains(&0) } else { !is_binary(sample) }
}

/// Whether a file is no text: a NUL here and there is damage, and mended in its cell; many are no list's.
fn is_binary(sample: &[u8]) -> bool {
    sample.iter().filter(|byte| **byte == 0).count() * 16 > sample.len()
}

/// Turns an object's bytes, piece by piece, into UTF-8.
#[derive(Debug, Clone)]
pub struct Decoder {
    encoding: Encoding,
    /// Bytes at the start that may still turn out to be a byte order mark.
    held: Option<Vec<u8>>,
    wide: Utf16,
}

impl Decoder {
    /// Begins at the start of an object.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, held: Some(Vec::new()), wide: Utf16::new(encoding == Encoding::Utf16Be) }
    }

    /// Decodes a piece; the last one with `last`.
    pub fn decode<'a>(&mut self, piece: &'a [u8], last: bool) -> Cow<'a, [u8]> {
        let bare = self.without_mark(piece, last);
        match single::table(self.encoding) {
            Some(table) => Cow::Owned(single::decode(table, &bare)),
            None if self.encoding.is_wide() => Cow::Owned(self.wide.decode(&bare, last)),
            None => bare,
        }
    }

    fn without_mark<'a>(&mut self, piece: &'a [u8], last: bool) -> Cow<'a, [u8]> {
        let Some(mut start) = self.held.take() else { return Cow::Borrowed(piece) };
        let mark = self.encoding.mark();
        if start.is_empty() && piece.len() >= mark.len() {
            return Cow::Borrowed(piece.strip_prefix(mark).unwrap_or(piece));
        }
        start.extend_from_slice(piece);
        if start.len() < mark.len() && mark.starts_with(&start) && !last {
            self.held = Some(start);
            return Cow::Borrowed(&[]);
        }
        if start.starts_with(mark) {
            start.drain(..mark.len());
        }
        Cow::Owned(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes in two pieces, cut everywhere, and byte by byte.
    fn decodes(encoding: Encoding, bytes: &[u8], text: &[u8]) {
        for cut in 0..=bytes.len() {
            let mut decoder = Decoder::new(encoding);
            let mut out = decoder.decode(&bytes[..cut], false).into_owned();
            out.extend_from_slice(&decoder.decode(&bytes[cut..], true));
            assert_eq!(out, text, "{bytes:?} cut at {cut}");
        }
        let mut decoder = Decoder::new(encoding);
        let piece = |(at, byte): (usize, &u8)| decoder.decode(&[*byte], at + 1 == bytes.len()).into_owned();
        let out: Vec<u8> = bytes.iter().enumerate().flat_map(piece).collect();
        assert_eq!(out, text, "{bytes:?} byte by byte");
    }

    fn wide(text: &str, low_first: bool) -> Vec<u8> {
        let bytes = |unit: u16| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_however_it_is_cut() {
        for (bytes, text) in [
            (&b"\xef\xbb\xbfab"[..], &b"ab"[..]),
            (b"ab", b"ab"),
            (b"\xef\xbb", b"\xef\xbb"),
            (b"\xef\xbbx\xef\xbb\xbf", b"\xef\xbbx\xef\xbb\xbf"),
            (b"", b""),
        ] {
            decodes(Encoding::Utf8, bytes, text);
        }
    }

    #[test]
    fn windows_1252_becomes_utf_8_and_its_gaps_are_no_text() {
        decodes(Encoding::Windows1252, b"Jos\xe9 \x80", "José €".as_bytes());
        decodes(Encoding::Windows1252, b"\x93a\x94,\x81", b"\xe2\x80\x9ca\xe2\x80\x9d,\x81");
        decodes(Encoding::Windows1252, b"", b"");
    }

    #[test]
    fn utf_16_becomes_utf_8_in_either_order() {
        let text = "Name;E-mail\r\nJosé;a@b.example 🎉";
        for (encoding, low_first) in [(Encoding::Utf16Le, true), (Encoding::Utf16Be, false)] {
            decodes(encoding, &wide(text, low_first), text.as_bytes());
            decodes(encoding, &wide(&format!("\u{feff}{text}"), low_first), text.as_bytes());
        }
        // Half a pair, then half a character: both stay what is no UTF-8.
        decodes(Encoding::Utf16Le, b"a\0\x00\xd8b\0", b"a\xed\xa0\x80b");
        decodes(Encoding::Utf16Le, b"a\0\x00\xd8", b"a\xed\xa0\x80");
        decodes(Encoding::Utf16Le, b"a\0b", b"a\xff");
    }

    #[test]
    fn what_is_no_text_is_told_by_its_beginning() {
        for bytes in
            [&b"PK\x03\x04.."[..], b"a\0b", b"\x1f\x8b\x08", b"\xef\xbb\xbf \n<HTML>", b"[{\"name\": 1}]"]
        {
            assert_eq!(detect(bytes, None).unwrap_err().code, Code::FormatUnsupported, "{bytes:?}");
        }
    }

    #[test]
    fn a_mark_goes_before_the_option_and_the_option_before_what_is_found() {
        let found =
            |bytes: &[u8], option| detect(bytes, option).map(|found| (found.encoding, found.is_final()));
        let le = wide("Name;E-mail\n", true);
        for (bytes, option, encoding, sure) in [
            (&b"a,b"[..], None, Encoding::Utf8, false),
            (b"a,b", Some("utf-8"), Encoding::Utf8, true),
            (b"a,b", Some("Latin1"), Encoding::Windows1252, true),
            (b"\xef\xbb\xbfa,b", Some("windows-1252"), Encoding::Utf8, true),
            (b"\xff\xfea\0", Some("utf-8"), Encoding::Utf16Le, true),
            (b"\xfe\xff\0a", None, Encoding::Utf16Be, true),
            (&le, None, Encoding::Utf16Le, true),
            (&le, Some("UTF-16"), Encoding::Utf16Le, true),
            (&wide("Name;E-mail\n", false), None, Encoding::Utf16Be, true),
        ] {
            assert_eq!(found(bytes, option), Ok((encoding, sure)), "{bytes:?} {option:?}");
        }
        let code = |bytes: &[u8], option| detect(bytes, Some(option)).unwrap_err().code;
        assert_eq!(code(b"a,b", "klingon"), Code::OptionsInvalid);
        assert_eq!(code(&le, "utf-8"), Code::EncodingInvalid);
        assert_eq!(code(b"Name,E-mail\n", "utf-16"), Code::EncodingInvalid);
    }
}
