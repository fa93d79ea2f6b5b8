use super::*;
use crate::report::sample::{Sample, at};
use crate::result::tally::Tally;
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};
use crate::types::outcome::Outcome;

fn write(sample: &Sample) -> Notification {
    notification(&sample.input(), None, &["team@acme.example".to_owned()], None)
}

#[test]
fn letters_in_five_languages() {
    for locale in Locale::ALL {
        for (name, sample) in [
            ("completed", Sample::completed(locale)),
            ("with_errors", Sample::with_errors(locale)),
            ("refused", Sample::refused(locale)),
            ("incomplete", Sample::incomplete(locale)),
            ("failed", Sample::failed(locale)),
        ] {
            let notification = write(&sample);
            insta::assert_snapshot!(
                format!("{name}_{locale}"),
                format!("{}\n\n{}", notification.subject, notification.text)
            );
        }
    }
}

#[test]
fn a_dry_run_promises_nothing_that_was_not_done() {
    for locale in Locale::ALL {
        let mut sample = Sample::with_errors(locale);
        sample.summary.head.dry_run = true;
        let notification = write(&sample);
        insta::assert_snapshot!(
            format!("dry_run_{locale}"),
            format!("{}\n\n{}", notification.subject, notification.text)
        );
    }
}

#[test]
fn the_html_part() {
    insta::assert_snapshot!("html_with_errors_fr", write(&Sample::with_errors(Locale::Fr)).html);
    insta::assert_snapshot!("html_refused_en", write(&Sample::refused(Locale::En)).html);
}

#[test]
fn the_sender_is_the_settings_or_a_default() {
    let sample = Sample::completed(Locale::En);
    assert_eq!(write(&sample).from, DEFAULT_SENDER);
    let notification = notification(&sample.input(), Some("import@acme.example"), &[], None);
    assert_eq!((notification.from.as_str(), notification.to.len()), ("import@acme.example", 0));
}

#[test]
fn a_problem_names_lines_and_values_on_lines_of_their_own() {
    let text = write(&Sample::with_errors(Locale::En)).text;
    let told = "- E-mail: is not an e-mail address (rows: 60)\n    line 1312: secret@cell\n    line 1313: secret@cell\n";
    assert!(text.contains(told), "{text}");
    assert!(
        text.contains("- Group: no group has this name (rows: 3)\n    line 1372, 1373, 1374\n"),
        "{text}"
    );
}

#[test]
fn a_value_breaks_neither_a_line_nor_the_html() {
    let mut sample = Sample::with_errors(Locale::En);
    let email = sample.summary.errors.iter_mut().find(|count| count.code == Code::EmailInvalid).unwrap();
    email.examples[0].value = Some("a\r\nBcc: <b>x</b>".into());
    let notification = write(&sample);
    assert!(notification.text.contains("line 1312: a  Bcc: <b>x</b>\n"), "{}", notification.text);
    assert!(!notification.html.contains("<b>"), "{}", notification.html);
    assert!(!notification.subject.contains("Bcc"));
}

#[test]
fn a_missing_column_says_what_was_expected_and_where_a_template_is() {
    let text = write(&Sample::refused(Locale::De)).text;
    assert!(text.contains("Erwartete Spalten (* Pflicht): "), "{text}");
    assert!(text.contains("rollcall profiles template prospects --locale de"), "{text}");
    assert!(!write(&Sample::with_errors(Locale::De)).text.contains("Erwartete Spalten"));
}

#[test]
fn all_rejected_is_not_some() {
    let mut tally = Tally::default();
    let invalid = [Finding::on(Code::EmailInvalid, &Column::new("email", 2))];
    (1..=3).for_each(|row| tally.add_row(at(row), Outcome::Rejected, false, &invalid));
    let mut sample = Sample::completed(Locale::En);
    sample.summary = crate::report::summary::Summary::from_tally(
        sample.summary.head,
        tally,
        sample.summary.started_at,
        sample.summary.finished_at,
    );
    assert!(write(&sample).text.contains("but all rows were rejected and need fixing."));
    sample.summary.head.dry_run = true;
    assert!(write(&sample).text.contains("All rows would be rejected and need fixing."));
}

#[test]
fn the_link_leads_to_the_import_in_the_console() {
    let sample = Sample::completed(Locale::En);
    let input = ReportInput { console_url: Some("https://console.example/"), ..sample.input() };
    let notification = notification(&input, None, &[], None);
    assert!(notification.text.contains("Results: https://console.example/p/acme/imports/01k9w2d8m4\n"));
    assert!(!write(&sample).text.contains("https://"));
}

#[test]
fn the_subject_has_one_line_and_names_a_dry_run() {
    let mut sample = Sample::completed(Locale::De);
    sample.summary.head.file = "a\r\nBcc: x.csv".into();
    sample.summary.head.dry_run = true;
    assert_eq!(write(&sample).subject, "a  Bcc: x.csv: Import abgeschlossen (Probelauf)");
}

#[test]
fn many_kinds_are_left_to_the_report() {
    let mut tally = Tally::default();
    let findings: Vec<_> =
        (0..30).map(|n| Finding::on(Code::ValueTooLong, &Column::new(format!("c{n}"), n))).collect();
    tally.add_row(at(1), Outcome::Rejected, false, &findings);
    let mut sample = Sample::completed(Locale::En);
    sample.summary.errors = tally.errors;
    let text = write(&sample).text;
    assert_eq!(text.matches("is too long").count(), PROBLEMS_SHOWN);
    assert!(text.contains("- further kinds, see the report: 10\n"), "{text}");
}

#[test]
fn the_name_of_a_file_in_a_subject_is_short_and_plain() {
    for (file, subject) in [
        ("list.csv", "list.csv"),
        ("Données 2026 (1).csv", "Données 2026 (1).csv"),
        ("win\r\nBcc: x@y.example\u{202e}.csv", "win  Bcc: x@y.example .csv"),
        ("https://evil.example/pay?now.csv", "https:  evil.example pay now.csv"),
    ] {
        assert_eq!(super::subject_file(file), subject);
    }
    assert_eq!(super::subject_file(&"a".repeat(500)).chars().count(), 60);
}
