//! What a home promises beyond the ports: one command at a time, nothing lost to a kill, errors that say the mend.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test may")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use rollcall_embedded::home::{Home, HomeError};
use rollcall_embedded::store::ListedContact;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{
    ContactReader, ContactWrite, Contacts, Directory, Imports, Objects, Pool, Wanted,
};
use rollcall_tests::contracts::contacts::{contact, fresh};
use rollcall_tests::contracts::imports::item;
use rollcall_tests::contracts::{directory, import, program, time};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn pool() -> Pool {
    Pool { program: program("acme"), pool: "leads".to_owned() }
}

fn rows(from: u64, to: u64) -> Vec<ContactWrite<'static>> {
    let record = |row: u64| format!("{{\"n\":{row}}}");
    (from..to).map(|row| fresh(&pool(), &row.to_string(), row, record(row).leak())).collect()
}

fn listed(home: &Home) -> Vec<ListedContact> {
    let mut all = Vec::new();
    let keep = |contact| {
        all.push(contact);
        Ok::<(), Fault>(())
    };
    home.listing().contacts(&program("acme"), keep).unwrap();
    all
}

fn refused(path: &Path) -> String {
    Home::open(path).unwrap_err().to_string()
}

#[test]
fn a_home_is_for_one_command_at_a_time() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    assert!(matches!(Home::open(&path), Err(HomeError::InUse(_))));
    drop(home);
    Home::open(&path).unwrap();
}

#[test]
fn the_secret_stays_and_is_the_owners() {
    let folder = folder();
    let path = folder.path().join("home");
    let secret = *Home::open(&path).unwrap().secret();
    assert_eq!(*Home::open(&path).unwrap().secret(), secret);
    #[cfg(unix)]
    for (name, mode) in [("secret", 0o600), ("", 0o700)] {
        let metadata = fs::metadata(path.join(name)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, mode);
    }
    fs::write(path.join("secret"), "short").unwrap();
    assert!(refused(&path).contains("damaged"));
}

#[test]
fn what_is_no_home_is_said_in_one_line() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let foreign = folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("rollcall.sqlite"), "not a database, but long enough to look like one").unwrap();
    let nowhere = folder.path().join("no").join("where");
    for (path, says) in
        [(&file, "not a folder"), (&foreign, "not a Rollcall database"), (&nowhere, "does not exist")]
    {
        let message = refused(path);
        assert!(message.contains(says) && !message.contains('\n'), "{message}");
    }
    assert!(Home::open_shared(&nowhere).unwrap_err().to_string().contains("no home"));
    let newer = folder.path().join("newer");
    drop(Home::open(&newer).unwrap());
    let version = |number| {
        let tables = rusqlite::Connection::open(newer.join("rollcall.sqlite")).unwrap();
        tables.pragma_update(None, "user_version", number).unwrap();
    };
    version(99);
    assert!(refused(&newer).contains("newer"));
    // Tables of the first version get what later ones have.
    let tables = rusqlite::Connection::open(newer.join("rollcall.sqlite")).unwrap();
    let drop_new = "ALTER TABLE contacts_before DROP COLUMN stamp; ALTER TABLE pools DROP COLUMN tidied;
        DROP TABLE contact_blocks;
        CREATE TABLE contacts (seq INTEGER PRIMARY KEY, pool INTEGER NOT NULL, contact_id TEXT NOT NULL,
            import INTEGER NOT NULL, row INTEGER NOT NULL, record TEXT, groups TEXT);";
    tables.execute_batch(drop_new).unwrap();
    drop(tables);
    version(1);
    for _ in 0..2 {
        Home::open(&newer).unwrap();
    }
}

