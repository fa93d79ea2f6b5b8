//! Lines of `changes.csv`: the fields that accepted rows change on contacts that exist.

use crate::file::cells::Cells;
use crate::file::split::records;
use crate::result::tally::Tally;

/// Leaves lines out, by row and field, and takes them back from the counts.
pub fn without(
    lines: &[u8],
    delimiter: u8,
    tally: &mut Tally,
    leave_out: impl Fn(u64, &str) -> bool,
) -> Vec<u8> {
    let text = String::from_utf8_lossy(lines);
    let (mut kept, mut cells, mut start) = (Vec::with_capacity(lines.len()), Cells::default(), 0);
    for end in records(text.as_bytes(), delimiter) {
        cells.parse(&text[start..end.end - usize::from(end.terminator)], delimiter);
        let row = cells.get(0).parse().unwrap_or(0);
        if leave_out(row, cells.get(2)) {
            tally.take_change(cells.get(2));
        } else {
            kept.extend_from_slice(&text.as_bytes()[start..end.end]);
        }
        start = end.end;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_left_out_by_row_and_field() {
        let lines = b"1;x;name;a;\"b;c\"\r\n1;x;groups;;vip\r\n2;y;name;\"d\ne\";f\r\n";
        let mut tally = Tally::default();
        tally.add_changes(["name", "groups", "name"]);
        let kept = without(lines, b';', &mut tally, |row, field| row == 1 && field != "groups");
        assert_eq!(String::from_utf8(kept).unwrap(), "1;x;groups;;vip\r\n2;y;name;\"d\ne\";f\r\n");
        let counts: Vec<_> = tally.changes.iter().map(|count| (count.field.as_str(), count.rows)).collect();
        assert_eq!(counts, [("groups", 1), ("name", 1)]);
    }
}
