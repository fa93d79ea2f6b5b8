//! The embedded store: contacts kept, read again and changed, accounts loaded and matched, against the `sqlite3`
//! shell's `.import` of a CSV file with the same columns.
//!
//! `ROWS=100000 cargo bench --bench store` makes it small.

#![allow(clippy::print_stdout, reason = "a bench answers on standard output")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use pollster::block_on;
use rollcall_domain::contacts::directory::Account;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::{ContactWrite, Contacts, Directory, DirectoryItem, Pool, Wanted};

const CHUNK: usize = 4_000;

fn main() {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::open(&folder.path().join("home")).expect("a home");
    accounts(&home, rows);
    let program = ProgramName::parse("acme").expect("a name");
    let plain = Pool { program: program.clone(), pool: "leads".into() };
    let grouped = Pool { program, pool: "partners".into() };
    contacts(&home, &grouped, rows, true);
    let kept = contacts(&home, &plain, rows, false);
    drop(home);
    let home = timed("open the home again", 1, || Home::open(&folder.path().join("home")).expect("a home")).0;
    drop(home);
    if let Some(peer) = peer(folder.path(), rows) {
        println!("sqlite3 .import : keep of the same contacts, ratio {:.2}", peer / kept);
    }
}

/// Times some work; the ratio is of CPU seconds, which a busy machine distorts least.
fn timed<T>(what: &str, things: usize, work: impl FnOnce() -> T) -> (T, f64) {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let answer = work();
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{what:<40} {wall:>7.2} s wall {cpu:>6.2} s CPU {:>7.3} us each", cpu * 1e6 / things as f64);
    (answer, cpu)
}

/// CPU seconds of this process and of the children it waited for, from Linux's own count.
fn cpu_seconds() -> f64 {
    let line = std::fs::read_to_string("/proc/self/stat").expect("Linux says what a process used");
    let fields = line.rsplit(')').next().expect("a name in brackets").split_ascii_whitespace();
    fields.skip(11).take(4).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() / 100.0
}

/// Loads accounts and matches keys against them, one in three there.
fn accounts(home: &Home, rows: usize) {
    let directory = home.directory();
    let owner = ProgramName::marketplace();
    let items: Vec<DirectoryItem> = (0..rows).map(account).collect();
    let load = || {
        for batch in items.chunks(CHUNK) {
            block_on(directory.keep(&owner, Kind::Accounts, batch)).expect("kept");
        }
    };
    timed("accounts: load, 4 keys each", rows, load);
    timed("accounts: load again, nothing changed", rows, load);
    let absent: Vec<String> = (0..rows).map(|row| format!("e:nobody{row}@sample.com")).collect();
    let present: Vec<String> = (0..rows).map(|row| format!("e:{}", email(mixed(row, rows)))).collect();
    for (what, keys, hits) in [("absent", &absent, 0), ("present", &present, rows)] {
        let found = timed(&format!("accounts: match keys, {what}"), rows, || {
            let count = |keys: &[String]| {
                let found = block_on(directory.candidates(keys)).expect("read");
                found.iter().map(|candidates| candidates.accounts.len()).sum::<usize>()
            };
            keys.chunks(CHUNK).map(count).sum::<usize>()
        });
        assert_eq!(found.0, hits);
    }
}

fn mixed(row: usize, rows: usize) -> usize {
    (row * 7_919 + 13) % rows
}

fn email(row: usize) -> String {
    format!("person.{row}@company{}.com", row % 5_000)
}

fn account(row: usize) -> DirectoryItem {
    let account = Account {
        account_id: format!("A{row:07}"),
        name: format!("Company number {row}"),
        email: email(row),
        activity: row as f64 / 7.0,
        created_at: "2020-01-31".into(),
        partner_of: vec!["acme".into()],
    };
    let id = account.account_id.clone();
    let keys =
        vec![format!("a:{id}"), format!("e:{}", account.email), format!("w:site{row}.com"), phone_key(row)];
    DirectoryItem { id, keys, json: serde_json::to_string(&account).expect("JSON") }
}

fn phone_key(row: usize) -> String {
    format!("p:+55119{row:08}")
}

