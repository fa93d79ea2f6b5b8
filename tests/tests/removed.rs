//! What a replacing import removes: `removed.csv`, the warning with the number, and the limit `max_removed`.

use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::types::code::{Code, Scope};
use rollcall_tests::test_host::{Course, Imported, TestHost};

const REPLACE: (&str, &str) = ("replace", "true");

/// A file with a row for each of these people.
fn file(people: impl IntoIterator<Item = u32>) -> String {
    let rows = people.into_iter().map(|person| format!("N{person};{}\n", phone(person)));
    std::iter::once("Nome;Telefone 1\n".to_owned()).chain(rows).collect()
}

fn phone(person: u32) -> String {
    format!("+55119{:08}", 61_000_000 + person)
}

fn import(host: &TestHost, file: &str, options: &[(&str, &str)], course: &Course) -> Imported {
    host.import_with("mailing", file, options, course)
}

fn host(people: u32) -> TestHost {
    let host = TestHost::with_acme();
    import(&host, &file(0..people), &[], &Course::default());
    host
}

fn courses() -> Vec<Course> {
    let course = |rows, order, deliveries| Course {
        size: ChunkSize { rows, ..ChunkSize::default() },
        order,
        deliveries,
    };
    vec![Course::default(), course(1, 5, 1), course(3, 2, 2)]
}

fn removed(imported: &Imported) -> String {
    std::fs::read_to_string(imported.folder.join("removed.csv")).unwrap()
}

fn phones(host: &TestHost) -> Vec<String> {
    let mut phones: Vec<String> = host.records().into_iter().flat_map(|record| record.phones).collect();
    phones.sort();
    phones
}

fn file_codes(imported: &Imported) -> Vec<&'static str> {
    let codes = imported.summary.errors.iter().map(|count| count.code);
    codes.filter(|code| code.scope() == Scope::File).map(Code::as_str).collect()
}

/// The number that the warning tells.
fn told(imported: &Imported) -> Option<String> {
    let told = imported.summary.warnings.iter().find(|count| count.code == Code::RowsRemoved)?;
    assert_eq!((told.rows, &told.column), (0, &None));
    told.args.get("found").cloned()
}

