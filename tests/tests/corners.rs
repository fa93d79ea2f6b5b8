//! Corners of survey and cut: however a file is cut into pieces and chunks, its rows, lines and marks are the same.

use proptest::prelude::*;
use rollcall_domain::file::decode::{Decoder, Encoding};
use rollcall_domain::file::split::records;
use rollcall_domain::plan::chunk::{ChunkMessage, Mark};
use rollcall_domain::plan::cut;
use rollcall_domain::plan::import_plan::{ChunkSize, Plan};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::survey::opening::Opening;
use rollcall_domain::survey::whole_file::{Survey, Surveyed};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

/// Surveys decoded text that arrives in pieces which end at the cuts.
fn survey(profile: &Profile, text: &[u8], cuts: &[usize], size: ChunkSize) -> Surveyed {
    let (options, settings) = (Options::default(), Settings::default());
    let opening = Opening::of(text, true, profile, &options);
    let mut start = opening.skip;
    let mut survey = Survey::new(opening, profile, &options, &settings, size);
    for cut in cuts.iter().copied().chain([text.len()]) {
        survey.feed(&text[start..cut.max(start)]);
        start = cut.max(start);
    }
    survey.finish()
}

fn rows_of(rows: u32) -> ChunkSize {
    ChunkSize { rows, ..ChunkSize::default() }
}

/// The messages of a survey's chunks.
fn messages(text: &[u8], surveyed: &Surveyed) -> Vec<ChunkMessage> {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let import = ImportId::derive("b", "k", "v", now);
    let mut plan = Plan::of_nothing(import, ProgramName::parse("acme").unwrap(), "list.csv", false, now);
    plan.rows = surveyed.rows;
    plan.chunks = surveyed.chunks.clone();
    plan.delimiter = char::from(surveyed.delimiter.unwrap());
    assert!(plan.tiles(), "{:?}", plan.chunks);
    let bytes =
        |number: usize| text[plan.chunks[number].start as usize..plan.chunks[number].end as usize].to_vec();
    (0..plan.chunks.len()).map(|number| cut::message(&plan, number as u32, bytes(number))).collect()
}

/// A row as a worker sees it: number, line, record, and what is marked of it.
type Seen = (u64, u64, String, Option<Mark>);

fn seen(text: &[u8], surveyed: &Surveyed) -> Vec<Seen> {
    let delimiter = surveyed.delimiter.unwrap();
    let mut rows = Vec::new();
    for message in messages(text, surveyed) {
        let mut line = message.first_line;
        let ends = records(message.text.as_bytes(), delimiter);
        assert_eq!(ends.len() as u32, surveyed.chunks[message.chunk as usize].rows);
        for (number, found) in (message.first_row..).zip(ends) {
            let mark = message.marks.iter().find(|mark| mark.row == number);
            rows.push((number, line, message.text[found.body].to_owned(), mark.cloned()));
            line += mark.and_then(|mark| mark.lines).unwrap_or(u64::from(found.lines));
        }
        assert!(message.marks.is_sorted_by_key(|mark| mark.row));
    }
    rows
}

const SHORT: &[&[u8]] = &[
    b"Name,E-mail\nAnn,a@b.example\nBob,c@d.example\n",
    b"\r\n\n\rName,E-mail\r\nAnn,a@b.example\r\n\r\nBob,c@d.example",
    b"Name,E-mail\rAnn,a@b.example\r\rBob,c@d.example\r",
    b"\"Na\r\nme\",Name,E-mail\r\nx,\"A\r\"\"nn\",\"a@b.example\"\r\n\"\",\"B\nob\",c@d.example\n\n\n",
    b"sep=;\r\nName;E-mail\r\nAnn;a@b.example\r\n",
    b"Name,E-mail\nJos\xe9,a@b.example\n\"\xe9,\xc3\",\xa9@b.example\nCy,c\xe3\x81@d.example\n,,\xf0\x9f\n",
    b"Name,E-mail\n \n;;\n,\nAnn,a@b.example\n,\n ,\t\n\n",
    b"Name,E-mail,Group\nAnn,a@b.example,x\nAnn,a@b.example,y\nAnn,A@b.example,x\nBob,a@b.example,\n",
    b"Name,E-mail\nAnn,a\"b\"@c.example\n\"Bob\"x,\"c@d.example\"y\n",
    b"Name,E-mail\nAnn,\"a@b.example\nBob,c@d.example\n",
    b"Name,E-mail",
    b"\n\n",
    b"Name,E-mail\n\"\n\n\n",
];

