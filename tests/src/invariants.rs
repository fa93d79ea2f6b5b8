//! What holds of every import, whatever its file holds.

use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;

use crate::test_host::Course;
use crate::world::World;

/// The header and the records of a result file.
pub fn result_file(world: &World, import: &ImportId, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = world.paper(import, name).unwrap();
    // A sender's own header may hold the words of ours.
    let ours = |sign: &&u8| text.contains(&format!("rollcall_row{}rollcall_line", char::from(**sign)));
    let delimiter = *b",;|\t^".iter().find(ours).expect("a result file has our columns");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut records = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect());
    let header = records.next().unwrap();
    (header, records.collect())
}

/// I1: every row that is not skipped is in exactly one result file, and the totals add up.
pub fn answered_once(world: &World, import: &ImportId) {
    let summary = world.summary(import);
    let rows = summary.rows;
    let outcomes = rows.created
        + rows.updated
        + rows.unchanged
        + rows.merged
        + rows.skipped
        + rows.rejected
        + rows.unprocessed;
    assert_eq!(rows.read, outcomes, "the totals add up");
    assert_ne!(summary.status, Status::Failed, "no file breaks the machine");
    if summary.status == Status::Refused {
        return;
    }
    let mut numbers: Vec<u64> = ["succeeded.csv", "failed.csv"]
        .iter()
        .flat_map(|name| {
            let (header, records) = result_file(world, import, name);
            let at = header.iter().position(|cell| cell == "rollcall_row").unwrap();
            records.into_iter().map(move |record| record[at].parse::<u64>().unwrap())
        })
        .collect();
    let answered = numbers.len() as u64;
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len() as u64, answered), (answered, rows.read - rows.skipped), "each row once");
}

/// A result file, dropped again as it is, is answered with the same cells under the same headers.
pub fn is_result_file(world: &World, import: &ImportId, profile: &str, options: &[(&str, &str)]) {
    if world.summary(import).status == Status::Refused {
        return;
    }
    for name in ["failed.csv", "succeeded.csv"] {
        let file = world.paper(import, name).unwrap();
        let (header, records) = result_file(world, import, name);
        if records.is_empty() {
            continue;
        }
        let own = header.iter().position(|cell| cell == "rollcall_row").unwrap();
        // Rows are chosen by their numbers, and these are others now.
        let options: Vec<(&str, &str)> =
            options.iter().copied().filter(|(option, _)| *option != "rows").collect();
        let again = world.import(profile, file.as_bytes(), &options, &Course::default());
        let mut came: Vec<Vec<String>> = Vec::new();
        for name in ["failed.csv", "succeeded.csv"] {
            let (back, records) = result_file(world, &again, name);
            assert_eq!(back[..own], header[..own], "{name}: the headers");
            came.extend(records.into_iter().map(|record| record[..own].to_vec()));
        }
        let mut sent: Vec<Vec<String>> = records.into_iter().map(|record| record[..own].to_vec()).collect();
        came.sort();
        sent.sort();
        assert_eq!(came, sent, "{name}: the cells");
    }
}
