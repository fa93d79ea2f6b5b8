//! Text in other encodings than UTF-8: found over the whole file or said, and said again in `upload.json`.

use rollcall_tests::test_host::{Course, Imported, TestHost};

fn import(file: impl AsRef<[u8]>, options: &[(&str, &str)]) -> (TestHost, Imported) {
    let host = TestHost::with_acme();
    let imported = host.import_with("prospects", file, options, &Course::default());
    (host, imported)
}

fn encoding(imported: &Imported) -> Option<&str> {
    imported.upload.encoding.as_deref()
}

const TEXT: &str = "Name;E-mail;Note\r\nJosé;jose@one.example;5 €\r\nInês;ines@one.example;“x”\r\n";

fn windows_1252(text: &str) -> Vec<u8> {
    let byte = |notification: char| match notification {
        '€' => 0x80,
        '“' => 0x93,
        '”' => 0x94,
        notification => u8::try_from(u32::from(notification)).unwrap(),
    };
    text.chars().map(byte).collect()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn every_encoding_gives_the_same_contacts() {
    let marked = format!("\u{feff}{TEXT}");
    for (file, options, told) in [
        (TEXT.as_bytes().to_vec(), &[][..], "UTF-8"),
        (marked.clone().into_bytes(), &[("encoding", "windows-1252")], "UTF-8"),
        (windows_1252(TEXT), &[], "windows-1252"),
        (windows_1252(TEXT), &[("encoding", "latin1")], "windows-1252"),
        (utf_16(&marked, u16::to_le_bytes), &[], "UTF-16LE"),
        (utf_16(&marked, u16::to_be_bytes), &[("encoding", "utf-8")], "UTF-16BE"),
        (utf_16(TEXT, u16::to_le_bytes), &[], "UTF-16LE"),
        (utf_16(TEXT, u16::to_be_bytes), &[("encoding", "UTF-16BE")], "UTF-16BE"),
    ] {
        let (host, imported) = import(&file, options);
        assert_eq!((imported.status(), encoding(&imported)), ("completed", Some(told)), "{options:?}");
        let records = host.records();
        let names: Vec<&str> = records.iter().map(|record| &*record.name).collect();
        assert_eq!(names, ["Inês", "José"]);
        let rows = imported.succeeded_rows();
        assert_eq!((&*rows[0]["Note"], &*rows[1]["Note"], &*rows[1]["rollcall_line"]), ("5 €", "“x”", "3"));
        assert!(imported.report.contains(told), "the report says {told}");
        let preview = TestHost::with_acme().preview_of("prospects", &file, options);
        assert_eq!(preview.encoding.as_deref(), Some(told));
        assert_eq!(preview.rows[0].cells, ["José", "jose@one.example", "5 €"]);
    }
}

#[test]
fn a_few_bad_bytes_are_rows_to_mend_and_no_other_encoding() {
    let file = b"Name,E-mail\nJos\xc3\xa9,a@one.example\nIn\xc3\xaas,b@one.example\nJo\xe3o,c@one.example\n";
    let (_, imported) = import(file, &[]);
    assert_eq!(encoding(&imported), Some("UTF-8"));
    assert_eq!(imported.errors(), [(3, "name:bytes_invalid".to_owned())]);
    assert_eq!(imported.failed_rows()[0]["Name"], "João");
}

#[test]
fn a_byte_that_the_encoding_has_not_is_a_row_to_mend() {
    let file = b"Name,E-mail\nJos\xe9,a@one.example\nAn\x81,b@one.example\n";
    let (_, imported) = import(file, &[("encoding", "windows-1252")]);
    assert_eq!((encoding(&imported), imported.summary.rows.created), (Some("windows-1252"), 1));
    assert_eq!(imported.errors(), [(2, "name:bytes_invalid".to_owned())]);
    assert!(imported.failed_rows()[0]["rollcall_messages"].contains("windows-1252"));
    let half = [&utf_16("Name,E-mail\nAnn", u16::to_le_bytes)[..], b"\x00\xd8,\0a\0@\0b\0.\0e\0x\0"].concat();
    let (_, imported) = import(half, &[]);
    assert_eq!(imported.errors(), [(1, "name:bytes_invalid".to_owned())]);
}

#[test]
fn what_is_said_and_cannot_be_is_refused() {
    for (file, option, code) in [
        (TEXT.as_bytes().to_vec(), "klingon", "options_invalid"),
        (b"Name,E-mail\nAnn,a@b.example\n".to_vec(), "utf-16", "encoding_invalid"),
        ("Name,E-mail\nJosé,a@b.example\n".repeat(50).into_bytes(), "utf-16", "encoding_invalid"),
        (utf_16("Name,E-mail\nAnn,a@b.example\n", u16::to_le_bytes), "utf-8", "encoding_invalid"),
    ] {
        let (_, imported) = import(file, &[("encoding", option)]);
        assert_eq!((imported.status(), &imported.file_codes()[..]), ("refused", &[code][..]), "{option}");
    }
}

#[test]
fn what_failed_comes_back_under_the_same_options() {
    let options = [("encoding", "windows-1252"), ("map.Endereço", "email")];
    let file = windows_1252("Name;Endereço\nJosé;jose\n");
    let (host, imported) = import(file, &options);
    assert_eq!(imported.errors(), [(1, "email:email_invalid".to_owned())]);
    let repaired = String::from_utf8(imported.failed).unwrap().replace(";jose;", ";jose@one.example;");
    let again = host.import_with("prospects", repaired, &options, &Course::default());
    assert_eq!((again.status(), encoding(&again)), ("completed", Some("UTF-8")));
    assert_eq!(host.records()[0].name, "José");
}

#[test]
fn an_encoding_is_decided_over_the_whole_of_a_large_file() {
    let mut file = b"Name,E-mail\n".to_vec();
    for row in 0..150_000 {
        file.extend_from_slice(format!("Somebody With A Name,p{row}@mail.example\n").as_bytes());
    }
    assert!(file.len() > 5 << 20, "more than one piece is read");
    file.extend_from_slice(b"Jos\xe9,one@mail.example\nIn\xeas,last@mail.example\n");
    let host = TestHost::with_acme();
    let preview = host.preview_of("prospects", &file, &[("rows", "150001")]);
    assert_eq!(preview.encoding.as_deref(), Some("windows-1252"));
}

fn in_encoding(text: &str, of: fn(char) -> Option<u8>) -> Vec<u8> {
    text.chars()
        .map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii).or(of(letter)).unwrap())
        .collect()
}

