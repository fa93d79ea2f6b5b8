//! Tables for people: as wide as the terminal, cells cut where they do not fit.

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

/// A column's title, its alignment, and its least width where a line is too long.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    alignment: Alignment,
    narrowest: usize,
}

impl Column {
    /// A column of words.
    pub fn words(title: impl Into<String>) -> Self {
        Self { title: one_line(&title.into()), alignment: Alignment::Left, narrowest: 4 }
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

    /// Never cut: ids, which people copy.
    #[must_use]
    pub fn whole(self) -> Self {
        self.at_least(usize::MAX)
    }
}

/// Rows under titles.
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

    /// Adds a row of cells with their looks.
    pub fn add_styled(&mut self, cells: impl IntoIterator<Item = (String, Style)>) {
        self.rows.push(cells.into_iter().map(|(cell, style)| (one_line(&cell), style)).collect());
    }

    /// Adds a line under the row that was added last.
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
            lines.push(self.line(&titles, &widths));
        }
        let mut notes = self.notes.iter().peekable();
        for (number, row) in self.rows.iter().enumerate() {
            lines.push(self.line(row, &widths));
            while let Some((_, note)) = notes.next_if(|(of, _)| *of == number) {
                let note = format!("{:NOTE$}{note}", "");
                lines.push(Style::new().dim().apply_to(truncate_str(&note, room, "…")).to_string());
            }
        }
        let indent = " ".repeat(indent);
        lines.iter().map(|line| format!("{indent}{}\n", line.trim_end())).collect()
    }

    fn line(&self, row: &[(String, Style)], widths: &[usize]) -> String {
        let cells = row.iter().zip(&self.columns).zip(widths).map(|(((cell, style), column), width)| {
            let padded = pad_str(cell, *width, column.alignment, None);
            style.apply_to(truncate_str(&padded, *width, "…")).to_string()
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP))
    }

    /// The width of each column; the widest shrink until the line fits.
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

/// The maximal width of a line: the terminal's, or a default for files.
pub fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    console::Term::stdout()
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
        .or_else(told)
        .unwrap_or(120)
}

/// The visible text of a cell: no line breaks or controls, which would disturb a terminal.
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
        let line = table.line(&table.rows[0], &widths);
        assert_eq!(line, "abcdefghij  something rath…  7");
        assert_eq!(table.widths(5), [10, 4, 1]);
    }
}
