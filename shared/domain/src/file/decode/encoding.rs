//! The encodings that Rollcall reads, and their names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An encoding that Rollcall reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252: it includes all printable characters of Latin-1, and the WHATWG standard maps that name to it.
    Windows1252,
    /// ISO-8859-15, also called Latin-9.
    Latin9,
    /// Mac Roman.
    Macintosh,
    /// DOS code page 850.
    Ibm850,
    /// DOS code page 437.
    Ibm437,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Any other encoding of the WHATWG standard.
    Web(&'static encoding_rs::Encoding),
}

/// The values of the option, for messages.
pub(super) const NAMES: &str = "one of UTF-8, UTF-16, windows-1250 to windows-1258, ISO-8859-1 to ISO-8859-16, macintosh, \
                                IBM850, IBM437, KOI8-R, Shift_JIS, EUC-JP, GB18030, Big5, EUC-KR, or any other name \
                                of the WHATWG Encoding Standard";

/// Names that the WHATWG standard does not list or that have a different meaning here; without case, `-`, `_` and
/// blanks.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("utf8sig", "UTF-8"),
    ("ansi", "windows-1252"),
    ("latin9", "ISO-8859-15"),
    ("macroman", "macintosh"),
    ("xmacroman", "macintosh"),
    ("cp850", "IBM850"),
    ("850", "IBM850"),
    ("cp437", "IBM437"),
    ("437", "IBM437"),
    ("utf16", "UTF-16LE"),
    ("cp932", "Shift_JIS"),
    ("932", "Shift_JIS"),
    ("cp936", "GBK"),
    ("936", "GBK"),
    ("cp949", "EUC-KR"),
    ("949", "EUC-KR"),
    ("uhc", "EUC-KR"),
    ("cp950", "Big5"),
    ("950", "Big5"),
    ("cp874", "windows-874"),
    ("874", "windows-874"),
    ("shiftjis", "Shift_JIS"),
    ("eucjp", "EUC-JP"),
    ("euckr", "EUC-KR"),
    ("iso2022jp", "ISO-2022-JP"),
];

/// Encodings with their own variant.
const OWN: [Encoding; 8] = [
    Encoding::Utf8,
    Encoding::Windows1252,
    Encoding::Latin9,
    Encoding::Macintosh,
    Encoding::Ibm850,
    Encoding::Ibm437,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
];

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
            Encoding::Web(web) => web.name(),
        }
    }

    /// Parses an encoding's name from the option; ignores case, `-`, `_` and blanks.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        if let Some(web) = encoding_rs::Encoding::for_label(name.as_bytes()) {
            return Self::of_web(web);
        }
        let plain = plain(name);
        let listed = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, listed)| *listed);
        let own = OWN
            .into_iter()
            .find(|own| own.as_str() == listed.unwrap_or(name) || self::plain(own.as_str()) == plain);
        own.or_else(|| {
            // `windows 1251`, `cp-1251`, `1251`, `iso8859_2`: labels with other punctuation.
            let digits = plain.trim_start_matches("windows").trim_start_matches("cp");
            let part = plain.strip_prefix("iso8859").unwrap_or_default();
            let hyphens = name.replace(['_', ' '], "-");
            let labels = [
                listed.unwrap_or(&plain),
                &hyphens,
                &format!("windows-{digits}"),
                &format!("iso-8859-{part}"),
            ];
            let labels = labels.map(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
            labels.into_iter().flatten().find_map(Self::of_web)
        })
    }

    /// An encoding of the standard; `None` for the two that are not text encodings.
    pub(super) fn of_web(web: &'static encoding_rs::Encoding) -> Option<Self> {
        if web == encoding_rs::REPLACEMENT || web == encoding_rs::X_USER_DEFINED {
            return None;
        }
        Some(OWN.into_iter().find(|own| own.as_str() == web.name()).unwrap_or(Encoding::Web(web)))
    }

    pub(super) fn mark(self) -> &'static [u8] {
        match self {
            Encoding::Utf8 => b"\xef\xbb\xbf",
            Encoding::Utf16Le => b"\xff\xfe",
            Encoding::Utf16Be => b"\xfe\xff",
            _ => b"",
        }
    }

    /// Whether the encoding uses two bytes for most characters.
    pub fn is_wide(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }
}

/// A name without case and without the characters that the comparison ignores.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|sign| !matches!(sign, '-' | '_' | ' '))
        .map(|sign| sign.to_ascii_lowercase())
        .collect()
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Encoding::parse(&name).ok_or_else(|| de::Error::custom(format!("not an encoding: {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_however_they_are_written() {
        for (name, encoding) in [
            ("UTF-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("utf-8-sig", "UTF-8"),
            ("ISO-8859-1", "windows-1252"),
            ("Latin1", "windows-1252"),
            ("ANSI", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("1252", "windows-1252"),
            ("ISO-8859-15", "ISO-8859-15"),
            ("latin-9", "ISO-8859-15"),
            ("l9", "ISO-8859-15"),
            ("Mac", "macintosh"),
            ("Mac Roman", "macintosh"),
            ("cp850", "IBM850"),
            ("IBM-850", "IBM850"),
            ("437", "IBM437"),
            ("UTF-16", "UTF-16LE"),
            ("utf_16_be", "UTF-16BE"),
            ("windows-1251", "windows-1251"),
            ("Windows 1251", "windows-1251"),
            ("cp1251", "windows-1251"),
            ("1250", "windows-1250"),
            ("ISO8859_2", "ISO-8859-2"),
            ("iso 8859 7", "ISO-8859-7"),
            ("latin2", "ISO-8859-2"),
            ("KOI8-R", "KOI8-R"),
            ("koi8_u", "KOI8-U"),
            ("shift-jis", "Shift_JIS"),
            ("SJIS", "Shift_JIS"),
            ("cp932", "Shift_JIS"),
            ("eucjp", "EUC-JP"),
            ("gb2312", "GBK"),
            ("GB18030", "gb18030"),
            ("big5", "Big5"),
            ("euc-kr", "EUC-KR"),
            ("cp949", "EUC-KR"),
            ("iso-2022-jp", "ISO-2022-JP"),
            ("tis-620", "windows-874"),
            ("cp874", "windows-874"),
            ("cp866", "IBM866"),
        ] {
            let parsed = Encoding::parse(name);
            assert_eq!(parsed.map(Encoding::as_str), Some(encoding), "{name}");
            let json = serde_json::to_string(&parsed).unwrap();
            assert_eq!(json, format!("{encoding:?}"));
            assert_eq!(serde_json::from_str::<Option<Encoding>>(&json).unwrap(), parsed);
        }
        for name in ["klingon", "", "replacement", "iso-2022-kr", "x-user-defined", "windows-1259"] {
            assert_eq!(Encoding::parse(name), None, "{name}");
        }
    }
}
