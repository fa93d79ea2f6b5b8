use proptest::prelude::*;

use super::*;

fn cleaned(cell: &str, region: &str) -> Result<(String, &'static str), &'static str> {
    let mut out = String::from("left over");
    let region = (!region.is_empty()).then(|| Region::parse(region).unwrap());
    let notes = clean_phone(cell, region, &mut out).map_err(PhoneFault::as_str)?;
    let PhoneNotes { country_assumed, legacy_form, extension } = notes;
    let said = match (country_assumed, legacy_form, extension.is_some()) {
        (false, false, false) => "",
        (true, false, false) => "assumed",
        (false, true, false) => "legacy",
        (true, true, false) => "assumed legacy",
        (false, false, true) => "extension",
        (true, false, true) => "assumed extension",
        _ => "legacy extension",
    };
    Ok((out, said))
}

macro_rules! cases {
    ($($name:ident: $cell:expr, $region:expr => $expected:expr;)*) => {$(
        #[test]
        fn $name() {
            let expected: Result<(&str, &str), &str> = $expected;
            assert_eq!(cleaned($cell, $region), expected.map(|(number, said)| (number.to_string(), said)));
        }
    )*};
}

cases! {
    plus: "+49 30 901820", "" => Ok(("+4930901820", ""));
    plus_beats_region: "+49 30 901820", "BR" => Ok(("+4930901820", ""));
    national_with_trunk: "(030) 90 18 20", "DE" => Ok(("+4930901820", "assumed"));
    trunk_behind_plus: "+49 (0)30 901820", "" => Ok(("+4930901820", ""));
    double_zero: "0049 30 901820", "DE" => Ok(("+4930901820", ""));
    double_zero_abroad: "0049 30 901820", "FR" => Ok(("+4930901820", ""));
    code_without_plus: "55 11 96123-4567", "BR" => Ok(("+5511961234567", ""));
    brazil: "(11) 96123-4567", "BR" => Ok(("+5511961234567", "assumed"));
    brazil_carrier: "0 15 11 96123-4567", "BR" => Ok(("+5511961234567", "assumed"));
    france: "06.12.34.56.78", "FR" => Ok(("+33612345678", "assumed"));
    italy_keeps_its_zero: "06 6982", "IT" => Ok(("+39066982", "assumed"));
    argentina_mobile: "011 15 2345-6789", "AR" => Ok(("+5491123456789", "assumed"));
    colombian_mobile_without_plus: "573105822141", "CO" => Ok(("+573105822141", ""));
    legacy_with_plus: "+57 5 3790123", "" => Ok(("+576053790123", "legacy"));
    legacy_with_plus_abroad: "+57 (5) 379 0123", "DE" => Ok(("+576053790123", "legacy"));
    legacy_dialled_abroad: "0057 5 3790123", "DE" => Ok(("+576053790123", "legacy"));
    legacy_national: "(5) 379 0123", "CO" => Ok(("+576053790123", "assumed legacy"));
    legacy_by_the_judge: "+57 5 3790123 ext. 4", "" => Ok(("+576053790123", "legacy extension"));
    legacy_of_no_area: "+57 9 3790123", "" => Err("invalid_for_country");
    legacy_without_region: "5753790123", "" => Ok(("+576053790123", "legacy"));
    legacy_in_another_region: "57 (5) 379-0123", "BR" => Ok(("+576053790123", "legacy"));
    valid_in_another_region: "5753790123", "US" => Ok(("+15753790123", "assumed"));
    legacy_of_no_area_without_plus: "5793790123", "" => Err("region_needed");
    legacy_too_long_without_plus: "57537901234", "BR" => Err("invalid_for_country");
    colombian_form_of_today_stays: "+57 605 3790123", "" => Ok(("+576053790123", ""));
    extension: "+49 30 901820 ext. 12", "" => Ok(("+4930901820", "extension"));
    extension_national: "(212) 555-0123 x4", "US" => Ok(("+12125550123", "assumed extension"));
    rfc_3966: "tel:+49-30-901820", "" => Ok(("+4930901820", ""));
    rfc_3966_context: "tel:30-901820;phone-context=+49", "" => Ok(("+4930901820", ""));
    letters: "1-800-FLOWERS", "US" => Ok(("+18003569377", ""));
    arabic_digits: "+٤٩٣٠٩٠١٨٢٠", "" => Ok(("+4930901820", ""));
    no_break_space: "+49\u{a0}30\u{a0}901820", "" => Ok(("+4930901820", ""));
    satellite: "+870 773 111 632", "" => Ok(("+870773111632", ""));
    nothing: "", "BR" => Err("not_a_number");
    word: "none", "BR" => Err("not_a_number");
    two_letters: "n/a", "" => Err("not_a_number");
    too_short: "+49 1", "" => Err("too_short");
    area_missing: "555-0123", "US" => Err("too_short");
    too_long: "+1 202 555 0123 4567", "" => Err("too_long");
    far_too_long: "+49 30 1234567890 1234567890", "" => Err("too_long");
    country_unknown: "+999 30 901820", "" => Err("country_unknown");
    dialled_country_unknown: "00 999 30 901820", "DE" => Err("country_unknown");
    region_needed: "030 901820", "" => Err("region_needed");
    region_needed_short: "1234", "" => Err("region_needed");
    not_in_its_country: "+55 11 06123-4567", "" => Err("invalid_for_country");
}

#[test]
fn sag_7_a_missing_calling_code_is_completed_and_said() {
    assert_eq!(cleaned("310 5822141", "CO"), Ok(("+573105822141".to_string(), "assumed")));
}

#[test]
fn sag_8_a_colombian_mobile_with_plus_is_accepted() {
    assert_eq!(cleaned("+573105822141", ""), Ok(("+573105822141".to_string(), "")));
}

#[test]
fn sag_9_the_colombian_form_from_before_2021_is_converted() {
    assert_eq!(cleaned("5753790123", "CO"), Ok(("+576053790123".to_string(), "legacy")));
}

#[test]
fn regions_are_those_of_libphonenumber() {
    assert_eq!(Region::parse("BR").map(Region::as_str), Some("BR"));
    assert_eq!(Region::parse("br").map(Region::as_str), Some("BR"));
    for unknown in ["", "B", "BRA", "ZZ", "001", "AQ", "é"] {
        assert_eq!(Region::parse(unknown), None, "{unknown}");
    }
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        let letters = region.as_region_str();
        assert_eq!(Region::parse(&letters).map(Region::as_str), Some(&*letters));
    }
}

