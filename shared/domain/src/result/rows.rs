//! Result rows: the sender's cells as in the file, then the result of the row.

use crate::file::cells::Cells;
use crate::file::write::{guard, write_guarded_cell, write_record};
use crate::messages::catalogue::Messages;
use crate::messages::labels::Labels;
use crate::plan::columns::SURPLUS;
use crate::plan::mapping::Mapping;
use crate::types::finding::Finding;
use crate::types::id::ContactId;
use crate::types::outcome::Outcome;

/// What a result file begins with: the byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A row as in the file.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Its record, without terminator.
    pub record: &'a str,
    /// Whether its cells may be copied unchanged ([`is_plain`]).
    pub plain: bool,
    /// The record's cells; ignored if it is plain.
    pub cells: &'a Cells,
    /// The row's number.
    pub row: u64,
    /// The physical line on which it begins.
    pub line: u64,
}

/// The values of a row of `succeeded.csv` after the sender's cells.
#[derive(Debug, Clone, Default)]
pub struct Answer<'a> {
    /// The contact; empty for directory entries.
    pub contact_id: Option<ContactId>,
    /// The matched account.
    pub account_id: &'a str,
    /// Its current name.
    pub account_name: &'a str,
    /// The field that matched it.
    pub matched_by: &'a str,
    /// The ids of the other candidates.
    pub candidates: Vec<&'a str>,
    /// The address for an invitation, masked if IMP-18 requires it.
    pub invite_to: &'a str,
}

/// Writes result rows of one file.
#[derive(Debug, Clone)]
pub struct ResultWriter {
    delimiter: u8,
    width: usize,
    surplus: bool,
    /// Columns that carry options in their names: empty in every row.
    carrying: usize,
}

impl ResultWriter {
    /// A writer for files of this width; `surplus` if some row has more cells than columns.
    pub fn new(delimiter: u8, width: usize, surplus: bool) -> Self {
        Self { delimiter, width, surplus, carrying: 0 }
    }

    /// Adds this number of empty columns, which carry options in their names, to `failed.csv`.
    #[must_use]
    pub fn carrying(mut self, columns: usize) -> Self {
        self.carrying = columns;
        self
    }

    /// The first record of a result file; `carrying` are the names of columns that carry options.
    pub fn header(
        mapping: &Mapping,
        columns: &[&str],
        delimiter: u8,
        surplus: bool,
        carrying: &[String],
    ) -> Vec<u8> {
        let mut out = BOM.to_vec();
        let own = mapping.echoed().map(|at| mapping.columns[at].header.as_str());
        let last = surplus.then_some(SURPLUS);
        let carrying = carrying.iter().map(String::as_str);
        let all = own.chain(columns.iter().copied()).chain(carrying).chain(last);
        for (number, header) in all.enumerate() {
            if number > 0 {
                out.push(delimiter);
            }
            write_guarded_cell(&mut out, header, delimiter);
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// Writes a row of `succeeded.csv`; returns the position of its outcome.
    pub fn succeeded(
        &mut self,
        out: &mut Vec<u8>,
        sent: Sent<'_>,
        outcome: Outcome,
        answer: &Answer<'_>,
        warnings: &[Finding],
    ) -> usize {
        self.echo(out, sent);
        self.place(out, sent.row, sent.line);
        let at = out.len();
        out.extend_from_slice(outcome.as_str().as_bytes());
        out.push(self.delimiter);
        if let Some(contact_id) = answer.contact_id {
            out.extend_from_slice(&contact_id.letters());
        }
        let candidates = answer.candidates.join(" ");
        for text in [answer.account_id, answer.account_name, answer.matched_by, &candidates, answer.invite_to]
        {
            self.text(out, text);
        }
        self.keys(out, warnings);
        out.extend_from_slice(b"\r\n");
        at
    }

    /// Writes a row of `failed.csv`.
    pub fn failed(
        &mut self,
        out: &mut Vec<u8>,
        sent: Sent<'_>,
        outcome: Outcome,
        findings: &[Finding],
        (messages, labels): (&Messages, &Labels),
    ) {
        let (errors, warnings): (Vec<Finding>, Vec<Finding>) =
            findings.iter().cloned().partition(Finding::is_error);
        self.echo(out, sent);
        self.place(out, sent.row, sent.line);
        out.extend_from_slice(outcome.as_str().as_bytes());
        self.keys(out, &errors);
        let mut text = String::new();
        messages.write_row(&errors, labels, &mut text);
        self.text(out, &text);
        self.keys(out, &warnings);
        out.extend(std::iter::repeat_n(self.delimiter, self.carrying));
        if self.surplus {
            let mut surplus = Vec::new();
            if !sent.plain && sent.cells.len() > self.width {
                write_record(&mut surplus, sent.cells.iter().skip(self.width), b',');
            }
            self.text(out, &String::from_utf8(surplus).expect("cells are text, so is their record"));
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends a line of `changes.csv`: field, value before, value after.
    pub fn changed(&self, out: &mut Vec<u8>, row: u64, contact_id: ContactId, cells: [&str; 3]) {
        let (row, contact_id) = (row.to_string(), contact_id.to_string());
        let [field, before, after] = cells;
        for (number, cell) in [&*row, &*contact_id, field, before, after].into_iter().enumerate() {
            if number > 0 {
                out.push(self.delimiter);
            }
            write_guarded_cell(out, cell, self.delimiter);
        }
        out.extend_from_slice(b"\r\n");
    }

    fn echo(&mut self, out: &mut Vec<u8>, sent: Sent<'_>) {
        if sent.plain {
            out.extend_from_slice(sent.record.as_bytes());
            return;
        }
        for at in 0..self.width {
            if at > 0 {
                out.push(self.delimiter);
            }
            write_guarded_cell(out, sent.cells.get(at), self.delimiter);
        }
    }

    fn place(&self, out: &mut Vec<u8>, row: u64, line: u64) {
        for number in [row, line] {
            out.push(self.delimiter);
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        out.push(self.delimiter);
    }

    fn text(&self, out: &mut Vec<u8>, text: &str) {
        out.push(self.delimiter);
        write_guarded_cell(out, text, self.delimiter);
    }

    /// Writes `<field>:<code>`, without duplicates, separated by blanks.
    fn keys(&self, out: &mut Vec<u8>, findings: &[Finding]) {
        out.push(self.delimiter);
        for (number, finding) in findings.iter().enumerate() {
            if findings[..number].iter().any(|earlier| earlier.is_like(finding)) {
                continue;
            }
            if number > 0 {
                out.push(b' ');
            }
            finding.write_key(out);
        }
    }
}

/// Whether a record can be copied unchanged: no cell is quoted, guarded, missing or surplus.
pub fn is_plain(record: &str, cells: &Cells, width: usize) -> bool {
    cells.len() == width && memchr::memchr(b'"', record.as_bytes()).is_none() && !cells.iter().any(needs_care)
}

/// A cell that cannot be copied unchanged: it has a guard, or blanks that a reader might trim.
fn needs_care(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    guard(cell) || matches!(bytes, [b' ', ..] | [.., b' '])
}
