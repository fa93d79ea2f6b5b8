//! Problems: one line for each code and column, as report and notification show errors and warnings.

use crate::messages::catalogue::{Args, Facts, Messages, write_value, written};
use crate::messages::localized::FindingJson;
use crate::result::tally::CodeCount;
use crate::types::code::{Code, Scope};
use crate::types::number_format;

/// One kind of error or warning in one column.
#[derive(Debug)]
pub struct Problem {
    /// The public code.
    pub code: Code,
    /// The field's name, or the text for the whole row or file.
    pub column: String,
    /// The problem.
    pub what: String,
    /// How to fix it.
    pub fix: String,
    /// How many rows have it; empty where it belongs to none.
    pub rows: String,
    /// The lowest row numbers; empty where it belongs to none.
    pub first_rows: String,
}

/// Whether a text may show cells of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// It may: the report is stored beside the result files.
    Shown,
    /// It may not: it is sent by mail.
    Hidden,
}

/// Turns counted codes into texts; findings of the file's verdict add details.
pub fn problems(
    counts: &[CodeCount],
    verdict: &[FindingJson],
    words: &Messages,
    cells: Cells,
) -> Vec<Problem> {
    let of_verdict =
        |count: &CodeCount| verdict.iter().filter(|finding| same_place(finding, count)).collect();
    let mut problems = Vec::new();
    for count in counts {
        let found: Vec<&FindingJson> = of_verdict(count);
        if found.is_empty() {
            problems.push(problem(count_facts(count), Some(count), words));
        }
        problems.extend(found.into_iter().map(|finding| problem(facts(finding, cells), Some(count), words)));
    }
    let uncounted = |finding: &&FindingJson| !counts.iter().any(|count| same_place(finding, count));
    problems
        .extend(verdict.iter().filter(uncounted).map(|finding| problem(facts(finding, cells), None, words)));
    problems
}

fn same_place(finding: &FindingJson, count: &CodeCount) -> bool {
    finding.code == count.code && finding.column.as_ref().map(|column| &column.name) == count.column.as_ref()
}

fn count_facts(count: &CodeCount) -> Facts<'_> {
    Facts {
        code: count.code,
        column: count.column.as_deref(),
        value: None,
        hint: None,
        args: Args::List(&[]),
    }
}

fn facts(finding: &FindingJson, cells: Cells) -> Facts<'_> {
    let facts = Facts::from(finding);
    if cells == Cells::Shown || is_of_the_drop(finding.code) {
        return facts;
    }
    Facts { value: None, hint: None, ..facts }
}

/// Returns whether the code's values come from the drop (options, names, delimiters), never from a cell.
const fn is_of_the_drop(code: Code) -> bool {
    matches!(
        code,
        Code::DelimiterNotAllowed
            | Code::FormatUnsupported
            | Code::OptionsInvalid
            | Code::ProfileUnknown
            | Code::ProgramUnknown
            | Code::SheetMissing
    )
}

fn problem(facts: Facts, count: Option<&CodeCount>, words: &Messages) -> Problem {
    let count = count.filter(|count| count.rows > 0);
    Problem {
        code: facts.code,
        column: column(facts, count.is_some(), words),
        what: written(|out| words.write_what(facts, out)),
        fix: written(|out| words.write_fix(facts, out)),
        rows: count.map(|count| number_format::whole(count.rows, words.locale())).unwrap_or_default(),
        first_rows: count.map(first_rows).unwrap_or_default(),
    }
}

fn column(facts: Facts, has_rows: bool, words: &Messages) -> String {
    let whole = if has_rows || facts.code.scope() == Scope::Row {
        &words.report().whole_row
    } else {
        &words.report().whole_file
    };
    facts.column.map_or_else(|| whole.clone(), one_line)
}

fn first_rows(count: &CodeCount) -> String {
    let mut text = count.first_rows.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if count.rows > count.first_rows.len() as u64 {
        text.push_str(", …");
    }
    text
}

/// Returns a name from outside in one line, shortened where it is long.
pub fn one_line(name: &str) -> String {
    written(|out| {
        write_value(name, out);
    })
}
