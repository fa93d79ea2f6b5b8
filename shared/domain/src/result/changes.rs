//! Lines of `changes.csv`: the fields that accepted rows change on existing contacts.

use crate::result::lines::lines;
use crate::result::tally::Tally;

/// The position of the field's name in a line.
const FIELD: usize = 2;

/// Removes lines, by row and field, and subtracts them from the counts.
pub fn without(
    changes: &[u8],
    delimiter: u8,
    tally: &mut Tally,
    leave_out: impl Fn(u64, &str) -> bool,
) -> Vec<u8> {
    let mut kept = Vec::with_capacity(changes.len());
    for line in lines(changes, delimiter, 0) {
        let field = line.cells.get(FIELD).map_or("", String::as_str);
        if leave_out(line.row, field) {
            tally.take_change(field);
        } else {
            kept.extend_from_slice(&changes[line.range]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_left_out_by_row_and_field() {
        let changes = b"1;x;name;a;\"b;c\"\r\n1;x;groups;;vip\r\n2;y;name;\"d\ne\";f\r\n";
        let mut tally = Tally::default();
        tally.add_changes(["name", "groups", "name"]);
        let kept = without(changes, b';', &mut tally, |row, field| row == 1 && field != "groups");
        assert_eq!(String::from_utf8(kept).unwrap(), "1;x;groups;;vip\r\n2;y;name;\"d\ne\";f\r\n");
        let counts: Vec<_> = tally.changes.iter().map(|count| (count.field.as_str(), count.rows)).collect();
        assert_eq!(counts, [("groups", 1), ("name", 1)]);
    }
}
