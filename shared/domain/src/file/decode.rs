//! Decodes the bytes of an object into text: the first step of a row's journey, and the only one that knows encodings.
//!
//! Later steps see one stream of UTF-8 and count offsets in it. Bytes that are invalid in their encoding stay in the
//! stream as bytes that are not UTF-8; the record that holds them reports it ([`crate::file::record_text`]).
//!
//! A byte order mark takes precedence, even over the option: result files have one and are imported again with the
//! same options. Next comes the option, then the [`Census`] of the whole file.

mod census;
#[cfg(test)]
mod corpus;
mod encoding;
mod judgement;
mod reading;
mod single;
mod utf16;
mod web;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use census::Census;
pub use encoding::Encoding;
pub(crate) use single::windows_1252;
pub use utf16::SurrogateScanner;

use crate::types::code::Code;
use crate::types::finding::Finding;
use encoding::NAMES;
use utf16::Utf16;
use web::Web;

/// Magic numbers of formats that are not delimited text, and the names of the formats.
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

/// Beginnings of texts that are not delimited text, without leading blanks and in lower case.
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

/// The encoding as far as the beginning of a file and the sender's option determine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The encoding.
    pub encoding: Encoding,
    /// The evidence for it.
    pub by: DetectedBy,
}

impl Detected {
    /// Whether the rest of the file cannot change the decision.
    pub fn is_final(self) -> bool {
        self.by != DetectedBy::Content || self.encoding.is_wide()
    }
}

/// The evidence for an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DetectedBy {
    /// The byte order mark.
    Mark,
    /// The sender's option.
    Option,
    /// The content of the file.
    Content,
}

/// The certainty of a detected encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The mark or the option names it, or all possible encodings show the same text.
    Certain,
    /// Nearly all of the content supports it.
    High,
    /// It is the best guess: the sender should check the file.
    Low,
}

/// The encoding of a file, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedEncoding {
    /// The encoding.
    pub encoding: Encoding,
    /// The evidence for it.
    pub by: DetectedBy,
    /// The certainty of the encoding.
    pub confidence: Confidence,
    /// The first place that contradicts it.
    pub against: Option<Place>,
    /// A finding for the sender: the encoding was assumed, or the file is refused because no encoding is likely.
    pub finding: Option<Finding>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The physical line, from 1.
    pub line: u64,
    /// The byte, from 0, in the unpacked file.
    pub offset: u64,
    /// The byte there, as two hexadecimal digits.
    pub byte: String,
}

/// Determines the encoding from the beginning of a file and the sender's option.
///
/// # Errors
/// The file's verdict: it is not text, or not in the encoding that the option names.
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

/// Whether a file with this beginning can be in an encoding: text holds no NUL characters, but delimiters and line
/// ends in UTF-16 contain zero bytes.
fn fits(encoding: Encoding, sample: &[u8]) -> bool {
    if encoding.is_wide() { sample.is_empty() || sample.contains(&0) } else { !is_binary(sample) }
}

/// Whether a file is binary. A few control characters are damage, which the cleaning removes from the cell; many mean
/// that the file is not a list.
fn is_binary(sample: &[u8]) -> bool {
    sample.iter().filter(|byte| is_control(**byte)).count() * 16 > sample.len()
}

/// Control characters that no text needs. Blanks, line ends and ESC (which ISO-2022-JP uses to switch character sets)
/// are not among them.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// Converts the bytes of an object to UTF-8, piece by piece.
#[derive(Debug)]
pub struct Decoder {
    encoding: Encoding,
    /// Bytes at the start that may still turn out to be a byte order mark.
    held: Option<Vec<u8>>,
    how: How,
}