#[test]
fn a_piece_may_end_at_any_byte() {
    let profile = Profile::built_in("prospects").unwrap();
    for text in SHORT {
        for size in [1, 2, 100].map(rows_of) {
            let whole = survey(&profile, text, &[], size);
            let shown = String::from_utf8_lossy(text);
            for cut in 0..=text.len() {
                let cut_once = survey(&profile, text, &[cut], size);
                assert_eq!(format!("{cut_once:?}"), format!("{whole:?}"), "{shown:?} cut at {cut}");
            }
            let every: Vec<usize> = (1..text.len()).collect();
            assert_eq!(
                format!("{:?}", survey(&profile, text, &every, size)),
                format!("{whole:?}"),
                "{shown:?}"
            );
        }
    }
}

/// Rows of every form, repeats, and a record that is longer than what one thread looks at, for several threads.
fn long_text() -> Vec<u8> {
    let mut text = String::from("Name,E-mail,Group,More\n");
    for row in 0..30_000 {
        let (again, end) = (row / 3 * (row % 3), if row % 7 == 0 { "\r\n" } else { "\n" });
        match row % 1_000 {
            3 => text += &format!("\"A\nnn\",a{again}@b.example,\"x\"\"y\",{end}"),
            5 => text += "\n\r",
            7 => text += &format!("Ann \"x\",a{row}@b.example,g,,surplus{end}"),
            9 if row > 9_000 && row < 12_000 => {
                text += &format!("Ann,a{row}@b.example,\"{}\",{end}", "x\n".repeat(200_000));
            }
            _ => text += &format!("Ann,a{again}@b.example,g{},1{end}", row % 5),
        }
    }
    let mut text = text.into_bytes();
    let place = text.len() - 70_000;
    text[place..place + 30].fill(0xe9);
    text
}

#[test]
fn several_threads_see_the_same_as_one() {
    let profile = Profile::built_in("prospects").unwrap();
    let text = long_text();
    let size = rows_of(2_000);
    // In pieces that are as short, one thread is enough.
    let alone: Vec<usize> = (1..text.len() / 50_000).map(|piece| piece * 50_000).collect();
    let wanted = survey(&profile, &text, &alone, size);
    assert!(wanted.errors.is_empty() && wanted.rows > 29_000 && wanted.surplus && wanted.no_text);
    assert!(wanted.chunks.iter().any(|chunk| !chunk.repeats.is_empty()));
    let line_end = text.windows(2).position(|pair| pair == b"\r\n").unwrap();
    for cuts in [&[][..], &[line_end + 1], &[300_001, 300_002, 1_000_000], &[700_000, 1_400_003]] {
        let seen = survey(&profile, &text, cuts, size);
        assert!(format!("{seen:?}") == format!("{wanted:?}"), "cut at {cuts:?}");
    }
}

#[test]
fn rows_lines_and_marks_do_not_depend_on_the_chunks() {
    let profile = Profile::built_in("prospects").unwrap();
    for text in SHORT {
        let whole = survey(&profile, text, &[], rows_of(100));
        if !whole.errors.is_empty() {
            continue;
        }
        let wanted = seen(text, &whole);
        assert_eq!(wanted.len() as u64, whole.rows);
        for size in [rows_of(1), rows_of(2), rows_of(3), ChunkSize { bytes: 100, ..ChunkSize::default() }] {
            let cut = survey(&profile, text, &[], size);
            assert_eq!(seen(text, &cut), wanted, "{:?}, {size:?}", String::from_utf8_lossy(text));
        }
    }
}

