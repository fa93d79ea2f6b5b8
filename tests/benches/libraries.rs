//! The hand-written parts beside libraries that do the like, over the same cells: `docs/decisions.md` has the figures.
#![allow(clippy::print_stdout, reason = "a bench prints what it measures")]

use std::hint::black_box;
use std::time::Instant;

use email_address::EmailAddress;
use jiff::civil::Date;
use rollcall_domain::clean::date::{DayOrder, read_moment};
use rollcall_domain::clean::email::clean_email;
use rollcall_domain::clean::website::{clean_website, website_key};
use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::Splitter;
use rollcall_domain::file::write::write_guarded_cell;
use rollcall_tests::list;
use url::Url;

const ROWS: u64 = 100_000;
const ROUNDS: usize = 9;

fn main() {
    let mut file = Vec::new();
    list::contacts(&mut file, ROWS).expect("memory takes all");
    let text = String::from_utf8(file).expect("the bench writes UTF-8");
    let records = records(&text);
    let cells = cells(&records);
    let column = |number: usize| cells.iter().skip(1).filter_map(|row| row.get(number)).collect::<Vec<_>>();
    compare("cells of a record, csv-core", records.len(), || parse(&records), || parse_by_csv_core(&records));
    compare("a record written, csv", cells.len(), || write(&cells), || write_by_csv(&cells));
    let (emails, websites) = (column(1), column(3));
    compare("an e-mail address, email_address", emails.len(), || email(&emails), || email_by_crate(&emails));
    compare(
        "a website with its key, url",
        websites.len(),
        || website(&websites),
        || website_by_url(&websites),
    );
    let days: Vec<String> =
        (0..ROWS).map(|row| format!("{:02}/{:02}/{}", row % 28 + 1, row % 12 + 1, 1950 + row % 75)).collect();
    compare("a day, jiff's strptime", days.len(), || day(&days), || day_by_jiff(&days));
}

/// Prints what one takes of us, of the library, and how many times as long the library takes.
fn compare(what: &str, count: usize, ours: impl Fn() -> usize, theirs: impl Fn() -> usize) {
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        us.push(seconds(&ours));
        them.push(seconds(&theirs));
    }
    let each = |times: Vec<f64>| median(times) / count as f64 * 1e9;
    let (us, them) = (each(us), each(them));
    println!("{what}: {us:.0} ns, the library {them:.0} ns, {:.2} times as long", them / us);
}

fn records(text: &str) -> Vec<&str> {
    let (mut ends, mut start, mut records) = (Vec::new(), 0, Vec::new());
    Splitter::new(b',').feed(text.as_bytes(), &mut ends);
    for end in ends {
        records.push(&text[start..end.end - usize::from(end.terminator)]);
        start = end.end;
    }
    records
}

fn cells(records: &[&str]) -> Vec<Vec<String>> {
    let mut cells = Cells::default();
    let row = |record: &&str| {
        cells.parse(record, b',');
        cells.iter().map(str::to_owned).collect()
    };
    records.iter().map(row).collect()
}

fn parse(records: &[&str]) -> usize {
    let mut cells = Cells::default();
    let length = |record: &&str| {
        cells.parse(record, b',');
        cells.iter().map(str::len).sum::<usize>()
    };
    records.iter().map(length).sum()
}

fn parse_by_csv_core(records: &[&str]) -> usize {
    let (mut out, mut ends) = (vec![0; 64 * 1024], vec![0; 1024]);
    let mut reader = csv_core::Reader::new();
    let length = |record: &&str| {
        reader.reset();
        let (_, _, written, _) = reader.read_record(record.as_bytes(), &mut out, &mut ends);
        written
    };
    records.iter().map(length).sum()
}

fn write(rows: &[Vec<String>]) -> usize {
    let mut out = Vec::new();
    for row in rows {
        for cell in row {
            write_guarded_cell(&mut out, cell, b',');
            out.push(b',');
        }
    }
    out.len()
}

fn write_by_csv(rows: &[Vec<String>]) -> usize {
    let mut out = csv::Writer::from_writer(Vec::new());
    for row in rows {
        out.write_record(row).expect("rows of one length");
    }
    out.into_inner().expect("memory takes all").len()
}

fn email(emails: &[&String]) -> usize {
    let mut out = String::new();
    emails.iter().filter(|cell| clean_email(cell, &mut out).is_ok()).count()
}

fn email_by_crate(emails: &[&String]) -> usize {
    emails.iter().filter(|cell| EmailAddress::is_valid(cell)).count()
}

fn website(websites: &[&String]) -> usize {
    let (mut clean, mut key) = (String::new(), String::new());
    let read = |cell: &&&String| clean_website(cell, &mut clean).is_ok() && website_key(&clean, &mut key);
    websites.iter().filter(read).count()
}

fn website_by_url(websites: &[&String]) -> usize {
    websites.iter().filter(|cell| Url::parse(cell).is_ok_and(|url| url.host_str().is_some())).count()
}

fn day(days: &[String]) -> usize {
    days.iter().filter(|cell| read_moment(cell, DayOrder::DayFirst).is_ok()).count()
}

fn day_by_jiff(days: &[String]) -> usize {
    days.iter().filter(|cell| Date::strptime("%d/%m/%Y", cell).is_ok()).count()
}

fn seconds(work: impl FnOnce() -> usize) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
