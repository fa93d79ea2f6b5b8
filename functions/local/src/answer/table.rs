//! Tables for people: as wide as the terminal, cells cut where they do not fit.

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};

/// A column's title, and which side its cells stand on.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    alignment: Alignment,
}

impl Column {
    /// A column of words.
    pub const fn words(title: &'static str) -> Self {
        Self { title, alignment: Alignment::Left }
    }

    /// A column of numbers.
    pub const fn numbers(title: &'static str) -> Self {
        Self { title, alignment: Alignment::Right }
    }
}

/// Rows under titles.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(String, Alignment)>,
    rows: Vec<Vec<(String, Style)>>,
}

/// Blanks between columns.
const GAP: usize = 2;
/// A column is never narrower than this, however many there are.
const NARROWEST: usize = 4;

impl Table {
    /// An empty table.
    pub fn new(columns: &[Column]) -> Self {
        Self::titled(columns.iter().map(|column| (column.title.to_owned(), column.alignment)).collect())
    }

    /// An empty table whose titles come from outside.
    pub fn titled(columns: Vec<(String, Alignment)>) -> Self {
        let columns = columns.into_iter().map(|(title, alignment)| (one_line(&title), alignment)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row of plain cells.
    pub fn add<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.add_styled(cells.into_iter().map(|cell| (cell.into(), Style::new())));
    }

    /// Adds a row of cells with their looks.
    pub fn add_styled(&mut self, cells: impl IntoIterator<Item = (String, Style)>) {
        self.rows.push(cells.into_iter().map(|(cell, style)| (one_line(&cell), style)).collect());
    }

    /// The table as text, each line indented.
    pub fn render(&self, indent: usize) -> String {
        let widths = self.widths(width().saturating_sub(indent));
        let titles: Vec<_> =
            self.columns.iter().map(|(title, _)| (title.clone(), Style::new().bold())).collect();
        let bare = titles.iter().all(|(title, _)| title.is_empty());
        let mut out = String::new();
        for row in (!bare).then_some(&titles).into_iter().chain(&self.rows) {
            out.push_str(&" ".repeat(indent));
            out.push_str(self.line(row, &widths).trim_end());
            out.push('\n');
        }
        out
    }

    fn line(&self, row: &[(String, Style)], widths: &[usize]) -> String {
        let cells =
            row.iter().zip(&self.columns).zip(widths).map(|(((cell, style), (_, alignment)), width)| {
                let padded = pad_str(cell, *width, *alignment, None);
                style.apply_to(truncate_str(&padded, *width, "…")).to_string()
            });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP))
    }

    /// What each column needs; the widest give way until the line fits.
    fn widths(&self, room: usize) -> Vec<usize> {
        let cell = |at: usize, row: &Vec<(String, Style)>| {
            row.get(at).map_or(0, |(cell, _)| measure_text_width(cell))
        };
        let need = |(at, (title, _)): (usize, &(String, Alignment))| {
            self.rows.iter().map(|row| cell(at, row)).max().unwrap_or(0).max(measure_text_width(title))
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(need).collect();
        let room = room.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > NARROWEST) else { break };
            *widest -= 1;
        }
        widths
    }
}

/// How wide a line may be: the terminal's width, or what suits a file.
pub fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    console::Term::stdout()
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
        .or_else(told)
        .unwrap_or(120)
}

/// What a cell shows of a text: no line breaks or controls, which would disturb a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