fn windows_1251(letter: char) -> Option<u8> {
    let from_a = u32::from(letter).checked_sub(u32::from('А')).filter(|place| *place < 64)?;
    u8::try_from(0xc0 + from_a).ok()
}

/// The letters of these tests only.
fn windows_1250(letter: char) -> Option<u8> {
    let known = [('Ł', 0xa3), ('ś', 0x9c), ('ń', 0xf1), ('Ż', 0xaf), ('ą', 0xb9), ('ł', 0xb3)];
    known.into_iter().find(|(known, _)| *known == letter).map(|(_, byte)| byte)
}

#[test]
fn what_is_likely_and_not_certain_is_said_wherever_a_person_looks() {
    let polish = "Name;E-mail\r\nŁukasz Wiśniewski;l@one.example\r\nŻaneta Kaczyńska;z@one.example\r\n";
    let (host, imported) = import(in_encoding(polish, windows_1250), &[]);
    assert_eq!((imported.status(), encoding(&imported)), ("completed", Some("windows-1250")));
    let names: Vec<String> = host.records().iter().map(|record| record.name.to_string()).collect();
    assert_eq!(names, ["Łukasz Wiśniewski", "Żaneta Kaczyńska"]);
    let warning = &imported.upload.verdict.warnings[0];
    assert_eq!((&*warning.code.to_string(), warning.value.as_deref()), ("encoding_assumed", Some("Łukasz")));
    assert_eq!(warning.args["option"], "--set encoding=windows-1250");
    assert_eq!((&*warning.args["line"], &*warning.args["encoding"]), ("2", "windows-1250"));
    let counted: Vec<_> =
        imported.summary.warnings.iter().map(|count| (count.code.as_str(), count.rows)).collect();
    assert_eq!(counted, [("encoding_assumed", 0)]);
    assert!(imported.report.contains("Łukasz"), "the report shows a word to check");
    let (_, said) = import(in_encoding(polish, windows_1250), &[("encoding", "cp1250")]);
    assert!(said.upload.verdict.warnings.is_empty() && said.summary.warnings.is_empty());
}

#[test]
fn letters_that_no_other_encoding_shows_need_no_remark() {
    let names = [
        "Иван Петров",
        "Мария Иванова",
        "Сергей Кузнецов",
        "Анна Смирнова",
        "Дмитрий Соколов",
        "Ольга Попова",
        "Алексей Лебедев",
        "Екатерина Новикова",
        "Владимир Морозов",
        "Наталья Волкова",
    ];
    let rows = names.iter().enumerate().map(|(row, name)| format!("{name};p{row}@one.example\r\n"));
    let russian = format!("Name;E-mail\r\n{}", rows.collect::<String>());
    let (host, imported) = import(in_encoding(&russian, windows_1251), &[]);
    assert_eq!((imported.status(), encoding(&imported)), ("completed", Some("windows-1251")));
    assert!(imported.upload.verdict.warnings.is_empty(), "{:?}", imported.upload.verdict.warnings);
    let stored = host.records();
    assert!(names.iter().all(|name| stored.iter().any(|record| *record.name == **name)));
}

#[test]
fn what_nobody_can_tell_is_refused_with_its_place() {
    let utf_8 = "Name,E-mail\nJosé,a@one.example\nInês,b@one.example\n".as_bytes().to_vec();
    let mixed = [utf_8, windows_1252("João,c@one.example\nAndré,d@one.example\n")].concat();
    let mac_roman = b"Name;E-mail\rJos\x8e;a@one.example\rAndr\x8e;b@one.example\r".to_vec();
    for (file, line, word) in [(mixed, "4", "João"), (mac_roman, "2", "José")] {
        let (host, imported) = import(file, &[]);
        assert_eq!((imported.status(), &imported.file_codes()[..]), ("refused", &["encoding_uncertain"][..]));
        let error = &imported.upload.verdict.errors[0];
        assert_eq!((&*error.args["line"], error.value.as_deref()), (line, Some(word)));
        assert!(host.records().is_empty());
    }
}

/// One person, once as she is, once misread by another program, once twice: one contact, and the cells are told.
#[test]
fn misread_letters_are_undone_before_rows_are_told_apart() {
    let file = "Name,E-mail,Note\nJosé Müller,josé@one.example,à la carte\n\
                JosÃ© MÃ¼ller,josÃ©@one.example,Ã\u{a0} la carte\n\
                JosÃƒÂ© MÃƒÂ¼ller,josÃƒÂ©@one.example,voilÃƒÂ\u{a0}\nMANHÃ…,m@one.example,SÃO\n";
    let (host, imported) = import(file, &[]);
    let records = host.records();
    let names: Vec<&str> = records.iter().map(|record| &*record.name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"José Müller") && names.contains(&"MANHÃ…"), "{names:?}");
    let repaired = imported.summary.warnings.iter().filter(|count| count.code.as_str() == "value_repaired");
    assert!(repaired.map(|count| count.rows).sum::<u64>() >= 2, "{:?}", imported.summary.warnings);
}
