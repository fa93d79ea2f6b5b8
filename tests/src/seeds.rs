//! What fuzzing begins with: the fixtures, and good examples of what is no file.

use rollcall_domain::file::record_text::BadBytes;
use rollcall_domain::plan::chunk::{ChunkMessage, Mark};
use rollcall_domain::types::names::ImportId;

use crate::fixtures;
use crate::targets::around;

/// The seeds of a target, never none.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "profile" => profiles(),
        "options" => options(),
        "chunk_message" => messages(),
        "workbook" => workbooks(),
        _ => files(),
    }
}

/// Larger ones slow a run down and say nothing more.
const MOST: usize = 16 * 1024;

fn files() -> Vec<Vec<u8>> {
    fixtures::all().into_iter().map(|fixture| fixture.bytes).filter(|bytes| bytes.len() < MOST).collect()
}

fn profiles() -> Vec<Vec<u8>> {
    let built_in = ["prospects", "partners", "mailing", "leads", "accounts"];
    let whole = built_in.into_iter().filter_map(rollcall_domain::profile::compiled::Profile::built_in);
    let own = "name = 'own'\nextends = 'prospects'\n[[fields]]\nname = 'since'\nkind = 'date'\nlabels = { en = 'Since' }\n";
    whole.map(|profile| profile.to_toml().into_bytes()).chain([own.as_bytes().to_vec()]).collect()
}

fn options() -> Vec<Vec<u8>> {
    let texts = [
        "dry_run = true\ndelimiter = ';'\nencoding = 'windows-1252'\nrows = '1,3,5-9'\n",
        "first_line = 'ignore'\ncolumns = 'name,,phone_1'\nnotify = 'a@b.example'\n[map]\nTown = 'note'\n",
        "replace = true\nallow_duplicates = 'false'\nvalidate_agent = 1\nambiguous = 'first'\nsheet = 'A'\n",
        "rows=1-18446744073709551615,2\ndelimiter=tab\nmap.Fax=\ncolumns=email\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

fn messages() -> Vec<Vec<u8>> {
    let modified = "2026-11-21T08:00:00Z".parse().expect("it is a time");
    let message = ChunkMessage {
        v: 1,
        program: "acme".parse().expect("it is a name"),
        import_id: ImportId::derive("bucket", "key", "version", modified),
        chunk: 0,
        first_row: 1,
        first_line: 2,
        text: "Ann,a@b.example,\n\"B\"\"b\",b@b.example,\"1\n2\"\n,,\n".to_owned(),
        marks: vec![
            Mark { row: 1, first: Some(1), ..Mark::default() },
            Mark {
                row: 2,
                first: Some(1),
                repeats: Some(1),
                cut_from: Some(300_000),
                lines: Some(2),
                ..Mark::default()
            },
            Mark {
                row: 3,
                ordinal: Some(2),
                bytes: vec![BadBytes { cell: 1, at: 3, byte: 0xe9 }],
                ..Mark::default()
            },
        ],
    };
    vec![serde_json::to_vec(&message).expect("a message is plain values")]
}

fn workbooks() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = files().into_iter().filter(|bytes| bytes.starts_with(b"PK")).collect();
    let sheet = r#"<worksheet><dimension ref="A1:B2"/><sheetData><row r="1" hidden="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1" t="s"><v>0</v></c></row><row r="2"><c r="A2" s="1"><v>45943.5</v></c><c r="B2" t="str"><f>1+1</f><v>x</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells></worksheet>"#;
    let strings = r#"<sst count="2" uniqueCount="2"><si><t xml:space="preserve"> E-mail</t></si><si><r><t>a</t></r><r><t>&amp;b</t></r></si></sst>"#;
    let book = r#"<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="A" state="hidden" r:id="rId1"/><sheet name="B" r:id="rId1"/></sheets></workbook>"#;
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#;
    for (which, part) in (0..).zip([sheet, strings, book, styles]) {
        seeds.push([&[which], part.as_bytes()].concat());
    }
    seeds.push(around("xl/worksheets/sheet1.xml", sheet.as_bytes()));
    seeds
}
