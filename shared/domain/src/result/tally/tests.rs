use proptest::prelude::*;

use super::*;
use crate::types::finding::Column;

fn finding() -> impl Strategy<Value = Finding> {
    let column = prop::option::of(prop::sample::select(vec!["email", "phone", "phone_10", "name"]));
    (prop::sample::select(Code::ALL), column).prop_map(|(code, name)| match name {
        Some(name) => Finding::on(code, &Column::new(name, 1)),
        None => Finding::new(code),
    })
}

/// A row of a file with a header and no line breaks in its cells.
fn at(row: u64) -> RowPlace {
    RowPlace { row, line: row + 1 }
}

type Row = (Outcome, bool, Vec<Finding>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let outcome = prop::sample::select(&Outcome::ALL[..]);
    prop::collection::vec((outcome, any::<bool>(), prop::collection::vec(finding(), 0..5)), 0..60)
}

fn tally<'a>(rows: impl IntoIterator<Item = &'a (usize, Row)>) -> Tally {
    let mut tally = Tally::default();
    for (number, (outcome, matched, findings)) in rows {
        tally.add_row(
            RowPlace { row: *number as u64 + 1, line: *number as u64 + 2 },
            *outcome,
            *matched,
            findings,
        );
    }
    tally
}

fn sum(parts: &[&Tally]) -> Tally {
    let mut sum = Tally::default();
    parts.iter().for_each(|part| sum.merge(part));
    sum
}

proptest! {
    #[test]
    fn parts_add_up_to_the_whole_in_any_order(rows in rows(), cuts in prop::array::uniform2(0usize..60), shuffle in any::<u64>()) {
        let mut numbered: Vec<_> = rows.into_iter().enumerate().collect();
        let whole = tally(&numbered);
        prop_assert!(whole.sum_holds());

        // A fixed permutation of the rows: the multiplier is odd, hence invertible.
        numbered.sort_by_key(|(number, _)| (*number as u64).wrapping_mul(shuffle | 1));
        prop_assert_eq!(&tally(&numbered), &whole);

        let (low, high) = (cuts[0].min(cuts[1]).min(numbered.len()), cuts[0].max(cuts[1]).min(numbered.len()));
        let parts = [tally(&numbered[..low]), tally(&numbered[low..high]), tally(&numbered[high..])];
        let [one, two, three] = [&parts[0], &parts[1], &parts[2]];
        for order in [[one, two, three], [three, one, two], [two, three, one]] {
            prop_assert_eq!(&sum(&order), &whole);
        }
        prop_assert_eq!(sum(&[one, &sum(&[two, three])]), sum(&[&sum(&[one, two]), three]));
    }

    #[test]
    fn it_travels_unchanged_and_sorted(rows in rows()) {
        let numbered: Vec<_> = rows.into_iter().enumerate().collect();
        let tally = tally(&numbered);
        let json = serde_json::to_string(&tally).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Tally>(&json).unwrap(), &tally);
        for list in [&tally.errors, &tally.warnings] {
            let keys: Vec<_> = list.iter().map(|count| (count.code.as_str(), count.column.clone())).collect();
            prop_assert!(keys.is_sorted());
            prop_assert!(list.iter().all(|count| count.first_rows.len() <= FIRST_ROWS && count.first_rows.is_sorted()));
        }
    }
}

#[test]
fn a_code_counts_once_for_a_row_and_column() {
    let email = Column::new("email", 2);
    let twice = [Finding::on(Code::ValueTrimmed, &email), Finding::on(Code::ValueTrimmed, &email).value("x")];
    let mut tally = Tally::default();
    tally.add_row(at(7), Outcome::Created, true, &twice);
    assert_eq!((tally.warnings[0].rows, &tally.warnings[0].first_rows), (1, &vec![7]));
    assert_eq!(tally.matched, 1);
}

#[test]
fn ten_lowest_rows_are_named() {
    let ragged = [Finding::new(Code::RowRagged)];
    let mut tally = Tally::default();
    (1..=25).rev().for_each(|row| tally.add_row(at(row), Outcome::Rejected, false, &ragged));
    assert_eq!(tally.errors[0].rows, 25);
    assert_eq!(tally.errors[0].first_rows, (1..=10).collect::<Vec<_>>());
}

#[test]
fn examples_follow_the_first_rows_whatever_the_order() {
    let invalid =
        |row: u64| [Finding::on(Code::EmailInvalid, &Column::new("email", 1)).value(format!("v{row}"))];
    let chunk = |rows: std::ops::RangeInclusive<u64>| {
        let mut tally = Tally::default();
        rows.for_each(|row| tally.add_row(at(row), Outcome::Rejected, false, &invalid(row)));
        tally
    };
    let parts = [chunk(1..=4), chunk(5..=17), chunk(18..=30)];
    let whole = chunk(1..=30);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        assert_eq!(sum(&order.map(|part: usize| &parts[part])), whole);
    }
    let examples = &whole.errors[0].examples;
    assert_eq!(examples.iter().map(|example| example.line).collect::<Vec<_>>(), (2..=11).collect::<Vec<_>>());
    assert_eq!(examples[9].value.as_deref(), Some("v10"));
}

#[test]
fn a_long_example_is_cut_between_characters() {
    let mut tally = Tally::default();
    let long = [Finding::new(Code::RowTooLarge).value("é".repeat(81))];
    tally.add_row(at(1), Outcome::Rejected, false, &long);
    assert_eq!(tally.errors[0].examples[0].value, Some(format!("{}…", "é".repeat(80))));
}

#[test]
fn a_file_code_has_no_rows() {
    let mut tally = Tally::default();
    tally.add_file(&Finding::new(Code::NoRows));
    assert_eq!((tally.errors[0].rows, tally.rows.read), (0, 0));
}

#[test]
fn taking_what_is_not_there_breaks_the_sum() {
    let mut tally = Tally::default();
    tally.add_plain(Outcome::Created, 2);
    tally.reclassify(Outcome::Created, Outcome::Merged);
    assert!(tally.sum_holds());
    tally.reclassify(Outcome::Updated, Outcome::Merged);
    assert!(!tally.sum_holds());
}