#[test]
fn a_home_of_an_earlier_version_keeps_its_contacts() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    block_on(home.contacts().keep(&pool(), &import(1), 0, &rows(0, 500))).unwrap();
    block_on(home.contacts().end_import(&pool(), &import(1))).unwrap();
    let before = listed(&home);
    drop(home);
    // As version 2 had them: one row for each contact.
    let tables = rusqlite::Connection::open(path.join("rollcall.sqlite")).unwrap();
    let as_rows = "CREATE TABLE contacts (seq INTEGER PRIMARY KEY, pool INTEGER NOT NULL,
            contact_id TEXT NOT NULL, import INTEGER NOT NULL, row INTEGER NOT NULL, record TEXT, groups TEXT);
        INSERT INTO contacts SELECT seq + 1 - json_array_length('[' || lines || ']') + key, pool, json_extract(value, '$[0]'), import,
                json_extract(value, '$[1]'), json_extract(value, '$[4]'), json_extract(value, '$[3]')
            FROM contact_blocks, json_each('[' || lines || ']');
        DROP TABLE contact_blocks;
        PRAGMA user_version = 2;";
    tables.execute_batch(as_rows).unwrap();
    drop(tables);
    // A command that works on it has the lock, and may be of the earlier version.
    let lock = fs::File::options().write(true).open(path.join("lock")).unwrap();
    lock.lock().unwrap();
    let busy = Home::open_shared(&path).unwrap_err().to_string();
    assert!(busy.contains("earlier version") && busy.contains("wait"), "{busy}");
    drop(lock);
    assert_eq!(listed(&Home::open_shared(&path).unwrap()), before);
    let home = Home::open(&path).unwrap();
    assert_eq!(listed(&home), before);
    let wanted = [Wanted::Contact(contact(&pool(), "77"))];
    assert!(block_on(home.contacts().read(&pool(), &import(2), &wanted)).unwrap()[0].is_some());
    block_on(home.contacts().keep(&pool(), &import(2), 0, &rows(490, 510))).unwrap();
    assert_eq!(listed(&home).len(), 510);
    // The rows of version 2 are not left in free pages.
    let erased = contact(&pool(), "123");
    assert!(block_on(home.contacts().erase(&program("acme"), &erased)).unwrap());
    let (id, file) = (erased.to_string(), fs::read(path.join("rollcall.sqlite")).unwrap());
    assert!(!file.windows(id.len()).any(|window| window == id.as_bytes()));
}

#[test]
fn an_erased_contact_leaves_nothing_among_its_neighbours() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    let round = |version: u32, bytes: usize| -> Vec<ContactWrite<'static>> {
        let record = |row: u64| format!("{{\"n\":\"of-{row}-{version}-{}\"}}", "x".repeat(bytes));
        let write = |row: u64| ContactWrite {
            known: version > 1,
            ..fresh(&pool(), &row.to_string(), row, record(row).leak())
        };
        (0..2_000).map(write).collect()
    };
    for (version, bytes) in [(1, 300), (2, 500), (3, 20), (4, 900)] {
        let records = round(version, bytes);
        block_on(home.contacts().keep(&pool(), &import(version.into()), 0, &records)).unwrap();
        block_on(home.contacts().end_import(&pool(), &import(version.into()))).unwrap();
    }
    let erased: Vec<u64> = (0..2_000).filter(|row| row % 37 == 5).collect();
    for row in &erased {
        let id = contact(&pool(), &row.to_string());
        assert!(block_on(home.contacts().erase(&program("acme"), &id)).unwrap());
    }
    assert_eq!(listed(&home).len(), 2_000 - erased.len());
    // Whose records the files show.
    let mut shown = std::collections::BTreeSet::new();
    for name in ["rollcall.sqlite", "rollcall.sqlite-wal"] {
        let file = fs::read(path.join(name)).unwrap();
        let text = String::from_utf8_lossy(&file);
        let rows = text.split("\"of-").skip(1).filter_map(|rest| rest.split_once('-'));
        shown.extend(rows.filter_map(|(row, _)| row.parse::<u64>().ok()));
    }
    let left: Vec<&u64> = erased.iter().filter(|row| shown.contains(row)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(shown.len(), 2_000 - erased.len());
}

#[test]
fn keys_do_not_lead_out_of_the_bucket() {
    let folder = folder();
    let home = Home::open(&folder.path().join("home")).unwrap();
    let bucket = home.bucket();
    for key in ["", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/.", "a/", "a\\b", ".drafts/x"] {
        assert!(block_on(bucket.put(key, Vec::new())).is_err(), "{key:?}");
        assert!(block_on(bucket.get(key)).is_err(), "{key:?}");
    }
    #[cfg(unix)]
    {
        fs::write(folder.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path(), bucket.root().join("out")).unwrap();
        assert!(block_on(bucket.get("out/outside")).is_err());
        assert!(block_on(bucket.put("out/new/file", Vec::new())).is_err());
        assert!(!folder.path().join("new").exists());
    }
}