#[test]
fn each_row_has_the_line_on_which_it_begins() {
    let profile = Profile::built_in("prospects").unwrap();
    let lines: &[(usize, &[u64])] = &[
        (0, &[2, 3]),
        (1, &[5, 6, 7]),
        (2, &[2, 3, 4]),
        (3, &[3, 5]),
        (4, &[3]),
        (5, &[2, 3, 4, 5]),
        (6, &[2, 3, 4, 5]),
    ];
    for (text, lines) in lines {
        let text = SHORT[*text];
        let surveyed = survey(&profile, text, &[], rows_of(2));
        let told: Vec<u64> = seen(text, &surveyed).iter().map(|(_, line, ..)| *line).collect();
        assert_eq!(told, *lines, "{:?}", String::from_utf8_lossy(text));
    }
}

const LIMIT: usize = 256 * 1024;

/// A file with records around the limit, and repeats on both sides of them.
fn large(lengths: &[usize], ending: &str) -> Vec<u8> {
    let mut text = format!("Name,E-mail,Group,Note{ending}").into_bytes();
    for (row, length) in lengths.iter().enumerate() {
        let start = format!("N,p{}@mail.example,g{row},\"", row % 2);
        let note = "x\n".repeat((length - start.len() - 1) / 2)
            + if (length - start.len() - 1) % 2 == 1 { "x" } else { "" };
        text.extend_from_slice(
            format!("{start}{note}\"{ending}small,p{}@mail.example,h{row},{ending}", row % 2).as_bytes(),
        );
    }
    text
}

