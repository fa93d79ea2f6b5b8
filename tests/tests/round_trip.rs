//! Nothing that a sender wrote is lost: result files hold every cell, and `failed.csv`, mended, just works.

use proptest::collection::vec;
use proptest::prelude::*;
use rollcall_domain::file::cells::Cells;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;

/// A cell as awkward as cells get.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{0,4}",
        2 => "['=+@\t -]{1,3}[0-9a(),.;|\"]{0,4}",
        1 => "[ \u{a0}\t]{0,2}[a-z\"']{0,3}[\r\n ]{0,2}[a-zé\u{1f600}]{0,2}",
        1 => Just("\"".to_owned()),
        1 => Just("a\r\nb".to_owned()),
        1 => Just("\u{feff}x\u{7}y\u{85}\u{2028}".to_owned()),
    ]
}

fn write(rows: &[Vec<String>], delimiter: u8, terminator: csv::Terminator) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .quote_style(csv::QuoteStyle::Always)
        .terminator(terminator)
        .from_writer(&mut file);
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.flush().unwrap();
    drop(writer);
    file
}

/// The sender's cells out of a result file, by row number; guards taken off, surplus put back.
fn sent(file: &str, delimiter: u8, width: usize) -> Vec<(u64, Vec<String>)> {
    let text = file.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|header| header == name);
    let (number, surplus) = (column("rollcall_row").unwrap(), column("rollcall_surplus"));
    let take = |cell: &str| rollcall_domain::file::write::unguard(cell).to_owned();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let mut cells: Vec<String> = row.iter().take(width).map(take).collect();
        let more = surplus.map(|at| take(&row[at])).filter(|more| !more.is_empty());
        if let Some(more) = more {
            let mut surplus = Cells::default();
            surplus.parse(&more, b',');
            cells.extend(surplus.iter().map(str::to_owned));
        }
        (row[number].parse().unwrap(), cells)
    });
    rows.collect()
}

fn is_blank(row: &[String]) -> bool {
    row.iter().all(|cell| cell.trim().is_empty())
}

/// A row without empty cells at its end, which do not count beyond the columns.
fn without_empty_end(mut row: Vec<String>, width: usize) -> Vec<String> {
    while row.len() > width && row.last().is_some_and(String::is_empty) {
        row.pop();
    }
    row
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cell_reads_back(
        rows in vec(vec(cell(), 1..7), 1..12),
        delimiter in prop::sample::select(vec![b',', b';', b'|', b'\t']),
        crlf in any::<bool>(),
        chunk_rows in 1_u32..6,
    ) {
        let header = ["Name", "E-mail", "Note", "Own"].map(str::to_owned).to_vec();
        let width = header.len();
        let mut all = vec![header];
        for (number, row) in rows.iter().enumerate() {
            let mut row = row.clone();
            // Every second row is a good one, but for its length.
            if number % 2 == 0 && row.len() > 1 {
                row[0] = "N".to_owned();
                row[1] = format!("n{number}@mail.example");
            }
            all.push(row);
        }
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let file = write(&all, delimiter, terminator);
        let mut world = World::with_acme();
        let size = ChunkSize { rows: chunk_rows, ..ChunkSize::default() };
        world.size = size;
        let course = Course { size, ..Course::default() };
        let import = world.import("prospects", &file, &[], &course);
        if world.paper(&import, "failed.csv").is_none() {
            prop_assert!(all[1..].iter().all(|row| is_blank(row)));
            return Ok(());
        }
        let mut back: Vec<(u64, Vec<String>)> = Vec::new();
        for name in ["succeeded.csv", "failed.csv"] {
            back.extend(sent(&world.paper(&import, name).unwrap(), delimiter, width));
        }
        back.sort();
        let wanted: Vec<(u64, Vec<String>)> = (1..)
            .zip(&all[1..])
            .filter(|(_, row)| !is_blank(row))
            .map(|(number, row)| {
                let mut row = row.clone();
                row.resize(row.len().max(width), String::new());
                (number, without_empty_end(row, width))
            })
            .collect();
        let back: Vec<_> =
            back.into_iter().map(|(number, row)| (number, without_empty_end(row, width))).collect();
        prop_assert_eq!(back, wanted);

        // Dropped again as it is, what was refused is refused for the same reasons, and its cells are the same.
        let failed = world.paper(&import, "failed.csv").unwrap();
        let refused = sent(&failed, delimiter, width);
        if refused.is_empty() {
            return Ok(());
        }
        let again = world.import("prospects", failed.as_bytes(), &[("delimiter", &char::from(delimiter).to_string())], &course);
        let mut came: Vec<Vec<String>> = Vec::new();
        for name in ["succeeded.csv", "failed.csv"] {
            came.extend(sent(&world.paper(&again, name).unwrap(), delimiter, width).into_iter().map(|(_, row)| row));
        }
        came.sort();
        let mut refused: Vec<Vec<String>> = refused.into_iter().map(|(_, row)| row).collect();
        refused.sort();
        prop_assert_eq!(came, refused);
    }
}

