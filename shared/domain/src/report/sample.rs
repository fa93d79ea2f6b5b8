//! Imports to test reports and notifications with.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::messages::labels::Labels;
use crate::messages::localized::FindingJson;
use crate::profile::compiled::Profile;
use crate::report::html::{ReportInput, Workbooks};
use crate::report::summary::{Head, SCHEMA, Summary};
use crate::report::upload::{Detection, Upload, UploadColumn, Verdict};
use crate::result::tally::{RowPlace, Tally};
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};
use crate::types::locale::Locale;
use crate::types::outcome::Outcome;

/// An ended import, with the data of its report.
pub struct Sample {
    pub summary: Summary,
    pub upload: Upload,
    pub locale: Locale,
    pub time_zone: TimeZone,
    pub labels: Labels,
}

impl Sample {
    pub fn input(&self) -> ReportInput<'_> {
        ReportInput {
            summary: &self.summary,
            upload: &self.upload,
            title: "Acme & Filhos",
            locale: self.locale,
            time_zone: &self.time_zone,
            labels: &self.labels,
            console_url: None,
            workbooks: Workbooks::default(),
        }
    }

    /// Every row was accepted.
    pub fn completed(locale: Locale) -> Self {
        let mut tally = Tally::default();
        (1..=1_480).for_each(|row| tally.add_row(at(row), Outcome::Created, row % 4 == 0, &[]));
        (1_481..=1_500).for_each(|row| tally.add_row(at(row), Outcome::Unchanged, true, &[]));
        Self::of(locale, tally, Vec::new())
    }

    /// Rows of every outcome but one, errors and warnings of several kinds.
    pub fn with_errors(locale: Locale) -> Self {
        let order = Finding::on(Code::DateOrderAssumed, &Column::new("date", 6)).arg("order", "DD/MM/YYYY");
        Self::of(locale, mixed(), vec![FindingJson::new(&order, &prospects(), locale)])
    }

    /// Some rows are unprocessed.
    pub fn incomplete(locale: Locale) -> Self {
        let mut tally = mixed();
        tally.add_plain(Outcome::Unprocessed, 37);
        Self::of(locale, tally, Vec::new())
    }

    /// The file was refused, for two reasons.
    pub fn refused(locale: Locale) -> Self {
        let missing = Finding::on(Code::ColumnMissing, &Column::new("website", None)).hint("<b>Web</b> Site");
        let delimiter = Finding::new(Code::DelimiterNotAllowed).value(",").arg("allowed", "; |");
        let mut tally = Tally::default();
        let findings = [missing, delimiter];
        findings.iter().for_each(|finding| tally.add_file(finding));
        let findings =
            findings.iter().map(|finding| FindingJson::new(finding, &prospects(), locale)).collect();
        let mut sample = Self::of(locale, tally, findings);
        sample.upload.delimiter = Some(",".into());
        sample
    }

    /// The import failed before a row was read.
    pub fn failed(locale: Locale) -> Self {
        let mut sample = Self::of(locale, Tally::default(), Vec::new());
        sample.summary = sample.summary.failed("the object is gone");
        sample
    }

    fn of(locale: Locale, tally: Tally, findings: Vec<FindingJson>) -> Self {
        let head = Head {
            import_id: "01k9w2d8m4".into(),
            program: "acme".into(),
            profile: "prospects".into(),
            file: "feira <2026> & cia.csv".into(),
            dry_run: false,
            approves: None,
        };
        let upload = upload(head.clone(), Verdict::of(findings), tally.rows.read);
        let (started, finished) = ("2026-03-01T09:30:00.120Z", "2026-03-01T09:30:02.520Z");
        let summary = Summary::from_tally(head, tally, started.parse().unwrap(), finished.parse().unwrap());
        Self {
            summary,
            upload,
            locale,
            time_zone: TimeZone::get("America/Sao_Paulo").unwrap(),
            labels: prospects(),
        }
    }
}

/// A row of a file with a header and no line breaks in its cells.
pub fn at(row: u64) -> RowPlace {
    RowPlace { row, line: row + 1 }
}

/// The labels of the built-in profile.
fn prospects() -> Labels {
    Profile::built_in("prospects").expect("a built-in profile").labels()
}

fn mixed() -> Tally {
    let (email, phone) = (Column::new("email", 2), Column::new("phone", 4));
    let invalid = [Finding::on(Code::EmailInvalid, &email).value("secret@cell").arg("reason", "no_at")];
    let group = [Finding::on(Code::GroupUnknown, &Column::new("group", 5)), Finding::new(Code::RowRagged)];
    let assumed = [Finding::on(Code::PhoneCountryAssumed, &phone).arg("region", "BR")];
    let mut tally = Tally::default();
    (1..=1_200).for_each(|row| {
        tally.add_row(at(row), Outcome::Created, row % 3 == 0, &assumed[..(row % 2) as usize])
    });
    (1_201..=1_300).for_each(|row| tally.add_row(at(row), Outcome::Updated, true, &[]));
    (1_301..=1_310).for_each(|row| tally.add_row(at(row), Outcome::Merged, true, &[]));
    (1_311..=1_370).for_each(|row| tally.add_row(at(row), Outcome::Rejected, false, &invalid));
    (1_371..=1_373).for_each(|row| tally.add_row(at(row), Outcome::Rejected, false, &group));
    tally.add_plain(Outcome::Skipped, 12);
    tally
}

fn upload(head: Head, verdict: Verdict, rows: u64) -> Upload {
    let column = |position, header: &str, field: Option<&str>, hint: Option<&str>| UploadColumn {
        position,
        header: header.to_owned(),
        fields: Vec::new(),
        field: field.map(str::to_owned),
        hint: hint.map(str::to_owned),
    };
    Upload {
        schema: SCHEMA,
        head,
        rows: verdict.accepted.then_some(rows),
        verdict,
        encoding: Some("windows-1252".into()),
        delimiter: Some(";".into()),
        sheet: None,
        first_line: Some("header".into()),
        columns: vec![
            column(1, "Nome", Some("name"), None),
            column(2, "E-mail", Some("email"), None),
            column(3, "Sítio", None, Some("website")),
            column(4, "Telefone", Some("phone"), None),
            column(5, "<script>alert(1)</script>", None, None),
        ],
        mapping: None,
        detection: Detection::default(),
        options: BTreeMap::from([("replace".to_owned(), false.into())]),
    }
}