#[test]
fn a_record_around_the_limit_is_the_same_however_it_is_cut() {
    let profile = Profile::built_in("prospects").unwrap();
    for ending in ["\n", "\r\n", "\r"] {
        let text = large(&[LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 3], ending);
        let whole = survey(&profile, &text, &[], rows_of(3));
        let wanted = seen(&text, &whole);
        let cut_from: Vec<Option<u64>> =
            wanted.iter().step_by(2).map(|row| row.3.as_ref().and_then(|mark| mark.cut_from)).collect();
        let at = |more: u64| Some(LIMIT as u64 + more);
        assert_eq!(cut_from, [None, None, at(1), at(2), at(3)]);
        assert!(wanted.windows(2).all(|pair| pair[0].1 < pair[1].1));
        // Pieces smaller than a record, larger than one, and such as end at each terminator and within it.
        let many = |piece: usize| (1..text.len().div_ceil(piece)).map(|number| number * piece).collect();
        let mut all: Vec<Vec<usize>> = [LIMIT / 3, LIMIT + 7].map(many).into();
        let ends = records(&text, b',').map(|record| record.end).skip(3).step_by(2);
        let first = usize::from(ending == "\r\n");
        all.extend((0..=first).map(|before| ends.clone().map(|end| end - before).collect()));
        for cuts in all {
            let cut = survey(&profile, &text, &cuts, rows_of(3));
            assert_eq!(format!("{cut:?}"), format!("{whole:?}"), "{cuts:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_pieces(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"a"[..], b"\"", b",", b"\r", b"\n", b"\r\n", b"\"\"", b"p1@mail.example", b"p2@mail.example", b"\xe9", b"\xc3", b"\xa9",
            b" ", b"N,p1@mail.example,g\n", b"\xef\xbb\xbf", b";",
        ]), 0..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        rows in 1_u32..6,
    ) {
        let profile = Profile::built_in("prospects").unwrap();
        let mut text = b"Name,E-mail,Group\n".to_vec();
        parts.iter().for_each(|part| text.extend_from_slice(part));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let whole = survey(&profile, &text, &[], rows_of(rows));
        prop_assert_eq!(format!("{:?}", survey(&profile, &text, &cuts, rows_of(rows))), format!("{whole:?}"));
        if whole.errors.is_empty() {
            let one_chunk = survey(&profile, &text, &[], rows_of(1_000));
            prop_assert_eq!(seen(&text, &whole), seen(&text, &one_chunk));
            prop_assert_eq!(seen(&text, &whole).len() as u64, whole.rows);
        }
    }

    #[test]
    fn a_mark_at_the_start_is_taken_off_however_pieces_end(
        text in prop::sample::select(vec![&b"\xef\xbb\xbfab"[..], b"\xef\xbb\xbf\xef\xbb\xbfx", b"\xef\xbbx", b"\xef", b"x"]),
        cuts in prop::collection::vec(0_usize..7, 0..4),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([text.len()]).collect();
        cuts.sort_unstable();
        let mut decoder = Decoder::new(Encoding::Utf8);
        let (mut out, mut start) = (Vec::new(), 0);
        for (number, cut) in cuts.iter().enumerate() {
            out.extend_from_slice(&decoder.decode(&text[start..*cut], number + 1 == cuts.len()));
            start = *cut;
        }
        prop_assert_eq!(out, text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    }
}

/// A file of several of the pieces in which objects are read, whose borders fall into awkward places.
#[test]
fn a_file_of_many_pieces_is_one_file() {
    const PIECE: usize = 4 * 1024 * 1024;
    let mut file = b"\xef\xbb\xbfName,E-mail,Note\r\n".to_vec();
    let mut row = 0;
    let mut fill = |file: &mut Vec<u8>, until: usize| {
        while file.len() + 200_200 < until {
            row += 1;
            file.extend_from_slice(
                format!("N,p{row}@mail.example,\"{}\"\r\n", "y\n".repeat(8_000)).as_bytes(),
            );
        }
        let room = until - file.len();
        row += 1;
        let start = format!("N,q{row}@mail.example,");
        file.extend_from_slice(start.as_bytes());
        file.resize(file.len() + room - start.len() - 1, b'z');
        file.push(b'\r');
    };
    // The first border cuts a CRLF in two; the second falls into a record larger than a piece.
    fill(&mut file, PIECE);
    assert_eq!(file.len(), PIECE);
    file.extend_from_slice(b"\nN,after@mail.example,\r\n");
    fill(&mut file, 2 * PIECE - 1_000);
    file.extend_from_slice(b"\nN,huge@mail.example,\"");
    file.resize(file.len() + PIECE + 5_000, b'\n');
    file.extend_from_slice(b"\"\r\nN,huge@mail.example,\r\nJos\xe9,last@mail.example,\r\n");
    let mut answers = Vec::new();
    for course in [
        Course::default(),
        Course { size: ChunkSize { rows: 50, ..ChunkSize::default() }, order: 5, deliveries: 1 },
        Course { size: ChunkSize { bytes: 300_000, ..ChunkSize::default() }, order: 3, deliveries: 2 },
    ] {
        let world = World::with_acme();
        let import = world.import("prospects", &file, &[("encoding", "utf-8")], &course);
        let failed = world.rows(&import, "failed.csv");
        let codes: Vec<&str> = failed.iter().map(|row| row["rollcall_errors"].as_str()).collect();
        let long = codes.iter().filter(|codes| **codes == "note:value_too_long").count();
        assert_eq!(
            codes[long..],
            ["row:row_too_large", "row:duplicate_in_file", "name:bytes_invalid"],
            "{codes:?}"
        );
        let after = &world.rows(&import, "succeeded.csv");
        assert!(after.iter().any(|row| row["E-mail"] == "after@mail.example"));
        let last: u64 = failed.last().unwrap()["rollcall_line"].parse().unwrap();
        let lines = file[..file.len() - 3].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(last, lines + 1);
        answers.push((world.paper(&import, "succeeded.csv"), world.paper(&import, "failed.csv")));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
