//! Problems: errors and warnings for the report, the e-mail and the terminal, one for each code and column.

use crate::messages::catalogue::{Args, Facts, Messages, write_value, written};
use crate::messages::labels::Labels;
use crate::messages::localized::FindingJson;
use crate::report::upload::Upload;
use crate::result::tally::{CodeCount, Example};
use crate::types::code::{Code, Scope};
use crate::types::number_format;

/// One kind of error or warning in one column.
#[derive(Debug)]
pub struct Problem {
    /// The public code.
    pub code: Code,
    /// The field's label, or the words for the whole row or file.
    pub column: String,
    /// The problem.
    pub what: String,
    /// The fix.
    pub fix: String,
    /// The number of rows with it; 0 if it does not belong to rows.
    pub count: u64,
    /// The number, formatted for people; empty if it does not belong to rows.
    pub rows: String,
    /// The first of its rows.
    pub examples: Vec<ProblemExample>,
    /// Whether there are more rows than examples.
    pub more: bool,
}

/// A row that has a problem.
#[derive(Debug)]
pub struct ProblemExample {
    /// The row of the spreadsheet, or the line of the file.
    pub line: String,
    /// The value in the file, on one line; empty if the problem is not about a value.
    pub value: String,
}

impl Problem {
    /// Returns the first lines without their values: `2, 7, 9, …`.
    pub fn lines(&self) -> String {
        let mut lines: Vec<&str> = self.examples.iter().map(|example| example.line.as_str()).collect();
        lines.extend(self.more.then_some("…"));
        lines.join(", ")
    }

    /// Returns whether one of the examples has a value.
    pub fn has_values(&self) -> bool {
        self.examples.iter().any(|example| !example.value.is_empty())
    }
}

/// The context for describing problems.
#[derive(Debug, Clone, Copy)]
pub struct ProblemWriter<'a> {
    /// The words of the program's language.
    pub words: &'a Messages,
    /// The labels of the profile's fields.
    pub labels: &'a Labels,
    /// The findings about the file.
    pub upload: &'a Upload,
}

impl ProblemWriter<'_> {
    /// Describes errors, the most frequent first; adds details from the findings about the file.
    pub fn errors(&self, counts: &[CodeCount]) -> Vec<Problem> {
        self.problems(counts, &self.upload.verdict.errors)
    }

    /// Describes warnings in the same way.
    pub fn warnings(&self, counts: &[CodeCount]) -> Vec<Problem> {
        self.problems(counts, &self.upload.verdict.warnings)
    }

    fn problems(&self, counts: &[CodeCount], verdict: &[FindingJson]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for count in counts {
            let found: Vec<_> = verdict.iter().filter(|finding| same_place(finding, count)).collect();
            if found.is_empty() {
                problems.push(self.problem(self.count_facts(count), Some(count)));
            }
            let told = |finding| self.problem(Facts::of_json(finding, self.labels), Some(count));
            problems.extend(found.into_iter().map(told));
        }
        let uncounted = |finding: &&FindingJson| !counts.iter().any(|count| same_place(finding, count));
        let told = |finding| self.problem(Facts::of_json(finding, self.labels), None);
        problems.extend(verdict.iter().filter(uncounted).map(told));
        // The sort is stable: equal ones stay sorted by code and column.
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.count));
        problems
    }

    fn count_facts<'b>(&'b self, count: &'b CodeCount) -> Facts<'b> {
        Facts {
            code: count.code,
            column: count.column.as_deref(),
            value: None,
            hint: None,
            args: Args::Map(&count.args),
            labels: self.labels,
        }
    }

    fn problem(&self, facts: Facts, count: Option<&CodeCount>) -> Problem {
        let count = count.filter(|count| count.rows > 0);
        let locale = self.words.locale();
        Problem {
            code: facts.code,
            column: self.column(facts, count.is_some()),
            what: written(|out| self.words.write_what(facts, out)),
            fix: written(|out| self.words.write_fix(facts, out)),
            count: count.map_or(0, |count| count.rows),
            rows: count.map(|count| number_format::whole(count.rows, locale)).unwrap_or_default(),
            examples: count.map(|count| self.examples(count)).unwrap_or_default(),
            more: count.is_some_and(|count| count.rows > count.first_rows.len() as u64),
        }
    }

    fn column(&self, facts: Facts, has_rows: bool) -> String {
        let report = self.words.report();
        let is_of_row = has_rows || facts.code.scope() == Scope::Row;
        let whole = if is_of_row { &report.whole_row } else { &report.whole_file };
        let label = |column| one_line(&self.labels.of_list(column, self.words.locale()));
        facts.column.map_or_else(|| whole.clone(), label)
    }

    fn examples(&self, count: &CodeCount) -> Vec<ProblemExample> {
        // A chunk result of an older version names no lines.
        let known = count.examples.iter().filter(|example| example.line > 0);
        known.map(|example| self.example(example)).collect()
    }

    fn example(&self, example: &Example) -> ProblemExample {
        ProblemExample {
            line: example.line.to_string(),
            value: example.value.as_deref().map(one_line).unwrap_or_default(),
        }
    }
}

fn same_place(finding: &FindingJson, count: &CodeCount) -> bool {
    finding.code == count.code && finding.column.as_ref().map(|column| &column.name) == count.column.as_ref()
}

/// Returns a name from an external source on one line, shortened if it is long.
pub fn one_line(name: &str) -> String {
    written(|out| {
        write_value(name, out);
    })
}
