//! What fuzzing runs: each target takes any bytes and panics where an invariant does not hold.
//!
//! Properties run them for a moment in `./check` (`tests/fuzzed.rs`), `examples/fuzz.rs` for as long as one likes on
//! stable Rust, and cargo-fuzz with coverage (`fuzz/`). What a run finds becomes a fixture.

use std::io::{Cursor, Write};

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::decode;
use rollcall_domain::file::decode::{Census, Decoder, Detected, DetectedBy, Encoding};
use rollcall_domain::file::packed::{Bytes, Unpacked};
use rollcall_domain::file::split::records;
use rollcall_domain::file::split::{RecordEnd, Splitter};
use rollcall_domain::file::workbook::Workbook;
use rollcall_domain::plan::chunk::ChunkMessage;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::{FirstLine, Options};
use rollcall_domain::profile::toml_table;
use rollcall_domain::survey::delimiter::{DetectionContext, detect_delimiter};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::faults::Machine;
use crate::invariants;
use crate::test_host::Course;
use crate::world::{Event, World};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 8] = [
    ("decode", decode),
    ("split", split),
    ("packed", packed),
    ("workbook", workbook),
    ("profile", profile),
    ("options", options),
    ("chunk_message", chunk_message),
    ("round_trip", round_trip),
];

const ENCODINGS: [&str; 17] = [
    "UTF-8",
    "windows-1252",
    "ISO-8859-15",
    "macintosh",
    "IBM850",
    "IBM437",
    "UTF-16LE",
    "UTF-16BE",
    "windows-1251",
    "windows-1258",
    "Shift_JIS",
    "EUC-JP",
    "ISO-2022-JP",
    "GBK",
    "gb18030",
    "Big5",
    "EUC-KR",
];

/// Two places to cut some bytes at, told by the bytes.
fn cuts(data: &[u8]) -> (usize, usize) {
    let sum = data.iter().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let (one, other) = (sum % (data.len() + 1), (sum / 7) % (data.len() + 1));
    (one.min(other), one.max(other))
}

/// Text comes out the same however its bytes are cut, and a census comes to the same.
pub fn decode(data: &[u8]) {
    let (one, other) = cuts(data);
    let pieces = [&data[..one], &data[one..other], &data[other..]];
    for name in ENCODINGS {
        let encoding = Encoding::parse(name).expect("it is an encoding");
        let whole = Decoder::new(encoding).decode(data, true).into_owned();
        let mut decoder = Decoder::new(encoding);
        let cut: Vec<u8> = (0..3).flat_map(|at| decoder.decode(pieces[at], at == 2).into_owned()).collect();
        assert_eq!(cut, whole, "{encoding:?}");
    }
    let unsaid = Detected { encoding: Encoding::Utf8, by: DetectedBy::Content };
    let (mut census, mut cut) = (Census::default(), Census::default());
    census.feed(data);
    pieces.iter().for_each(|piece| cut.feed(piece));
    assert_eq!(census.verdict(unsaid), cut.verdict(unsaid));
    let _ = decode::detect(data, None);
}

/// Records tile a file, end at the same places however it is cut, and are taken apart.
pub fn split(data: &[u8]) {
    let delimiter = b",;|\t^"[data.first().map_or(0, |byte| usize::from(*byte) % 5)];
    let (one, other) = cuts(data);
    let all = |pieces: &[&[u8]]| {
        let (mut splitter, mut found, mut at) = (Splitter::new(delimiter), Vec::new(), 0);
        for piece in pieces {
            let mut ends = Vec::new();
            splitter.feed(piece, &mut ends);
            found.extend(ends.into_iter().map(|end| RecordEnd { end: at + end.end, ..end }));
            at += piece.len();
        }
        (found, splitter.finish())
    };
    assert_eq!(all(&[data]), all(&[&data[..one], &data[one..other], &data[other..]]));
    let mut start = 0;
    let mut cells = Cells::default();
    for record in records(data, delimiter) {
        assert_eq!(record.body.start, start, "records tile the file");
        cells.parse(&rollcall_domain::file::record_text::text(&data[record.body], delimiter).0, delimiter);
        assert!(!cells.is_empty(), "a record has a cell");
        start = record.end;
    }
    assert_eq!(start, data.len(), "records tile the file");
    for first_line in [FirstLine::Header, FirstLine::Ignore, FirstLine::Data] {
        let header = |header: &str| header == "Name";
        detect_delimiter(
            data,
            &DetectionContext { complete: true, first_line, allowed: b";|", header: &header },
        );
    }
}

/// Whatever it is, it unpacks to no more than is safe, and to the same twice.
pub fn packed(data: &[u8]) {
    let bytes = Bytes::new(data.to_vec());
    let Some(packing) = bytes.packing() else { return };
    let Ok(content) = Unpacked::look(packing, bytes.clone()) else { return };
    let mut unpacked = Unpacked::open(packing, bytes).expect("it was looked at");
    let mut len = 0;
    while let Some(piece) = unpacked.next(64 * 1024).expect("it was looked at") {
        len += piece.len() as u64;
    }
    assert_eq!(len, content.len);
}

