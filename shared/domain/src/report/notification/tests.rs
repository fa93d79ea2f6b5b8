use super::*;
use crate::report::sample::Sample;
use crate::result::tally::Tally;
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};
use crate::types::outcome::Outcome;

fn write(sample: &Sample) -> Notification {
    notification(&sample.input(), None, &["team@acme.example".to_owned()])
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
    let notification = notification(&sample.input(), Some("import@acme.example"), &[]);
    assert_eq!((notification.from.as_str(), notification.to.len()), ("import@acme.example", 0));
}

#[test]
fn no_cell_is_shown() {
    for sample in [Sample::with_errors, Sample::refused, Sample::incomplete] {
        let notification = write(&sample(Locale::En));
        for part in [&notification.subject, &notification.text, &notification.html] {
            assert!(!part.contains("secret") && !part.contains("Web") && !part.contains('@'), "{part}");
        }
    }
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
    tally.add_row(1, Outcome::Rejected, false, &findings);
    let mut sample = Sample::completed(Locale::En);
    sample.summary.errors = tally.errors;
    let text = write(&sample).text;
    assert_eq!(text.matches("is too long").count(), PROBLEMS_SHOWN);
    assert!(text.contains("- further kinds, see the report: 10\n"), "{text}");
}
