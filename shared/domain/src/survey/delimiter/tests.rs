use super::*;

/// A few headers of five languages, as a profile would know them.
fn known(header: &str) -> bool {
    let known = [
        "name",
        "email",
        "e-mail",
        "phone",
        "website",
        "group",
        "note",
        "country",
        "nome",
        "telefone",
        "grupo",
        "observação",
        "telefon",
        "gruppe",
        "bemerkung",
        "nom",
        "téléphone",
        "groupe",
        "remarque",
        "nombre",
        "teléfono",
        "grupo",
        "nota",
        "last name",
        "first name",
        "apellido",
        "owner",
    ];
    known.contains(&header.trim().to_lowercase().as_str())
}

const WHOLE: DetectionContext<'_> =
    DetectionContext { complete: true, first_line: FirstLine::Header, allowed: &[], header: &known };

fn detected(sample: &str) -> (char, bool) {
    let found = detect_delimiter(sample.as_bytes(), &WHOLE);
    (char::from(found.delimiter), found.found)
}

#[test]
fn finds_the_delimiter_of_files_with_headers() {
    let cases = [
        ("name,email\nAna,ana@a.pt\n", ','),
        ("Name;E-Mail;Telefon\nJörg;j@a.de;030 1\n", ';'),
        ("nome\temail\ttelefone\nAna\tana@a.pt\t\n", '\t'),
        ("nom|email|téléphone\nZoé|z@a.fr|01 02\n", '|'),
        ("nombre^email^teléfono\nIñigo^i@a.es^91\n", '^'),
        ("name;email", ';'),
        ("\"Name\";\"E-Mail\"\r\n\"Jörg\";\"j@a.de\"\r\n", ';'),
        ("\"name\",\"email\"\r\"Ana\",\"ana@a.pt\"\r", ','),
        ("\n\nname;email\nAna;ana@a.pt\n", ';'),
        (";;\nname;email;\nAna;ana@a.pt;\n", ';'),
        // A text column full of commas.
        ("nome;email;observação\nAna;a@a.pt;um, dois, três\nRui;r@a.pt;a,b,c,d,e\nEva;e@a.pt;x,y\n", ';'),
        ("Email;Text a, b, c, d\na@a.pt;a,b,c,d\n", ';'),
        // Addresses with pipes.
        ("name,email,address\nAna,a@a.pt,Rua A | 5 | Lisboa\nRui,r@a.pt,Rua B | 6 | Porto\n", ','),
        // Decimal commas in every row, thousands too.
        ("Name;Umsatz;Bemerkung\nJörg;1.234,50;x\nEva;12,5;y\n", ';'),
        ("nom;montant\nZoé;12,5\nLuc;3,75\n", ';'),
        // Newlines within quotes, other delimiters inside.
        ("nome;nota\nAna;\"Rua A, 5,\n1000 | Lisboa\"\nRui;\"a,b\nc,d\"\n", ';'),
        ("name,note\nAna,\"a;b;c\nd;e;f\"\nRui,\"a;b\n\"\n", ','),
        ("name\tnote\nAna\t\"a,b\r\nc;d\"\nRui\t5\" pipe, blue\n", '\t'),
        // A header wider or narrower than its rows.
        ("name;email\nAna;a@a.pt;1,2\nRui;r@a.pt;3,4\n", ';'),
        ("name;email;phone;;;\nAna;a@a.pt\nRui;r@a.pt\n", ';'),
        // One known header among unknown ones.
        ("Ref.;Ansprechpartner, Anrede;E-Mail\n1;Schmidt, Herr;a@a.de\n", ';'),
    ];
    for (sample, delimiter) in cases {
        assert_eq!(detected(sample), (delimiter, true), "{sample:?}");
    }
}

#[test]
fn finds_the_delimiter_of_files_without_a_known_header() {
    let cases = [
        ("Ana,a@a.pt,BR\nRui,r@a.pt,PT\n", ','),
        ("Ana;a@a.pt;BR\nRui;r@a.pt;PT\n", ';'),
        ("+55 11 1|Ana\n+55 11 2|Rui\n", '|'),
        ("Ana\ta@a.pt\t\nRui\tr@a.pt\t\n", '\t'),
        ("Ana^1\nRui^2\n", '^'),
        // Decimal commas: as wide, and wider.
        ("Zoé;12,5\nLuc;3,75\n", ';'),
        ("10,5;11,2;12,9\n1,0;2,0;3,0\n", ';'),
        ("Zoé|1,5|2,5|3,5|4,5|5,5\nLuc|1,0|2,0|3,0|4,0|5,0\n", '|'),
        // Prose: as wide, and wider.
        ("Lisboa, Portugal;a@a.pt\nParis, França;b@a.pt\n", ';'),
        ("Silva, Ana, Dra.;a@a.pt\nSouza, Rui, Dr.;b@a.pt\n", ';'),
        ("Ana,a@a.pt,um; dois\nRui,r@a.pt,três; quatro\n", ','),
        ("Ana, a@a.pt, BR\nRui, r@a.pt, PT\n", ','),
        ("Ana;Rua A | 5 | Lisboa\nRui;Rua B | 6 | Porto\n", ';'),
        // A text column with commas, now and then.
        ("Ana;a@a.pt;a,b\nRui;r@a.pt;c\nEva;e@a.pt;d,e,f,g\n", ';'),
        // Ragged rows here and there.
        ("a;b;c\n1;2;3\n1;2\n1;2;3\n1;2;3\n", ';'),
        ("a,b,c\n1,2,3,4\n1,2,3\n1,2,3\n", ','),
        // Wider, but in fewer rows.
        ("Ana;a,b,c\nRui;d,e,f\nEva;g\nLuc;h,i,j\n", ';'),
        ("a;b,c\nd;e,\"f\n1;2\n3;4\n", ';'),
        // A blank after every delimiter.
        ("Ana; 1,5; x\nRui; 2,5; y\n", ';'),
        // Another candidate in every row, but narrower.
        ("Ana;a@a.pt;x|y\nRui;r@a.pt;z|w\n", ';'),
        ("\"Silva; Ana\",\"a;b\",1\n\"Souza; Rui\",\"c;d\",2\n", ','),
        ("\"Rua A, 5\n1000\";1\n\"Rua B, 6\n4000\";2\n", ';'),
        (";;;\nAna;a@a.pt;BR;x\n\nRui;r@a.pt;PT;y\n", ';'),
    ];
    for (sample, delimiter) in cases {
        assert_eq!(detected(sample), (delimiter, true), "{sample:?}");
    }
}

