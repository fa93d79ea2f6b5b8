use proptest::prelude::*;

use super::*;

fn cleaned(cell: &str) -> Result<String, &'static str> {
    let mut out = String::from("left over");
    clean_website(cell, &mut out).map(|()| out.clone()).map_err(WebsiteFault::as_str)
}

fn key(clean: &str) -> Option<String> {
    let mut out = String::from("left over");
    website_key(clean, &mut out).then_some(out)
}

macro_rules! cases {
    ($function:ident: $($name:ident: $input:expr => $expected:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!($function($input).as_deref(), $expected);
        }
    )*};
}

macro_rules! website_cases {
    ($($name:ident: $input:expr => $expected:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(cleaned($input), Result::<&str, &str>::map($expected, String::from));
        }
    )*};
}

website_cases! {
    no_scheme: "Example.COM" => Ok("https://example.com");
    http_stays: "HTTP://Example.com" => Ok("http://example.com");
    https_upper: "HTTPS://www.Example.com/" => Ok("https://www.example.com");
    path_kept: "example.com/Shop/Item?x=1&Y=2" => Ok("https://example.com/Shop/Item?x=1&Y=2");
    trailing_slash_of_a_path_kept: "example.com/shop/" => Ok("https://example.com/shop/");
    query_alone: "example.com?x=1" => Ok("https://example.com?x=1");
    fragment_kept: "example.com/#/shop" => Ok("https://example.com/#/shop");
    colon_in_path: "example.com/a:b" => Ok("https://example.com/a:b");
    at_in_path: "example.com/@ann" => Ok("https://example.com/@ann");
    no_scheme_but_slashes: "//example.com/a" => Ok("https://example.com/a");
    port: "example.com:8080/a" => Ok("https://example.com:8080/a");
    port_with_zeros: "http://example.com:00443" => Ok("http://example.com:443");
    own_port: "http://example.com:80/a" => Ok("http://example.com/a");
    own_port_https: "https://example.com:443" => Ok("https://example.com");
    unicode_host: "https://BÜCHER.example/Ä" => Ok("https://xn--bcher-kva.example/Ä");
    root_dot: "example.com./a" => Ok("https://example.com/a");
    nothing: "" => Err("host_invalid");
    scheme_alone: "https://" => Err("host_invalid");
    words: "see our page" => Err("host_invalid");
    single_label: "localhost" => Err("host_single_label");
    single_label_port: "localhost:8080" => Err("host_single_label");
    ipv4: "http://192.0.2.1/" => Err("host_invalid");
    ipv6: "http://[2001:db8::1]/" => Err("port_invalid");
    underscore: "a_b.example.com" => Err("host_invalid");
    ftp: "ftp://example.com" => Err("scheme_unsupported");
    mailto: "mailto:ann@example.com" => Err("scheme_unsupported");
    javascript: "javascript:alert(1)" => Err("scheme_unsupported");
    one_slash: "http:/example.com" => Err("scheme_unsupported");
    mail_address: "ann@example.com" => Err("credentials");
    password: "https://ann:secret@example.com" => Err("credentials");
    port_zero: "example.com:0" => Err("port_invalid");
    port_too_high: "example.com:65536" => Err("port_invalid");
    port_empty: "example.com:" => Err("port_invalid");
    port_plus: "example.com:+80" => Err("port_invalid");
    blank_in_path: "example.com/a b" => Err("character");
    backslash: "example.com/a\\b" => Err("character");
}

cases! { key:
    key_of_a_host: "https://example.com" => Some("example.com");
    key_without_www: "https://www.example.com/a" => Some("example.com");
    key_without_port: "https://example.com:8080" => Some("example.com");
    key_of_a_subdomain: "https://shop.example.com/a" => Some("shop.example.com");
    key_of_a_profile: "https://www.facebook.com/Acme/about" => Some("facebook.com/acme");
    key_of_a_mobile_profile: "https://pt-br.facebook.com/acme?ref=1" => Some("facebook.com/acme");
    key_of_a_handle: "https://instagram.com/ACME/" => Some("instagram.com/acme");
    key_behind_a_leading_segment: "https://br.linkedin.com/company/Acme" => Some("linkedin.com/company/acme");
    key_of_a_blog: "https://acme.blogspot.com/2024" => Some("acme.blogspot.com");
    key_of_a_shop: "https://acme.myshopify.com" => Some("acme.myshopify.com");
    key_of_a_site_under_a_subdomain: "https://ann.wixsite.com/Acme" => Some("ann.wixsite.com/acme");
    key_of_a_subdomain_without_path: "https://acme.github.io" => Some("acme.github.io");
    no_key_without_profile: "https://www.facebook.com" => None;
    no_key_of_a_query: "https://facebook.com?id=7" => None;
    no_key_of_a_leading_segment: "https://linkedin.com/company/" => None;
    no_key_of_a_bare_host: "https://wordpress.com/acme" => None;
    no_key_of_nothing: "" => None;
}