/// Keeps contacts, reads them again as the next import would, and changes them; answers the seconds of the first.
fn contacts(home: &Home, pool: &Pool, rows: usize, grouped: bool) -> f64 {
    let contacts = home.contacts();
    let name = &pool.pool;
    let records: Vec<ContactWrite<'_>> = (0..rows).map(|row| keep(pool, row, grouped)).collect();
    let wanted: Vec<Wanted> = records.iter().flat_map(wanted).collect();
    let import = |number: usize| {
        ImportId::derive(
            "b",
            name,
            &number.to_string(),
            jiff::Timestamp::from_second(1_700_000_000 + number as i64).expect("a time"),
        )
    };
    let read = |number: usize| {
        let count = |wanted: &[Wanted]| {
            let found = block_on(contacts.read(pool, &import(number), wanted)).expect("read");
            found.iter().flatten().count()
        };
        wanted.chunks(CHUNK).map(count).sum::<usize>()
    };
    let keep = |number: usize, records: &[ContactWrite<'_>]| {
        for (chunk, batch) in records.chunks(CHUNK).enumerate() {
            block_on(contacts.keep(pool, &import(number), chunk as u32, batch)).expect("kept");
        }
        block_on(contacts.end_import(pool, &import(number))).expect("settled");
    };
    assert_eq!(timed(&format!("{name}: read, none there"), wanted.len(), || read(1)).0, 0);
    let kept = timed(&format!("{name}: keep fresh, settle"), rows, || keep(1, &records)).1;
    assert_eq!(timed(&format!("{name}: read again"), wanted.len(), || read(2)).0, wanted.len());
    let known: Vec<ContactWrite<'_>> =
        records.iter().map(|keep| ContactWrite { known: true, ..*keep }).collect();
    timed(&format!("{name}: keep known, settle"), rows, || keep(2, &known));
    kept
}

fn keep(pool: &Pool, row: usize, grouped: bool) -> ContactWrite<'static> {
    let groups: &[String] = if grouped { vec![format!("group {}", row % 20)].leak() } else { &[] };
    ContactWrite {
        contact_id: ContactId::derive(pool.program.as_str(), &pool.pool, &email(row)),
        row: row as u64 + 1,
        repeated: false,
        known: false,
        before: None,
        record: Some(record(row).leak()),
        groups,
    }
}

fn wanted(keep: &ContactWrite<'_>) -> Vec<Wanted> {
    let mut wanted = vec![Wanted::Contact(keep.contact_id)];
    wanted.extend(keep.groups.iter().map(|group| Wanted::Membership(keep.contact_id, group.clone())));
    wanted
}

/// About 250 bytes, as a record of the benches' file has.
fn record(row: usize) -> String {
    let mut json = format!(r#"{{"profile":"partners","name":"Person Number {row}","email":"{}""#, email(row));
    write!(
        json,
        r#","phones":["+55119{row:08}"],"fields":{{"name":"Person Number {row}","email":"{}""#,
        email(row)
    )
    .expect("a string");
    write!(json, r#","website":"https://site{row}.com","country":"BR","note":"as agreed on the phone"}}}}"#)
        .expect("a string");
    json
}

/// Seconds of the `sqlite3` shell's `.import` of the same contacts; `None` where there is no such shell.
fn peer(folder: &Path, rows: usize) -> Option<f64> {
    let version = Command::new("sqlite3").arg("--version").output().ok()?;
    println!("peer: sqlite3 {}", String::from_utf8_lossy(&version.stdout).split(' ').next()?);
    let csv = folder.join("contacts.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&csv).ok()?);
    let pool = Pool { program: ProgramName::parse("acme").ok()?, pool: "leads".into() };
    for row in 0..rows {
        let keep = keep(&pool, row, false);
        let json = keep.record?.replace('"', "\"\"");
        writeln!(file, "1,{},1,{},\"{json}\",", keep.contact_id, keep.row).ok()?;
    }
    file.flush().ok()?;
    drop(file);
    let tables = "CREATE TABLE contacts (pool, contact_id, import, row, record, groups);\n.mode csv\n";
    let script = format!("{tables}.import {} contacts\n", csv.display());
    let run = || {
        let mut shell =
            Command::new("sqlite3").arg(folder.join("peer.sqlite")).stdin(Stdio::piped()).spawn().ok()?;
        shell.stdin.take()?.write_all(script.as_bytes()).ok()?;
        shell.wait().ok()
    };
    timed("sqlite3 .import", rows, run).0?;
    Some(timed_again(folder, run))
}

fn timed_again(folder: &Path, run: impl Fn() -> Option<std::process::ExitStatus>) -> f64 {
    let _ = std::fs::remove_file(folder.join("peer.sqlite"));
    timed("sqlite3 .import, warm", 1, run).1
}