#[test]
fn dig_05_the_removed_are_named_in_a_dry_run_and_in_the_real_one() {
    let mut seen = Vec::new();
    for course in courses() {
        let host = host(7);
        let list = file([1, 9, 5]);
        let dry = import(&host, &list, &[REPLACE, ("dry_run", "true")], &course);
        assert_eq!(phones(&host).len(), 7);
        let real = import(&host, &list, &[REPLACE], &course);
        assert_eq!(phones(&host), [phone(1), phone(5), phone(9)]);
        assert_eq!(removed(&dry), removed(&real));
        for imported in [&dry, &real] {
            assert_eq!((imported.summary.removed, told(imported)), (Some(5), Some("5".to_owned())));
            assert!(imported.report.contains("removed.csv") && imported.report.contains(": 5"));
            assert!(imported.notification.as_ref().unwrap().contains("contacts that are not in the file: 5"));
        }
        assert_eq!((real.status(), dry.status()), ("completed", "completed"));
        let rows = rollcall_tests::test_host::rows(removed(&real).as_bytes());
        let ids: Vec<&String> = rows.iter().map(|row| &row["rollcall_contact_id"]).collect();
        assert!(ids.is_sorted() && ids.len() == 5);
        let mut gone: Vec<String> = rows.iter().map(|row| row["phone_1"].clone()).collect();
        gone.sort();
        assert_eq!(gone, [0, 2, 3, 4, 6].map(phone));
        seen.push((removed(&real), real.succeeded));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn dig_05_more_than_the_limit_is_refused_and_nothing_is_written() {
    for course in courses() {
        for (limit, refused) in [("3", true), ("57%", true), ("4", false), ("58%", false), ("0", true)] {
            let host = host(7);
            let before = host.contacts();
            let options = [REPLACE, ("max_removed", limit)];
            let dry = import(&host, &file(4..8), &[options[0], options[1], ("dry_run", "true")], &course);
            assert_eq!(dry.status() == "refused", refused, "{limit}");
            let imported = import(&host, &file(4..8), &options, &course);
            if refused {
                assert_eq!((imported.status(), file_codes(&imported)), ("refused", vec!["too_many_removed"]));
                assert_eq!(host.contacts(), before, "{limit}");
                assert_eq!(imported.summary.rows.unprocessed, 4);
                let why = (1, "row:too_many_removed".to_owned());
                assert_eq!(imported.errors()[0], why);
                assert!(imported.report.contains("allowed: ") && imported.summary.removed.is_none());
            } else {
                assert_eq!(imported.summary.removed, Some(4), "{limit}");
                assert_eq!(phones(&host), [4, 5, 6, 7].map(phone));
            }
        }
    }
}

#[test]
fn dig_05_without_an_option_five_hundred_or_a_tenth_of_the_pool_may_go() {
    for (pool, stay, status) in [(510, 10, "completed"), (510, 9, "refused"), (520, 19, "refused")] {
        let host = host(pool);
        let imported = import(&host, &file(0..stay), &[REPLACE], &Course::default());
        assert_eq!(imported.status(), status, "{pool} {stay}");
        let left = if status == "refused" { pool } else { stay };
        assert_eq!(host.contacts().len() as u32, left);
    }
    let host = host(6_000);
    assert_eq!(import(&host, &file(601..6_000), &[REPLACE], &Course::default()).status(), "refused");
    assert_eq!(import(&host, &file(600..6_000), &[REPLACE], &Course::default()).status(), "completed");
}

#[test]
fn dig_05_an_import_that_removes_nobody_says_so() {
    let host = host(3);
    for (list, options) in [
        (file(0..4), &[REPLACE][..]),
        ("Nome;Telefone 1\nx;bad\n".to_owned(), &[REPLACE]),
        (file(0..2), &[REPLACE, ("mode", "create"), ("rows", "9")]),
    ] {
        let imported = import(&host, &list, options, &Course::default());
        assert_eq!(removed(&imported), "\u{feff}rollcall_contact_id;phone_1\r\n", "{list}");
        assert_eq!((told(&imported), imported.summary.removed), (None, Some(0)));
    }
    let plain = import(&host, &file(0..2), &[("max_removed", "0")], &Course::default());
    assert!(!plain.folder.join("removed.csv").exists() && plain.summary.removed.is_none());
    // Contacts that a mode leaves as they are belong to the list too.
    let created = import(&host, &file(0..2), &[REPLACE, ("mode", "create")], &Course::default());
    assert_eq!((created.summary.removed, phones(&host)), (Some(2), vec![phone(0), phone(1)]));
}

#[test]
fn dig_05_cells_of_the_removed_are_safe_in_a_spreadsheet() {
    let host = TestHost::with_acme();
    let profile = "name = 'lists'\noffers_replace = true\nidentity = [['code', 'name']]\n\
        [[fields]]\nname = 'code'\nkind = 'text'\nrequired = true\n\
        [[fields]]\nname = 'name'\nkind = 'text'\nrequired = true\n";
    host.profile("lists", profile);
    host.import("lists", "code,name\n=1+1,Ann\n@x,\"a,b\"\nz,Zed\n");
    let imported = host.import_with("lists", "code,name\nz,Zed\n", &[REPLACE], &Course::default());
    let mut lines: Vec<String> =
        removed(&imported).lines().skip(1).map(|line| line[27..].to_owned()).collect();
    lines.sort();
    assert_eq!(lines, ["'=1+1,Ann", "'@x,\"a,b\""]);
}

#[test]
fn dig_05_a_preview_of_the_whole_file_tells_the_number() {
    let host = host(7);
    let codes = |options: &[(&str, &str)], people| {
        let preview = host.preview("mailing", &file(people), options);
        let all = preview.verdict.errors.iter().chain(&preview.verdict.warnings);
        all.map(|one| (one.code.as_str(), one.args.get("found").cloned())).collect::<Vec<_>>()
    };
    let number = |text: &str| Some(text.to_owned());
    assert_eq!(codes(&[REPLACE], 5..9), [("rows_removed", number("5"))]);
    assert_eq!(codes(&[REPLACE, ("max_removed", "4")], 5..9), [("too_many_removed", number("5"))]);
    assert_eq!(codes(&[], 5..9), []);
    // Of a file that is longer than what is shown it is not known.
    assert_eq!(codes(&[REPLACE], 5..6_000), []);
}
