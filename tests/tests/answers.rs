//! What people are told of an import: lines, values and labels, workbooks back, and the e-mail by SMTP.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pollster::block_on;
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::report::notification::Notification;
use rollcall_domain::types::names::ImportId;
use rollcall_embedded::outbox::Outbox;
use rollcall_embedded::smtp::Delivery;
use rollcall_pipeline::ports::Mail;
use rollcall_tests::test_host::{Course, Imported, TestHost};
use rust_xlsxwriter::Workbook;

const ROWS: &[&[&str]] = &[
    &["Name", "E-mail", "Note"],
    &["Ann", "ann@one.example", "=1+1"],
    &[],
    &["Bob", "nobody", "'=2"],
    &["Cy", "x y", "00123"],
];

fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn file(imported: &Imported, name: &str) -> Vec<u8> {
    std::fs::read(imported.folder.join(name)).unwrap()
}

#[test]
fn the_results_of_a_workbook_are_workbooks_too() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", workbook(ROWS));
    assert_eq!(imported.status(), "completed_with_errors");
    // The rejected rows come back as they are: the same errors, and the same cells once more.
    let again = host.import("prospects", file(&imported, "failed.xlsx"));
    let cells = |imported: &Imported| -> Vec<_> {
        imported.failed_rows().iter().map(|row| [row["Name"].clone(), row["Note"].clone()]).collect()
    };
    assert_eq!(cells(&again), cells(&imported));
    assert_eq!(again.errors().len(), 2);
    assert!(imported.report.contains("failed.xlsx") && imported.report.contains("succeeded.xlsx"));
    let csv = host.import("prospects", "Name,E-mail\nDi,di@one.example\n");
    assert!(!csv.folder.join("failed.xlsx").exists());
}

#[test]
fn chunks_and_their_order_change_no_byte_of_a_workbook() {
    let rows: Vec<[String; 3]> = (0..40)
        .map(|row| {
            [
                format!("N{row}"),
                format!("m{row}@x{}", if row % 3 == 0 { "" } else { ".example" }),
                String::new(),
            ]
        })
        .collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let mut all: Vec<&[&str]> = vec![ROWS[0]];
    all.extend(rows.iter().map(Vec::as_slice));
    let source = workbook(&all);
    let of = |rows: u32, order: u64| {
        let course = Course { size: ChunkSize { rows, ..ChunkSize::default() }, order, ..Course::default() };
        let host = TestHost::with_acme();
        let imported = host.import_with("prospects", &source, &[], &course);
        let counts = serde_json::to_string(&imported.summary.errors).unwrap();
        (file(&imported, "failed.xlsx"), counts)
    };
    let whole = of(4_000, 0);
    for (rows, order) in [(1, 7), (5, 1), (16, 3)] {
        assert!(of(rows, order) == whole, "chunks of {rows}");
    }
}

#[test]
fn people_are_told_the_row_of_the_spreadsheet_and_the_value() {
    let host = TestHost::with_acme();
    let imported = host.import("prospects", workbook(ROWS));
    let error = &imported.summary.errors[0];
    assert_eq!(error.first_rows, [3, 4]);
    let lines: Vec<_> =
        error.examples.iter().map(|example| (example.line, example.value.as_deref())).collect();
    assert_eq!(lines, [(4, Some("nobody")), (5, Some("x y"))]);
    assert!(imported.report.contains("row 4: <bdi>nobody</bdi>"), "{}", imported.report);
}

/// A mail server for so many connections; tells what it accepted. It answers each `RCPT` as `answer` says.
fn server(answer: impl Fn(&str) -> &'static str + Send + 'static) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (told, heard) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut out = stream.unwrap();
            let mut lines = BufReader::new(out.try_clone().unwrap()).lines();
            out.write_all(b"220 test\r\n").unwrap();
            while let Some(Ok(line)) = lines.next() {
                let reply = match line.split(' ').next().unwrap() {
                    "EHLO" => "250-test\r\n250 8BITMIME",
                    "RCPT" => answer(&line),
                    "DATA" => {
                        out.write_all(b"354 go on\r\n").unwrap();
                        let mail: Vec<_> =
                            lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                        told.send(mail.join("\n")).unwrap();
                        "250 accepted"
                    }
                    "QUIT" => {
                        out.write_all(b"221 bye\r\n").unwrap();
                        break;
                    }
                    _ => "250 ok",
                };
                if out.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    (url, heard)
}

fn letter() -> Notification {
    Notification {
        from: "rollcall@acme.example".into(),
        to: vec!["team@acme.example".into()],
        subject: "list.csv: import completed".into(),
        text: "Hello".into(),
        html: "<p>Hello</p>".into(),
        attachment: None,
    }
}

fn import_id() -> ImportId {
    ImportId::derive("bucket", "inbox/acme/prospects/a.csv", "1", jiff::Timestamp::UNIX_EPOCH)
}