#[test]
fn an_overwritten_file_is_gone_and_drafts_are_removed() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    let source = folder.path().join("list.csv");
    fs::write(&source, "name;email\n").unwrap();
    let times: Vec<_> = (0..3).map(|_| home.imports().next_drop_time(time(5)).unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one < next));
    let key = "inbox/acme/prospects/list.csv";
    home.bucket().drop_file(&source, key, times[0]).unwrap();
    let object = block_on(home.bucket().describe(key)).unwrap().unwrap();
    assert_eq!((object.modified, object.len), (times[0], 11));
    home.bucket().drop_file(&source, key, times[1]).unwrap();
    assert!(matches!(block_on(home.bucket().read(&object, 0..4)), Err(Fault::Gone(_))));
    drop(home);
    let left = path.join("bucket/.drafts/.draft-1-1");
    fs::write(&left, "half").unwrap();
    let home = Home::open(&path).unwrap();
    assert!(!left.exists());
    assert!(home.imports().next_drop_time(time(5)).unwrap() > times[2]);
}

/// Copies a home as a kill would leave it: whatever is in the files now.
fn killed(path: &Path, folder: &Path) -> Home {
    let copy = folder.join("killed");
    fs::create_dir(&copy).unwrap();
    for name in ["rollcall.sqlite", "rollcall.sqlite-wal", "secret"] {
        fs::copy(path.join(name), copy.join(name)).unwrap();
    }
    Home::open(&copy).unwrap()
}

#[test]
fn after_a_kill_redelivered_chunks_give_the_same_contacts() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    let keep = |home: &Home, chunk: u32, records: &[ContactWrite]| {
        block_on(home.contacts().keep(&pool(), &import(1), chunk, records)).unwrap();
    };
    keep(&home, 0, &rows(0, 50));
    let twice = ContactWrite { repeated: true, ..rows(60, 61).remove(0) };
    keep(&home, 1, &[rows(50, 60), vec![twice]].concat());
    let items = [directory::account("A1", &["e:a@b.com"]), directory::account("A2", &["e:c@b.com"])];
    let owner = rollcall_domain::types::names::ProgramName::marketplace();
    let kind = rollcall_domain::types::kind::Kind::Accounts;
    block_on(home.directory().keep(&owner, kind, &items)).unwrap();
    block_on(home.directory().keep(&owner, kind, &[directory::account("A1", &["e:new@b.com"])])).unwrap();

    let killed = killed(&path, folder.path());
    let earlier = ContactWrite { row: 2, record: Some("{\"n\":2}"), ..twice };
    for home in [&home, &killed] {
        keep(home, 2, &[rows(61, 80), vec![earlier]].concat());
        keep(home, 1, &rows(50, 60));
        block_on(home.contacts().end_import(&pool(), &import(1))).unwrap();
        let keys = ["e:new@b.com", "e:c@b.com", "e:a@b.com"].map(str::to_owned);
        let found = block_on(home.directory().candidates(&keys)).unwrap();
        assert_eq!(found.iter().map(|one| one.accounts.len()).collect::<Vec<_>>(), [1, 1, 0]);
    }
    assert_eq!(listed(&home).len(), 80);
    assert_eq!(listed(&home), listed(&killed));
}

#[test]
fn an_older_imports_late_delivery_writes_nothing() {
    let folder = folder();
    let home = Home::open(&folder.path().join("home")).unwrap();
    let contacts = home.contacts();
    let first = rows(1, 2);
    block_on(contacts.keep(&pool(), &import(1), 0, &first)).unwrap();
    let second = ContactWrite { known: true, record: Some("{\"n\":\"new\"}"), ..first[0] };
    block_on(contacts.keep(&pool(), &import(2), 0, &[second])).unwrap();
    block_on(contacts.keep(&pool(), &import(1), 0, &first)).unwrap();
    block_on(contacts.keep(&pool(), &import(1), 7, &first)).unwrap();
    assert_eq!(listed(&home)[0].record, "{\"n\":\"new\"}");
}

#[test]
fn a_listing_beside_a_running_command_shows_what_is_there() {
    let folder = folder();
    let path = folder.path().join("home");
    let home = Home::open(&path).unwrap();
    let groups = vec!["vip".to_owned(), "a\"b".to_owned()];
    let row = ContactWrite { groups: &groups, ..rows(1, 2).remove(0) };
    block_on(home.contacts().keep(&pool(), &import(1), 0, &[row])).unwrap();
    block_on(home.imports().begin(item(import(2)))).unwrap();
    block_on(home.imports().begin(item(import(1)))).unwrap();
    block_on(home.directory().keep(
        &program("acme"),
        rollcall_domain::types::kind::Kind::Tags,
        &[rollcall_pipeline::ports::DirectoryItem {
            id: "t".into(),
            keys: vec!["t".into()],
            json: "{}".into(),
        }],
    ))
    .unwrap();
    let beside = Home::open_shared(&path).unwrap();
    let contacts = listed(&beside);
    assert_eq!(contacts, listed(&home));
    assert_eq!(contacts[0].groups, ["a\"b", "vip"]);
    assert_eq!(contacts[0].import_id, import(1).as_str());
    let ids: Vec<_> =
        beside.listing().unfinished_imports().unwrap().into_iter().map(|one| one.import_id).collect();
    assert_eq!(ids, [import(1), import(2)]);
    let tag = [(rollcall_domain::types::kind::Kind::Tags, "t".to_owned())];
    assert_eq!(block_on(beside.directory().find(&program("acme"), &tag)).unwrap(), [["{}"]]);
    let refused = block_on(beside.contacts().end_import(&pool(), &import(1)));
    assert!(refused.unwrap_err().to_string().contains("reading only"));
}

