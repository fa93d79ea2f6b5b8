//! The phone tables against the judge, over generated cells of all regions.
//!
//! `ROLLCALL_PHONE_CELLS` raises the number of cells, `ROLLCALL_PHONE_SEED` takes other ones.

use rollcall_domain::clean::{Region, clean_phone};
use rollcall_tests::phones::{PhoneCell, PhoneCells, judged};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn not_one_verdict_or_number_differs_from_the_judges() {
    let count = setting("ROLLCALL_PHONE_CELLS", 50_000);
    let mut cells = PhoneCells::new(setting("ROLLCALL_PHONE_SEED", 20_210_901));
    let (mut valid, mut legacy, mut without, mut out) = (0u64, 0u64, 0u64, String::new());
    for _ in 0..count {
        let cell = cells.any();
        let region = cell.region.and_then(|region| Region::parse(&region.as_region_str()));
        assert_eq!(region.is_some(), cell.region.is_some());
        let ours = clean_phone(&cell.text, region, &mut out);
        if ours.is_ok_and(|notes| notes.legacy_form) {
            assert_eq!(judged(&cell), None, "legacy though valid: {cell:?}");
            legacy += 1;
            continue;
        }
        valid += u64::from(ours.is_ok());
        let mut judge = judged(&cell);
        if let Some(at) = ours.ok().and_then(|notes| notes.extension).filter(|_| judge.is_none()) {
            // We know more words before an extension than the judge: the number without it is judged.
            judge = judged(&PhoneCell { text: cell.text[..at].to_owned(), ..cell.clone() });
            without += 1;
        }
        assert_eq!(ours.ok().map(|_| out.as_str()), judge.as_deref(), "{cell:?}");
    }
    println!("{count} cells, {valid} valid, {legacy} in the former Colombian form, 0 differ");
    assert!(without < count / 500, "{without} numbers are valid only without their extension");
    assert!(valid > count / 5 && valid < count * 4 / 5, "lopsided: {valid} of {count} valid");
}