/// The way to convert bytes to UTF-8.
#[derive(Debug)]
enum How {
    /// The bytes are UTF-8 already.
    AsTheyAre,
    /// Two bytes per code unit.
    Wide(Utf16),
    /// One byte per character.
    Single(Box<Cow<'static, single::Table>>),
    /// One or more bytes per character.
    Several(Web),
}

impl How {
    fn of(encoding: Encoding) -> Self {
        if let Some(table) = single::table(encoding) {
            return How::Single(Box::new(table));
        }
        match encoding {
            Encoding::Web(web) => How::Several(Web::new(web)),
            wide if wide.is_wide() => How::Wide(Utf16::new(wide == Encoding::Utf16Be)),
            _ => How::AsTheyAre,
        }
    }
}

/// Encodes a byte that is invalid in its encoding for the UTF-8 stream: the result is never part of valid UTF-8,
/// whatever precedes or follows it.
fn unknown(byte: u8) -> u8 {
    if matches!(byte, 0..=0x7f | 0xc2..=0xf4) { 0xff } else { byte }
}

impl Decoder {
    /// Creates a decoder at the start of an object.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, held: Some(Vec::new()), how: How::of(encoding) }
    }

    /// Decodes a piece; `last` marks the last one.
    pub fn decode<'a>(&mut self, piece: &'a [u8], last: bool) -> Cow<'a, [u8]> {
        let bare = self.without_mark(piece, last);
        match &mut self.how {
            How::AsTheyAre => bare,
            How::Wide(wide) => Cow::Owned(wide.decode(&bare, last)),
            How::Single(table) => Cow::Owned(single::decode(table, &bare)),
            How::Several(web) => Cow::Owned(web.decode(&bare, last)),
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

    /// Decodes in two pieces, cut at every place, and byte by byte.
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
        // Half a surrogate pair, then half a code unit: both stay invalid UTF-8.
        decodes(Encoding::Utf16Le, b"a\0\x00\xd8b\0", b"a\xed\xa0\x80b");
        decodes(Encoding::Utf16Le, b"a\0\x00\xd8", b"a\xed\xa0\x80");
        decodes(Encoding::Utf16Le, b"a\0b", b"a\xff");
    }

    #[test]
    fn other_encodings_become_utf_8_and_what_they_do_not_know_is_no_text() {
        for (name, bytes, text) in [
            ("windows-1251", &b"\xc8\xe2\xe0\xed,\x98"[..], &b"\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd,\x98"[..]),
            ("windows-1253", b"a\xd2\xaa", b"a\xff\xaa"),
            ("Shift_JIS", b"\x8eR\x93c,a", "山田,a".as_bytes()),
            ("Shift_JIS", b"\x8eR\x85 ,a\xa0", b"\xe5\xb1\xb1\x85 ,a\xa0"),
            ("Shift_JIS", b"a\x93", b"a\x93"),
            ("EUC-JP", b"\xbb\xb3\xc5\xc4", "山田".as_bytes()),
            ("EUC-KR", b"\xc9\xa1\xc3\xa9a", b"\xff\xa1\xec\xb1\x95a"),
            ("GB18030", b"\xcd\xf5\x81\x30\x81\x30\xff", b"\xe7\x8e\x8b\xc2\x80\xff"),
            ("Big5", b"\xa4\xfd\x80\x81", b"\xe7\x8e\x8b\x80\x81"),
            ("ISO-2022-JP", b"\x1b$B;3ED\x1b(B;x", "山田;x".as_bytes()),
            ("ISO-2022-JP", b"\x1b$B;3\x1b(B\x1bz", b"\xe5\xb1\xb1\xffz"),
            ("UTF-8", b"\xd0\x98\xff", b"\xd0\x98\xff"),
        ] {
            decodes(Encoding::parse(name).unwrap(), bytes, text);
        }
    }

    #[test]
    fn bytes_at_random_are_no_text() {
        for seed in 1..40_u64 {
            let mut state = seed;
            let mut random = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            };
            let noise: Vec<u8> = std::iter::repeat_with(&mut random).take(60_000).collect();
            let option = seed.is_multiple_of(2).then_some("windows-1252");
            let code = detect(&noise, option).unwrap_err().code;
            assert!(matches!(code, Code::FormatUnsupported | Code::EncodingInvalid), "{seed}: {code}");
        }
        for text in [&b"a\tb\r\n"[..], b"\x1b$B;3ED\x1b(B", b"a\x0cb", "Иван".as_bytes(), b"\xc8\xe2\xe0\xed"]
        {
            assert!(detect(text, None).is_ok(), "{text:?}");
        }
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