#[test]
fn a_comma_is_assumed_where_nothing_decides() {
    let cases = [
        ("", ','),
        ("\n\n", ','),
        ("email\na@a.pt\nb@a.pt\n", ','),
        ("email\n", ','),
        ("Ana Silva\nRui Souza\n", ','),
        // One column of free text: most records are not as wide as the first.
        ("Rua A | 5\nRua B\nRua C\nRua D | 6 | x\n", ','),
        // Names with a comma under a header of one column.
        ("name\nSilva, Ana\nSouza, Rui\n", ','),
    ];
    for (sample, delimiter) in cases {
        assert_eq!(detected(sample), (delimiter, false), "{sample:?}");
    }
}

#[test]
fn of_equals_the_allowed_one_or_the_first_is_taken() {
    let tie = b"a;b,c\nd;e,f\n";
    assert_eq!(detect_delimiter(tie, &WHOLE), Detected { delimiter: b',', found: true });
    let found = detect_delimiter(tie, &DetectionContext { allowed: b";|", ..WHOLE });
    assert_eq!(found, Detected { delimiter: b';', found: true });
}

#[test]
fn without_a_header_most_records_say_how_wide_they_are() {
    let rows = |header: &str, first: &str, row: &str| format!("{header}{first}{}", row.repeat(30));
    let cases = [
        // A title that the import ignores.
        (FirstLine::Ignore, rows("My list\n", "", "Ana|c||1\n"), '|'),
        (FirstLine::Ignore, rows("My list\n", "", "Ana^a@a.pt\n"), '^'),
        (FirstLine::Ignore, "Of May, last\nAna\ta@a.pt\n".to_owned(), '\t'),
        (FirstLine::Ignore, "name;email\nAna;a@a.pt;1,5\n".to_owned(), ';'),
        // A first row that is narrower than the others.
        (FirstLine::Data, rows("", "Ana|c|1\n", "Ana|c|1|2\n"), '|'),
        (FirstLine::Data, "A;a@b.pt\nB;b@b.pt;b.pt\nC;c@b.pt;c.pt;;BR\n".to_owned(), ';'),
        (FirstLine::Data, "Ann|c||||+5511987650001\n".to_owned(), '|'),
    ];
    for (first_line, sample, delimiter) in cases {
        let found = detect_delimiter(sample.as_bytes(), &DetectionContext { first_line, ..WHOLE });
        assert_eq!(found, Detected { delimiter: delimiter as u8, found: true }, "{sample:?}");
    }
    let prose = DetectionContext { first_line: FirstLine::Data, ..WHOLE };
    assert!(!detect_delimiter(b"Rua A | 5\nRua B\nRua C\nRua D | 6 | x\n", &prose).found);
}

#[test]
fn a_cut_record_is_left_out() {
    let cases = [
        ("a;b;c\n1;2;3\n1,5;2", false, (b';', true)),
        ("name;email;pho", false, (b';', true)),
        ("a;b,c,d\ne;f,g,h\ni;", false, (b',', true)),
        ("a;b,c,d\ne;f,g,h\ni;", true, (b';', true)),
        ("Ana;\"never closed\nRui;1\nEva;2\n", true, (b',', false)),
        ("a;b\n1;2\n1;\"2,\n,,,", false, (b';', true)),
    ];
    for (sample, complete, (delimiter, found)) in cases {
        let detected = detect_delimiter(sample.as_bytes(), &DetectionContext { complete, ..WHOLE });
        assert_eq!(detected, Detected { delimiter, found }, "{sample:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_do_no_harm() {
    let found = detect_delimiter(b"nome;email;observa\xe7\xe3o\nJo\xe3o;j@a.pt;a,b\n", &WHOLE);
    assert_eq!(found, Detected { delimiter: b';', found: true });
}

#[test]
fn reads_the_line_that_excel_reads() {
    let cases: &[(&str, Option<(u8, usize)>)] = &[
        ("sep=;\r\nname;email\r\n", Some((b';', 7))),
        ("sep=,\nname,email\n", Some((b',', 6))),
        ("SEP=\t\rname\temail\r", Some((b'\t', 6))),
        ("sep=|", Some((b'|', 5))),
        ("\"sep=;\"\r\nname;email\r\n", Some((b';', 9))),
        ("", None),
        ("sep", None),
        ("sep=", None),
        ("sep=\nname\n", None),
        ("sep=;;\nname\n", None),
        ("sep=a\nname\n", None),
        ("sep=\"\nname\n", None),
        ("\"sep=;\nname\"\n", None),
        ("separator;x\n", None),
    ];
    for (sample, expected) in cases {
        assert_eq!(sep_line(sample.as_bytes()), *expected, "{sample:?}");
    }
}