/// A workbook is read, or refused; as it is, and with the bytes as one of its parts.
pub fn workbook(data: &[u8]) {
    if data.starts_with(b"PK") {
        read_workbook(data.to_vec());
        return;
    }
    let Some((which, part)) = data.split_first() else { return };
    let parts = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"];
    read_workbook(around(parts[usize::from(*which) % parts.len()], part));
}

fn read_workbook(bytes: Vec<u8>) {
    let profile = Profile::built_in("prospects");
    let Ok(mut book) = Workbook::open(bytes) else { return };
    let Ok(sheet) =
        rollcall_domain::survey::sheet::choose(&mut book, profile.as_deref(), &Options::default())
    else {
        return;
    };
    let Ok(mut text) = book.into_text(&sheet) else { return };
    let mut read = 0;
    while let Ok(Some(piece)) = text.read() {
        assert!(std::str::from_utf8(&piece).is_ok(), "a sheet's text is text");
        read += piece.len();
        if read > 64 << 20 {
            return;
        }
    }
}

/// A small workbook, one of whose parts is given.
pub fn around(name: &str, part: &[u8]) -> Vec<u8> {
    let sheet =
        r#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    let book =
        r#"<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let places = |kind_of: &str, target: &str| {
        let place = format!(r#"<Relationship Id="rId1" Type="{kind}/{kind_of}" Target="{target}"/>"#);
        format!("<Relationships>{place}</Relationships>")
    };
    let package = places("officeDocument", "xl/workbook.xml");
    let places = places("worksheet", "worksheets/sheet1.xml");
    let parts = [
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", package.as_str()),
        ("xl/_rels/workbook.xml.rels", places.as_str()),
        ("xl/workbook.xml", book),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", "<sst><si><t>Name</t></si></sst>"),
        ("xl/styles.xml", "<styleSheet/>"),
    ];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (own, usual) in parts {
        let content = if own == name { part } else { usual.as_bytes() };
        writer.start_file(own, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A profile is refused, or says the same when it is written and read again.
pub fn profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(profile) = Profile::parse(text) else { return };
    let written = profile.to_toml();
    let again = Profile::parse(&written).expect("what was written reads back");
    assert_eq!(again.to_toml(), written);
}

/// Options are read, or refused with a name.
pub fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(given) = toml_table::read_table(text) {
        let _ = Options::read(&given);
    }
    let given: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    if let Ok(options) = Options::read(&given) {
        let json = serde_json::to_string(&options).expect("options are plain values");
        let again: Options = serde_json::from_str(&json).expect("what was written reads back");
        assert_eq!(serde_json::to_string(&again).expect("options are plain values"), json);
    }
}

/// A message of whatever shape breaks no worker.
pub fn chunk_message(data: &[u8]) {
    let Ok(message) = serde_json::from_slice::<ChunkMessage>(data) else { return };
    let json = serde_json::to_vec(&message).expect("a message is plain values");
    assert_eq!(serde_json::from_slice::<ChunkMessage>(&json).expect("it reads back"), message);
    let world = World::with_acme();
    let dropped = world.drop_file("acme", prospects(), b"Name,E-mail,Phone\nAnn,a@b.example,\n", &[]);
    let (_, events) = world.handle(&Machine::sound(), dropped);
    let Some(Event::Chunk(real)) = events.into_iter().next() else { panic!("the file has one chunk") };
    let forged =
        ChunkMessage { program: real.program, import_id: real.import_id, chunk: real.chunk, ..message };
    world.handle(&Machine::sound(), Event::Chunk(forged));
}

fn prospects() -> rollcall_domain::plan::object_keys::DropTarget {
    rollcall_domain::plan::object_keys::DropTarget::Profile("prospects".parse().expect("it is a name"))
}

/// Any file is answered for, and what came of it comes back.
pub fn round_trip(data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let world = World::with_acme();
    let import = world.import("prospects", data, &[], &Course::default());
    invariants::answered_once(&world, &import);
    invariants::is_result_file(&world, &import, "prospects", &[]);
    let accepted = world.summary(&import).status != rollcall_domain::types::outcome::Status::Refused;
    let preview = World::with_acme().preview("prospects", data, &[]);
    assert_eq!(preview.verdict.accepted, accepted, "the preview says what the import says");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the costs of a hostile part would be those of a refusal.
    #[test]
    fn a_workbook_around_a_usual_part_is_read() {
        let bytes = around("xl/styles.xml", b"<styleSheet/>");
        let mut book = Workbook::open(bytes).expect("it is a workbook");
        let options = Options::default();
        let sheet =
            rollcall_domain::survey::sheet::choose(&mut book, None, &options).expect("it has a sheet");
        let mut text = book.into_text(&sheet).expect("the sheet is read");
        assert_eq!(text.read().expect("it is text").as_deref(), Some(&b"Name\n"[..]));
    }
}
