use super::*;
use crate::report::sample::Sample;

#[test]
fn the_report_of_an_import_with_errors() {
    insta::assert_snapshot!("with_errors_en", report(&Sample::with_errors(Locale::En).input()));
    insta::assert_snapshot!("with_errors_pt", report(&Sample::with_errors(Locale::Pt).input()));
}

#[test]
fn the_report_of_a_refused_file_says_so_first() {
    let html = report(&Sample::refused(Locale::De).input());
    let verdict = html.find("Die Datei wurde abgelehnt</h2>").unwrap();
    let why = html.find("die Pflichtspalte fehlt: Webseite").unwrap();
    assert!(verdict < why && why < html.find("Was erkannt wurde").unwrap());
    assert!(!html.contains("succeeded.csv") && !html.contains("<tfoot>"));
    insta::assert_snapshot!("refused_de", html);
}

#[test]
fn the_upload_summary_is_the_contracts() {
    insta::assert_snapshot!("upload_accepted", Sample::with_errors(Locale::Pt).upload.to_json());
    let refused = Sample::refused(Locale::Pt).upload;
    assert_eq!(serde_json::from_str::<Upload>(&refused.to_json()).unwrap(), refused);
    insta::assert_snapshot!("upload_refused", refused.to_json());
}

#[test]
fn every_report_is_whole_and_escapes_what_comes_from_outside() {
    let samples =
        [Sample::completed, Sample::with_errors, Sample::incomplete, Sample::refused, Sample::failed];
    for locale in Locale::ALL {
        for sample in samples {
            let html = report(&sample(locale).input());
            assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>"));
            assert!(html.contains(&format!("<html lang=\"{locale}\">")));
            assert!(!html.contains("<script") && !html.contains("<b>"), "not escaped");
            assert!(!html.contains("src=") && !html.contains("http"), "an external resource");
            assert!(html.contains("feira &#60;2026&#62; &#38; cia.csv"));
        }
    }
}

#[test]
fn a_dry_run_has_a_banner() {
    let mut sample = Sample::completed(Locale::Fr);
    assert!(!report(&sample.input()).contains("Simulation"));
    sample.summary.head.dry_run = true;
    let html = report(&sample.input());
    assert!(html.contains("Toutes les lignes seraient acceptées"));
    insta::assert_snapshot!("dry_run_fr", html);
    assert!(html.contains("Simulation") && html.contains("les lignes qui seraient importées"));
}

#[test]
fn times_are_told_in_the_programs_zone_and_way() {
    let sample = Sample::completed(Locale::De);
    let fixed = TimeZone::fixed(jiff::tz::offset(2));
    for (locale, time_zone, text) in [
        (Locale::De, &sample.time_zone, "01.03.2026 06:30:00 (America/Sao_Paulo)"),
        (Locale::Es, &fixed, "01/03/2026 11:30:00 (UTC+02:00)"),
        (Locale::En, &TimeZone::UTC, "2026-03-01 09:30:00 (UTC)"),
    ] {
        let input = ReportInput { locale, time_zone, ..sample.input() };
        assert_eq!(time(sample.summary.started_at, &input), text);
    }
}

#[test]
fn the_rate_is_computed_from_times() {
    let mut sample = Sample::completed(Locale::En);
    assert_eq!(rate(&sample.summary), Some(625.0));
    sample.summary.finished_at = sample.summary.started_at;
    assert_eq!(rate(&sample.summary), None);
}

#[test]
fn a_sum_that_does_not_hold_is_shown() {
    let mut sample = Sample::with_errors(Locale::En);
    sample.summary.rows.read += 1;
    let html = report(&sample.input());
    assert!(html.contains("The sum does not add up: 1,200 + 100 + 10 + 12 + 63 ≠ 1,386"), "{html}");
}