cases! { key:
    imp_12_a_profile_is_its_id: "https://m.facebook.com/profile.php?sk=about&id=2#x" => Some("facebook.com/profile.php?id=2");
    imp_12_a_person_is_a_name_and_an_id: "https://facebook.com/people/Ann-Lima/1000" => Some("facebook.com/people/ann-lima/1000");
    imp_12_a_page_is_a_name_and_an_id: "https://facebook.com/pages/Acme/1000?x" => Some("facebook.com/pages/acme/1000");
    imp_12_a_page_behind_its_category: "https://facebook.com/pages/category/Shop/Acme-1/" => Some("facebook.com/pages/category/shop/acme-1");
    imp_12_no_key_of_a_category: "https://facebook.com/pages/category/Shop" => None;
    imp_12_no_key_of_what_is_the_hosts_own: "https://www.google.com/business/acme" => None;
    imp_12_a_place_on_a_long_map: "https://www.google.com/maps/place/Acme/@1,2,3z/data=1" => Some("google.com/maps/place/acme/@1,2,3z");
    imp_12_a_place_on_a_map: "https://goo.gl/maps/AbC" => Some("goo.gl/maps/abc");
    imp_12_a_form: "https://docs.google.com/forms/d/e/1FAI/viewform" => Some("docs.google.com/forms/d/e/1fai");
    imp_12_an_app: "https://play.google.com/store/apps/details?id=com.acme&hl=pt" => Some("play.google.com/store/apps/details?id=com.acme");
    imp_12_a_post: "https://www.instagram.com/p/AbC/" => Some("instagram.com/p/abc");
    imp_12_a_post_of_somebody: "https://www.instagram.com/acme/p/AbC/" => Some("instagram.com/acme");
    imp_12_a_video: "https://www.youtube.com/watch?v=AbC" => Some("youtube.com/watch?v=AbC");
    imp_12_a_hotel_is_more_than_its_country: "https://booking.com/hotel/br/acme.html" => Some("booking.com/hotel/br/acme.html");
    imp_12_a_practice_is_more_than_its_trade: "https://www.doctolib.de/zahnarzt/bonn/acme" => Some("doctolib.de/zahnarzt/bonn/acme");
    imp_12_a_chat_is_its_phone: "https://api.whatsapp.com/send?phone=5511&text=x" => Some("whatsapp.com/send?phone=5511");
    imp_12_no_key_of_a_profile_without_id: "https://facebook.com/profile.php?id=&x=id=7" => None;
    imp_12_no_key_of_a_generic_segment: "https://instagram.com/reel/" => None;
    imp_12_no_key_of_maps: "https://goo.gl/maps" => None;
    imp_12_no_key_of_forms: "https://docs.google.com/forms/" => None;
    imp_12_no_key_of_the_store: "https://play.google.com/store/apps" => None;
    imp_12_no_key_of_a_search: "https://www.google.com/search?q=acme" => None;
    imp_12_no_key_of_a_script: "https://vk.com/index.php?id=7" => None;
    imp_12_no_key_of_a_trade: "https://doctolib.de/zahnarzt/bonn" => None;
}

#[test]
fn the_list_of_shared_hosts_is_sound() {
    let hosts = read_shared_hosts();
    for pair in hosts.all().windows(2) {
        assert!(pair[0].0 < pair[1].0, "twice: {}", pair[0].0);
    }
    for (_, shared) in hosts.all() {
        let mut out = String::new();
        assert_eq!(push_domain(shared.name, &mut out), Ok(()), "{}", shared.name);
        assert_eq!(out, shared.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn cleaning_is_stable(cell in "(https?://|HTTP://|//)?([a-zA-ZüÄ0-9-]{1,6}\\.){0,3}[a-z]{1,4}\\.?(:[0-9]{0,5})?(/|/\\PC{0,6})?") {
        if let Ok(clean) = cleaned(&cell) {
            prop_assert_eq!(cleaned(&clean), Ok(clean.clone()));
            prop_assert!(key(&clean).is_none_or(|key| !key.is_empty()));
        }
    }

    #[test]
    fn never_panics(cell in "\\PC{0,20}") {
        let _ = cleaned(&cell).map(|clean| key(&clean));
    }
}
