//! Tables for people, as wide as the terminal. Cells that do not fit are shortened; texts continue on further lines.

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

/// A column's title, its alignment, and its least width if a line is too long.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    alignment: Alignment,
    narrowest: usize,
    wraps: bool,
}

impl Column {
    /// A column of words.
    pub fn words(title: impl Into<String>) -> Self {
        Self { title: one_line(&title.into()), alignment: Alignment::Left, narrowest: 4, wraps: false }
    }

    /// A column of numbers.
    pub fn numbers(title: impl Into<String>) -> Self {
        Self { alignment: Alignment::Right, ..Self::words(title) }
    }

    /// Sets the least width.
    #[must_use]
    pub fn at_least(self, narrowest: usize) -> Self {
        Self { narrowest, ..self }
    }

    /// Shows texts completely: they continue on further lines.
    #[must_use]
    pub fn wrapped(self) -> Self {
        Self { wraps: true, ..self }
    }

    /// Never shortens the cells: they are ids, which people copy.
    #[must_use]
    pub fn whole(self) -> Self {
        self.at_least(usize::MAX)
    }
}

/// A table of rows under titles.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<(String, Style)>>,
    /// Lines under rows: the row's index and the text.
    notes: Vec<(usize, String)>,
}

/// Blanks between columns.
const GAP: usize = 2;
/// Blanks before a note.
const NOTE: usize = 6;

impl Table {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row of plain cells.
    pub fn add<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.add_styled(cells.into_iter().map(|cell| (cell.into(), Style::new())));
    }

    /// Adds a row of styled cells.
    pub fn add_styled(&mut self, cells: impl IntoIterator<Item = (String, Style)>) {
        self.rows.push(cells.into_iter().map(|(cell, style)| (one_line(&cell), style)).collect());
    }

    /// Whether a terminal of this width shows every cell completely.
    pub fn fits(&self, room: usize) -> bool {
        let gaps = GAP * self.columns.len().saturating_sub(1);
        (0..self.columns.len()).map(|at| self.need(at)).sum::<usize>() + gaps <= room
    }

    /// Adds a text under the last row.
    pub fn note(&mut self, text: &str) {
        if let Some(row) = self.rows.len().checked_sub(1) {
            self.notes.push((row, one_line(text)));
        }
    }

    /// The table as text, each line indented.
    pub fn render(&self, indent: usize) -> String {
        let room = width().saturating_sub(indent);
        let widths = self.widths(room);
        let titles: Vec<_> =
            self.columns.iter().map(|column| (column.title.clone(), Style::new().bold())).collect();
        let mut lines = Vec::new();
        if titles.iter().any(|(title, _)| !title.is_empty()) {
            lines.extend(self.lines(&titles, &widths));
        }
        let mut notes = self.notes.iter().peekable();
        for (number, row) in self.rows.iter().enumerate() {
            lines.extend(self.lines(row, &widths));
            while let Some((_, note)) = notes.next_if(|(of, _)| *of == number) {
                let note = wrapped(note, room.saturating_sub(NOTE).max(NARROWEST));
                let dim =
                    |line: String| Style::new().dim().apply_to(format!("{:NOTE$}{line}", "")).to_string();
                lines.extend(note.into_iter().map(dim));
            }
        }
        let indent = " ".repeat(indent);
        lines.iter().map(|line| format!("{indent}{}\n", line.trim_end())).collect()
    }

    /// The lines of a row: as many as its longest text needs.
    fn lines(&self, row: &[(String, Style)], widths: &[usize]) -> Vec<String> {
        let cells: Vec<Vec<String>> = (row.iter().zip(&self.columns).zip(widths))
            .map(|(((cell, _), column), width)| match column.wraps {
                true => wrapped(cell, *width),
                false => vec![truncate_str(cell, *width, "…").into_owned()],
            })
            .collect();
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |number: usize| {
            let cells = cells.iter().zip(row).zip(&self.columns).zip(widths);
            let padded = cells.map(|(((cell, (_, style)), column), width)| {
                let part = cell.get(number).map_or("", String::as_str);
                style.apply_to(pad_str(part, *width, column.alignment, None)).to_string()
            });
            padded.collect::<Vec<_>>().join(&" ".repeat(GAP))
        };
        (0..count).map(line).collect()
    }

    /// The width of each column; the widest ones shrink until the line fits.
    fn widths(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.need(at)).collect();
        let room = room.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let given =
                widths.iter_mut().zip(&self.columns).filter(|(width, column)| **width > column.narrowest);
            let Some((widest, _)) = given.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
        }
        widths
    }

    fn need(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|(cell, _)| measure_text_width(cell));
        cells.max().unwrap_or(0).max(measure_text_width(&self.columns[at].title))
    }
}

/// The least width at which breaking lines is worthwhile.
const NARROWEST: usize = 20;

/// The lines of a text that is shown completely.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    textwrap::wrap(text, width.max(1)).into_iter().map(|line| line.into_owned()).collect()
}

/// The maximal width of a line: the terminal's, or a default for files.
pub fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    console::Term::stdout()
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
        .or_else(told)
        .unwrap_or(120)
}

/// The visible text of a cell, without line breaks and control characters, which would disturb a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|notification| if notification.is_control() { ' ' } else { notification }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_and_ids_do_not() {
        let mut table =
            Table::new([Column::words("id").whole(), Column::words("what"), Column::numbers("n")]);
        table.add(["abcdefghij", "something rather long\nto read", "7"]);
        let widths = table.widths(30);
        assert_eq!(widths, [10, 15, 1]);
        let lines = table.lines(&table.rows[0], &widths);
        assert_eq!(lines, ["abcdefghij  something rath…  7"]);
        assert_eq!(table.widths(5), [10, 4, 1]);
        assert!(table.fits(44) && !table.fits(43));
    }

    #[test]
    fn texts_and_notes_are_shown_whole() {
        let mut table = Table::new([Column::numbers("n"), Column::words("what").at_least(12).wrapped()]);
        table.add(["7", "the group does not exist in this program: Rubi"]);
        table.note("> correct the name, or load the group first, then upload the file again");
        let widths = table.widths(20);
        let lines = table.lines(&table.rows[0], &widths);
        assert_eq!(lines, ["7  the group does   ", "   not exist in this", "   program: Rubi    "]);
        assert_eq!(wrapped("> correct the name", 10), ["> correct", "the name"]);
    }
}
