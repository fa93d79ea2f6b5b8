use proptest::prelude::*;

use super::*;
use crate::clean::domain_name::is_plain_domain;

fn cleaned(cell: &str) -> Result<String, &'static str> {
    let mut out = String::from("left over");
    clean_email(cell, &mut out).map(|_| out.clone()).map_err(EmailFault::as_str)
}

macro_rules! cases {
    ($($name:ident: $cell:expr => $expected:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(cleaned(&$cell), Result::<&str, &str>::map($expected, String::from));
        }
    )*};
}

cases! {
    plain: "ann@mail.example" => Ok("ann@mail.example");
    letter_case: "Ann.Lee@Mail.Example" => Ok("ann.lee@mail.example");
    signs: "a!#$%&'*+-/=?^_`{|}~b@x.example" => Ok("a!#$%&'*+-/=?^_`{|}~b@x.example");
    reserved_domain: "a@b.test" => Ok("a@b.test");
    unicode_local: "JOSÉ@uol.com.br" => Ok("josé@uol.com.br");
    decomposed_local: "jose\u{301}@uol.com.br" => Ok("josé@uol.com.br");
    chinese_local: "用户@例子.广告" => Ok("用户@xn--fsqu00a.xn--4rr70v");
    unicode_domain: "a@BÜCHER.example" => Ok("a@xn--bcher-kva.example");
    sharp_s_stays: "a@straße.de" => Ok("a@xn--strae-oqa.de");
    ideographic_stop: "a@b。example" => Ok("a@b.example");
    punycode: "a@XN--BCHER-KVA.example" => Ok("a@xn--bcher-kva.example");
    digits_in_domain: "a@1.2.3.4" => Ok("a@1.2.3.4");
    local_of_64: format!("{}@b.example", "a".repeat(64)) => Ok(format!("{}@b.example", "a".repeat(64)).as_str());
    address_of_254: address(254) => Ok(address(254).as_str());
    nothing: "" => Err("no_at");
    no_at: "ann.mail.example" => Err("no_at");
    wide_at: "ann＠mail.example" => Err("no_at");
    two_addresses: "a@b.example;c@d.example" => Err("several_at");
    display_name: "Ann <a@b.example>" => Err("display_name");
    brackets_alone: "<a@b.example>" => Err("display_name");
    local_empty: "@b.example" => Err("local_empty");
    local_of_65: format!("{}@b.example", "a".repeat(65)) => Err("local_too_long");
    local_of_66_octets: format!("{}@b.example", "é".repeat(33)) => Err("local_too_long");
    address_of_255: address(255) => Err("too_long");
    quoted: "\"ann lee\"@b.example" => Err("local_character");
    comment: "ann(lee)@b.example" => Err("local_character");
    blank_inside: "ann lee@b.example" => Err("local_character");
    no_break_space: "ann\u{a0}lee@b.example" => Err("local_character");
    zero_width: "ann\u{200b}@b.example" => Err("local_character");
    replacement_character: "ann\u{fffd}@b.example" => Err("local_character");
    turns_into_a_semicolon: "ann\u{37e}@b.example" => Err("local_character");
    mark_first: "\u{301}ann@b.example" => Err("local_character");
    dot_first: ".ann@b.example" => Err("dot_misplaced");
    dot_last: "ann.@b.example" => Err("dot_misplaced");
    dots_in_a_row: "ann..lee@b.example" => Err("dot_misplaced");
    domain_empty: "ann@" => Err("domain_empty");
    single_label: "ann@localhost" => Err("domain_single_label");
    trailing_dot: "ann@b.example." => Err("domain_invalid");
    domain_dots: "ann@b..example" => Err("domain_invalid");
    domain_hyphen_first: "ann@-b.example" => Err("domain_invalid");
    domain_hyphen_last: "ann@b-.example" => Err("domain_invalid");
    domain_hyphens_third: "ann@ab--c.example" => Err("domain_invalid");
    domain_underscore: "ann@a_b.example" => Err("domain_invalid");
    domain_blank: "ann@b example.com" => Err("domain_invalid");
    label_of_64: format!("ann@{}.example", "a".repeat(64)) => Err("domain_invalid");
    bad_punycode: "ann@xn--a-ecp.example" => Err("domain_invalid");
    literal: "ann@[192.0.2.1]" => Err("domain_invalid");
}

/// An address of `octets` octets, made of labels of 49 and a rest.
fn address(octets: usize) -> String {
    let head = format!("{}@{}", "l".repeat(50), "d2345678901234567890123456789012345678901234567.".repeat(4));
    let rest = "z".repeat(octets - head.len());
    head + &rest
}

#[test]
fn suspects_listed_misspellings_only() {
    let typo = |cell: &str| clean_email(cell, &mut String::new()).map(|notes| notes.typo);
    assert_eq!(typo("a@gmial.com"), Ok(Some("gmail.com")));
    assert_eq!(typo("a@GMAIL.CON"), Ok(Some("gmail.com")));
    assert_eq!(typo("a@hotmal.com"), Ok(Some("hotmail.com")));
    assert_eq!(typo("a@yaho.com.br"), Ok(Some("yahoo.com.br")));
    assert_eq!(typo("a@outlok.com"), Ok(Some("outlook.com")));
    for real in [
        "gmail.com",
        "mail.com",
        "email.com",
        "ymail.com",
        "gail.com",
        "cloud.com",
        "gmx.de",
        "gmx.net",
        "live.com",
    ] {
        assert_eq!(typo(&format!("a@{real}")), Ok(None), "{real}");
    }
}

#[test]
fn the_list_of_misspellings_is_sound() {
    let index = read_typos();
    assert!(index.all().len() > 300);
    for pair in index.all().windows(2) {
        assert!(pair[0].0 < pair[1].0, "twice: {}", pair[0].0);
    }
    for &(misspelt, meant) in index.all() {
        assert!(is_plain_domain(misspelt.as_bytes()) && is_plain_domain(meant.as_bytes()), "{misspelt}");
        assert!(suspected_typo(meant).is_none(), "suspects a provider: {meant}");
    }
}

#[test]
fn gives_the_domain_of_a_cleaned_address() {
    assert_eq!(email_domain("ann@b.example"), "b.example");
}

/// Checks a cell by the slow path only.
fn judged(cell: &str) -> Result<String, EmailFault> {
    let mut out = String::new();
    judge_email(cell, &mut out).map(|_| out)
}

fn agrees(cell: &str) {
    let mut out = String::new();
    let short = clean_email(cell, &mut out).map(|_| out.clone());
    assert_eq!(short, judged(cell), "{cell}");
    if let Ok(clean) = short {
        assert_eq!(judged(&clean), Ok(clean.clone()), "not stable: {cell}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn both_paths_agree_on_likely_addresses(cell in "[a-zA-Z0-9._+-]{1,12}@([a-zA-Z0-9-]{1,8}\\.){1,3}[a-zA-Z-]{1,4}") {
        agrees(&cell);
    }

    #[test]
    fn both_paths_agree_on_odd_addresses(cell in "([a-zß.é@ \"-]|xn--|İ|\\PC){0,6}@([a-zß.-]|xn--|ü|。|\\PC){0,8}") {
        agrees(&cell);
    }

    #[test]
    fn both_paths_agree_on_long_addresses(cell in "[a-z]{60,66}@([a-z0-9]{55,64}\\.){1,5}[a-z]{1,66}") {
        agrees(&cell);
    }
}