/// What a run of the test above found.
#[test]
fn a_surplus_cell_of_blanks_comes_back() {
    let world = World::with_acme();
    for blank in [" ", "\t", "\u{a0}", "\"\""] {
        let file = format!("name,email,note\nAna,nobody,,{blank}\n");
        let first = world.import("prospects", file.as_bytes(), &[], &Course::default());
        let failed = world.paper(&first, "failed.csv").unwrap();
        let again = world.import("prospects", failed.as_bytes(), &[], &Course::default());
        assert_eq!(world.paper(&again, "failed.csv").unwrap(), failed, "{blank:?}");
    }
}

/// A row that is too large comes back cut: it must not be taken for the whole.
#[test]
fn a_row_that_was_too_large_is_refused_again_where_it_comes_back_as_it_is() {
    let world = World::with_acme();
    for cells in [vec![30_000; 12], vec![300_000], vec![200_000, 1, 32_767, 40_000, 3], vec![5_000; 60]] {
        let header: String = (0..cells.len()).map(|number| format!(",c{number}")).collect();
        let row: String = cells.iter().map(|length| format!(",{}", "yé".repeat(length / 2 + 1))).collect();
        let file = format!("name,email{header}\nAna,ana@um.example{row}\nBob,bob@um.example\n");
        let first = world.import("prospects", file.as_bytes(), &[], &Course::default());
        let failed = world.paper(&first, "failed.csv").unwrap();
        assert!(failed.contains("row:row_too_large"), "{cells:?}");
        let again = world.import("prospects", failed.as_bytes(), &[], &Course::default());
        assert_eq!(world.summary(&again).rows.rejected, 1, "{cells:?}");
    }
}

#[test]
fn failed_csv_mended_in_place_just_works() {
    let world = World::with_acme();
    world.directory("groups", "name\nVIP\n");
    let first = world.import(
        "prospects",
        "Nome;E-mail;Telefone;Grupo\nAna;ana@um.example;;\nBia;bia-um.example;+55 11 91234-5678;VIP\n;cy@um.example;;\n\
         Di;di@um.example;;Prata\n"
            .as_bytes(),
        &[],
        &Course::default(),
    );
    assert_eq!(world.summary(&first).rows.rejected, 3);
    let repaired = world
        .paper(&first, "failed.csv")
        .unwrap()
        .replace("Bia;bia-um.example", "Bia;bia@um.example")
        .replace(";cy@", "Cy;cy@")
        .replace(";;Prata;", ";;vip;");
    let second = world.import("prospects", repaired.as_bytes(), &[], &Course::default());
    let summary = world.summary(&second);
    assert_eq!((summary.status.as_str(), summary.rows.created), ("completed", 3), "{summary:?}");
    assert_eq!(world.contacts_of("partners").len(), 4);
    let rows = world.rows(&second, "succeeded.csv");
    let header = world.paper(&second, "succeeded.csv").unwrap();
    assert!(header.starts_with("\u{feff}Nome;E-mail;Telefone;Grupo;rollcall_row;rollcall_line;"), "{header}");
    assert_eq!(rows[0]["Telefone"], "+55 11 91234-5678");
}