/// A number of a region: an example of some type with its tail replaced, in one of several notations.
fn written(region: usize, kind: usize, tail: &str, style: usize) -> (String, Option<Region>) {
    use rlibphonenumber::PhoneNumberType::*;
    let plan = &Plans::get().plans[region % Plans::get().plans.len()];
    let kinds =
        [FixedLine, Mobile, TollFree, PremiumRate, SharedCost, PersonalNumber, VoIP, Pager, UAN, VoiceMail];
    let example = PHONE_NUMBER_UTIL
        .get_example_number_for_type_and_region(plan.region, kinds[kind % kinds.len()])
        .map_or_else(|_| "2012345678".to_string(), |number| number.get_national_significant_number());
    let kept = example.len() - tail.len().min(example.len());
    let (code, national) = (Plans::get().countries[plan.country].code, format!("{}{tail}", &example[..kept]));
    let cell = match style % 10 {
        0..=2 => format!("+{code}{national}"),
        3 => format!("+{code} (0) {national}"),
        4 => format!("00{code} {national}"),
        5 => format!("011{code} {national}"),
        6 => format!("{code}{national}"),
        7 => format!("0{national}"),
        8 => format!("tel:{national}"),
        _ => national,
    };
    (cell, Region::parse(&plan.letters))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_tables_say_what_the_judge_says(
        region in 0usize..1_000, kind in 0usize..20, tail in "[0-9]{0,8}", style in 0usize..20, abroad in 0usize..1_000,
    ) {
        let (cell, own) = written(region, kind, &tail, style);
        let region = if abroad < 250 { Region::parse(&Plans::get().plans[abroad % 240].letters) } else { own };
        let (mut digits, mut judged) = (Digits::new(), Digits::new());
        if let Some(answer) = parse_plain(&cell, region.map(Region::plan), &mut digits) {
            prop_assert_eq!(answer, judge(&cell, region, &mut judged), "{} {:?}", cell, region);
            if answer.is_ok() {
                prop_assert_eq!(digits.as_str(), judged.as_str(), "{} {:?}", cell, region);
            }
        }
    }

    #[test]
    fn never_panics(cell in "[+]?(\\PC|[0-9 ()-]){0,20}", region in 0usize..240) {
        let region = Region::parse(&Plans::get().plans[region].letters);
        let _ = clean_phone(&cell, region, &mut String::new());
    }
}