#[test]
fn a_server_that_is_away_gets_the_mail_later_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let away = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("smtp://{}", listener.local_addr().unwrap())
    };
    let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&away).unwrap();
    block_on(outbox.send(&import_id(), &letter())).unwrap();
    assert_eq!(outbox.delivery(&import_id()), Some(Delivery::Waiting));
    let (url, heard) = server(|_| "250 ok");
    let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
    outbox.send_waiting().unwrap();
    assert!(heard.recv().unwrap().contains("Subject: list.csv: import completed"));
    assert_eq!(outbox.delivery(&import_id()), Some(Delivery::Sent));
    outbox.send_waiting().unwrap();
    block_on(outbox.send(&import_id(), &letter())).unwrap();
    assert!(heard.try_recv().is_err(), "sent twice");
    assert!(outbox.notification(&import_id()).is_file());
}

/// The end of an import may be handled twice at once, and beside it what waits is tried again.
#[test]
fn a_mail_is_sent_by_one_thread_at_a_time() {
    let ((told, asked), (go, goes)) = (channel(), channel());
    let (url, heard) = server(move |_| {
        told.send(()).unwrap();
        // Whoever sends a second time is not kept out by this server.
        let _ = goes.recv_timeout(Duration::from_millis(500));
        "250 ok"
    });
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| block_on(outbox.send(&import_id(), &letter())));
        asked.recv().unwrap();
        block_on(outbox.send(&import_id(), &letter())).unwrap();
        outbox.send_waiting().unwrap();
        go.send(()).unwrap();
        first.join().unwrap().unwrap();
    });
    assert_eq!(heard.try_iter().count(), 1);
    assert_eq!(outbox.delivery(&import_id()), Some(Delivery::Sent));
}

#[test]
fn a_refused_mail_is_not_tried_again_and_one_that_waits_is() {
    for (answer, delivery) in [("550 no such user", Delivery::Refused), ("451 try later", Delivery::Waiting)]
    {
        let folder = tempfile::tempdir().unwrap();
        let (url, _heard) = server(move |_| answer);
        let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
        block_on(outbox.send(&import_id(), &letter())).unwrap();
        assert_eq!(outbox.delivery(&import_id()), Some(delivery), "{answer}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(Outbox::open(folder.path()).unwrap().with_smtp("mail.example").is_err());
}

/// A server takes a message for all recipients of a conversation or for none, so the others need one each.
#[test]
fn a_recipient_who_is_refused_takes_the_mail_from_nobody_else() {
    let [ann, bad, late] = ["ann@acme.example", "bad@acme.example", "late@acme.example"].map(str::to_owned);
    let orders = [[&ann, &bad, &late], [&bad, &late, &ann], [&late, &ann, &bad]];
    for order in orders {
        let folder = tempfile::tempdir().unwrap();
        let letter = Notification { to: order.map(String::clone).to_vec(), ..letter() };
        let (url, heard) = server(|line| match line {
            _ if line.contains("bad@") => "550 no such user",
            _ if line.contains("late@") => "451 try later",
            _ => "250 ok",
        });
        let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
        block_on(outbox.send(&import_id(), &letter)).unwrap();
        assert_eq!(heard.try_iter().count(), 1, "{order:?}");
        assert_eq!(outbox.delivery(&import_id()), Some(Delivery::Waiting));
        assert_eq!(outbox.refused(&import_id()), std::slice::from_ref(&bad));
        // The end of the import is repeated after a crash: nobody gets it twice.
        block_on(outbox.send(&import_id(), &letter)).unwrap();
        assert_eq!(heard.try_iter().count(), 0);
        let (url, heard) = server(|line| if line.contains("late@") { "250 ok" } else { "550 never" });
        let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
        outbox.send_waiting().unwrap();
        assert_eq!(heard.try_iter().count(), 1);
        assert_eq!(outbox.delivery(&import_id()), Some(Delivery::Sent));
        assert_eq!(outbox.refused(&import_id()), std::slice::from_ref(&bad));
    }
}

/// A password that is wrong, or a server that takes nothing now, is not tried again for each recipient.
#[test]
fn what_concerns_all_recipients_is_asked_once() {
    for (answer, delivery) in [("535 who are you", Delivery::Refused), ("421 closing", Delivery::Waiting)] {
        let (told, asked) = channel();
        let (url, heard) = server(move |line| {
            told.send(line.to_owned()).unwrap();
            answer
        });
        let folder = tempfile::tempdir().unwrap();
        let to = ["ann@acme.example", "bob@acme.example"].map(str::to_owned).to_vec();
        let outbox = Outbox::open(folder.path()).unwrap().with_smtp(&url).unwrap();
        block_on(outbox.send(&import_id(), &Notification { to, ..letter() })).unwrap();
        assert_eq!(
            (outbox.delivery(&import_id()), asked.try_iter().count()),
            (Some(delivery), 1),
            "{answer}"
        );
        assert_eq!(heard.try_iter().count(), 0);
    }
}

#[test]
fn the_failed_rows_go_along_where_the_program_wants_it() {
    for (settings, along) in [("attach_failed = true", true), ("", false)] {
        let host = TestHost::with_acme();
        host.program("acme", &format!("title = 'Acme'\nnotify = ['team@acme.example']\n{settings}\n"));
        let imported = host.import("prospects", "Name,E-mail\nAnn,nobody\n");
        let mail = imported.notification.unwrap();
        assert_eq!(mail.contains("failed.csv\""), along, "{mail}");
    }
}