#[test]
fn tidying_removes_what_is_below_the_floor_and_no_more() {
    let folder = folder();
    let home = Home::open(&folder.path().join("home")).unwrap();
    let contacts = home.contacts();
    block_on(contacts.keep(&pool(), &import(1), 0, &rows(0, 30))).unwrap();
    block_on(contacts.end_import(&pool(), &import(1))).unwrap();
    let stamped: Vec<ContactWrite> =
        rows(20, 40).into_iter().map(|row| ContactWrite { known: row.row < 30, ..row }).collect();
    block_on(contacts.keep(&pool(), &import(2), 0, &stamped)).unwrap();
    block_on(contacts.raise_cutoff(&pool(), &import(2))).unwrap();
    assert_eq!(listed(&home).len(), 20);
    let month =
        |month: i8| jiff::civil::date(2023, month, 1).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let before: i8 = import(2).as_str()[4..6].parse().unwrap();
    // An undo may still bring them back; then they go, once.
    assert_eq!(contacts.tidy_before(month(before)).unwrap(), 0);
    assert_eq!(contacts.tidy_before(month(before + 1)).unwrap(), 20);
    assert_eq!(contacts.tidy_before(month(before + 1)).unwrap(), 0);
    assert_eq!(contacts.tidy(&pool()).unwrap(), 0);
    assert_eq!(listed(&home).len(), 20);
    block_on(contacts.keep(&pool(), &import(3), 0, &rows(0, 20))).unwrap();
    assert_eq!(listed(&home).len(), 40);
}

#[test]
fn readers_miss_nothing_while_indexes_are_packed() {
    let folder = folder();
    let home = Home::open(&folder.path().join("home")).unwrap();
    block_on(home.contacts().keep(&pool(), &import(1), 0, &rows(0, 2_000))).unwrap();
    let wanted: Vec<Wanted> =
        (0..2_000).map(|row| Wanted::Contact(contact(&pool(), &row.to_string()))).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let read = block_on(home.contacts().read(&pool(), &import(9_999), &wanted)).unwrap();
                    assert!(read.iter().all(Option::is_some));
                }
            });
        }
        for number in 2..60 {
            let batch = rows(number * 2_000, number * 2_000 + 400);
            let import = import(number.cast_signed());
            block_on(home.contacts().keep(&pool(), &import, 0, &batch)).unwrap();
            block_on(home.contacts().end_import(&pool(), &import)).unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_drop_that_was_prepared_appears_as_it_was_noted() {
    let folder = tempfile::tempdir().unwrap();
    let (home, source) = (folder.path().join("home"), folder.path().join("a.csv"));
    fs::write(&source, "Name,Email\n").unwrap();
    let key = "inbox/acme/prospects/a.csv";
    let prepare = |home: &Home| {
        let at = "2026-03-01T09:30:00.123Z".parse().unwrap();
        let prepared = home.bucket().prepare_drop(&source, key, at).unwrap();
        let object = prepared.object().clone();
        // As a kill leaves it: nothing is cleaned up.
        std::mem::forget(prepared);
        object
    };
    let object = prepare(&Home::open(&home).unwrap());
    let opened = Home::open(&home).unwrap();
    let bucket = opened.bucket();
    assert_eq!(block_on(bucket.describe(key)).unwrap(), None);
    bucket.show_prepared(&object).unwrap();
    bucket.show_prepared(&object).unwrap();
    assert_eq!(block_on(bucket.describe(key)).unwrap(), Some(object.clone()));
    fs::remove_file(bucket.root().join(key)).unwrap();
    prepare(&opened);
    bucket.forget_prepared().unwrap();
    bucket.show_prepared(&object).unwrap();
    assert_eq!(block_on(bucket.describe(key)).unwrap(), None);
}
