//! `rollcall profiles template`: the file that a sender fills in.

use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rollcall_domain::profile::template::{Template, template};
use rollcall_domain::types::locale::Locale;

use super::profile;
use crate::answer;
use crate::answer::{Column, Exit, Failure, Table};
use rollcall_web::template::workbook;

/// Write the file that a sender fills in: headers, and one row as an example
///
/// Headers are the labels of a language; mandatory ones have a mark, ` *`, that mapping passes over. The example row
/// can be imported: type over it.
///
/// A CSV file (the default) goes to standard output, in the delimiter that spreadsheets of the language take for a
/// list: `,` in English, else `;`; where the profile allows only some, the first of those. It has no notes, for each
/// line of it is a row; with --output they are told instead. A workbook has a note on each header and keeps cells as
/// they are typed; it is not written to a terminal.
#[derive(Debug, clap::Args)]
pub struct TemplateArguments {
    /// The profile
    name: String,
    /// What is written [default: as the ending of FILE says, else csv]
    #[arg(long)]
    format: Option<Format>,
    /// Language of headers and notes: en, pt, de, fr or es
    #[arg(long, value_name = "L", default_value = "en", value_parser = Locale::from_str)]
    locale: Locale,
    /// Write into this file, which must not be there yet, and say what each column takes
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What a template is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text that every spreadsheet opens.
    Csv,
    /// A workbook.
    Xlsx,
}

impl TemplateArguments {
    /// Writes the template.
    pub fn run(self, home: &Path) -> Result<Exit, Failure> {
        let template = template(&*profile(home, &self.name)?, self.locale);
        let bytes = match self.format() {
            Format::Csv => template.to_csv(),
            Format::Xlsx if self.output.is_none() && stdout().is_terminal() => {
                let words =
                    format!("a workbook is not written to a terminal; add --output {}.xlsx", self.name);
                return Err(Failure::said(words));
            }
            Format::Xlsx => workbook(&template)
                .map_err(|error| Failure::said(format!("cannot make the workbook: {error}")))?,
        };
        match &self.output {
            None => answer::print_bytes(&bytes)?,
            Some(file) => {
                write_new(file, &bytes)?;
                answer::print(&told(&template, file))?;
            }
        }
        Ok(Exit::Well)
    }

    fn format(&self) -> Format {
        let ending = self.output.as_deref().and_then(Path::extension);
        let is_workbook = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
        self.format.unwrap_or(if is_workbook { Format::Xlsx } else { Format::Csv })
    }
}

/// Writes a new file; it never overwrites one that a user may have filled in.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| {
        Failure::said(match error.kind() {
            ErrorKind::AlreadyExists => format!("{shown} is there already; give another name or remove it"),
            ErrorKind::NotFound => format!("no such folder: {shown}; make it first"),
            _ => format!("cannot write {shown}: {error}"),
        })
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)
}

/// The path of the template, the allowed content of each column, and the entries that the example row needs.
fn told(template: &Template, file: &Path) -> String {
    let titles =
        [Column::words("column").whole(), Column::words("field").whole(), Column::words("takes").whole()];
    let mut table = Table::new(titles);
    for column in &template.columns {
        table.add([&column.header, &column.field, &column.takes]);
    }
    let mut out = format!("{} is written\n\n{}", file.display(), table.render(2));
    template.shared.iter().for_each(|sentence| out.push_str(&format!("\n{sentence}\n")));
    let needed = needed(template);
    if !needed.is_empty() {
        out.push_str(&format!("\nThe example row names what has to be in the directory: {needed}\n"));
    }
    out
}

/// The entries that the example row names, with their kinds.
fn needed(template: &Template) -> String {
    let filled = template.columns.iter().filter(|column| !column.example.is_empty());
    let named = filled.filter_map(|column| Some(format!("{} ({})", column.example, column.names?)));
    named.collect::<Vec<_>>().join(", ")
}
