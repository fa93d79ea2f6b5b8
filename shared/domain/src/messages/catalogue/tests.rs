use super::*;
use crate::messages::localized::FindingJson;
use crate::types::finding::Column;
use crate::types::outcome::Status;

const SLOTS: [&str; 22] = [
    "allowed", "byte", "chosen", "column", "detail", "encoding", "expected", "fields", "found", "hint",
    "limit", "line", "option", "order", "others", "position", "reason", "region", "result", "row", "sheets",
    "value",
];

/// The reasons for which e-mails, phones and websites are refused.
const REASONS: [&str; 22] = [
    "no_at",
    "several_at",
    "local_empty",
    "local_too_long",
    "local_character",
    "dot_misplaced",
    "domain_single_label",
    "domain_invalid",
    "too_long",
    "display_name",
    "not_a_number",
    "too_short",
    "country_unknown",
    "region_needed",
    "invalid_for_country",
    "domain_empty",
    "scheme_unsupported",
    "credentials",
    "port_invalid",
    "host_invalid",
    "host_single_label",
    "character",
];

fn slots(source: &str) -> Vec<(String, bool)> {
    let mut slots = Template::parse(source).slots();
    slots.sort();
    slots
}

#[test]
fn every_code_has_words_in_every_language() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    for locale in Locale::ALL {
        let book = &Messages::of(locale).book;
        for texts in [&book.code, &book.fix] {
            assert_eq!(texts.keys().map(String::as_str).collect::<Vec<_>>(), codes, "{locale}");
            assert!(texts.values().all(|text| !text.is_empty()));
        }
        assert!(REASONS.iter().all(|reason| book.reason.contains_key(*reason)), "{locale}");
    }
}

#[test]
fn languages_have_equal_slots() {
    let english = &Messages::of(Locale::En).book;
    for locale in Locale::ALL {
        let book = &Messages::of(locale).book;
        let sections =
            [(&english.code, &book.code), (&english.fix, &book.fix), (&english.reason, &book.reason)];
        for (english, texts) in sections {
            assert_eq!(english.keys().collect::<Vec<_>>(), texts.keys().collect::<Vec<_>>(), "{locale}");
            for (name, text) in texts {
                assert_eq!(slots(text), slots(&english[name]), "{locale} {name}");
            }
        }
    }
}

/// Every way in which an import ends.
fn endings() -> impl Iterator<Item = Ending> {
    Status::ALL.into_iter().flat_map(|status| {
        [false, true].into_iter().flat_map(move |dry_run| {
            [(false, false), (true, false), (true, true)].map(|(none_accepted, none_chosen)| Ending {
                status,
                dry_run,
                undo: false,
                none_accepted,
                none_chosen,
            })
        })
    })
}

#[test]
fn the_texts_of_the_letter_have_equal_slots() {
    let texts = |locale| {
        let words = Messages::of(locale);
        let w = words.notification();
        let texts = [
            &w.subject,
            &w.row_count,
            &w.example_row,
            &w.example_line,
            &w.more,
            &w.results,
            &w.results_none,
            &w.attached,
            &w.again_failed,
        ];
        let t = words.terminal();
        let terminal = [&t.rows_read, &t.less, &t.rate, &t.more, &t.results, &t.next];
        let openings = endings().map(|ending| slots(words.opening(ending)));
        let notes = Kind::ALL.map(|kind| slots(words.outcome_note(Outcome::Created, Some(kind)).as_str()));
        texts
            .into_iter()
            .chain(terminal)
            .map(|text| slots(text))
            .chain(openings)
            .chain(notes)
            .collect::<Vec<_>>()
    };
    for locale in Locale::ALL {
        assert_eq!(texts(locale), texts(Locale::En), "{locale}");
    }
}

#[test]
fn a_message_is_whole_without_anything_in_its_slots() {
    for locale in Locale::ALL {
        let book = &Messages::of(locale).book;
        for (name, text) in book.code.iter().chain(&book.fix).chain(&book.reason) {
            for (slot, within) in slots(text) {
                assert!(within, "{locale} {name}: {slot} is outside brackets");
                assert!(
                    SLOTS.contains(&slot.as_str()),
                    "{locale} {name}: {slot} is not in the crate's table"
                );
            }
        }
    }
}

#[test]
fn people_read_labels_and_programs_read_names() {
    let labels = crate::profile::compiled::Profile::built_in("leads").expect("a built-in profile").labels();
    let missing = Finding::new(Code::OneOfMissing).arg("fields", "email, phone");
    let owner = Finding::on(Code::OwnerUnknown, &Column::new("owner", 3)).value("Zé");
    let column = Finding::on(Code::ColumnMissing, &Column::new("last_name", None));
    let one_of = Finding::on(Code::ColumnMissing, &Column::new("email, phone", None));
    for (locale, finding, words) in [
        (Locale::Pt, &owner, "Responsável: usuário não encontrado, nenhum responsável tem este nome: Zé"),
        (
            Locale::De,
            &owner,
            "Zuständige Person: Benutzer nicht vorhanden, kein Zuständiger hat diesen Namen: Zé",
        ),
        (
            Locale::Fr,
            &owner,
            "Propriétaire\u{a0}: utilisateur non présent, aucun propriétaire ne porte ce nom\u{a0}: Zé",
        ),
        (Locale::De, &column, "die Pflichtspalte fehlt: Nachname;"),
        (Locale::Es, &one_of, "falta la columna obligatoria: Correo electrónico, Teléfono;"),
        (Locale::Pt, &missing, "campos é obrigatório: E-mail, Telefone"),
    ] {
        let mut out = String::new();
        Messages::of(locale).write_line(finding, &labels, &mut out);
        assert!(out.contains(words), "{out}");
    }
    assert_eq!(owner.key(), "owner:owner_unknown");
}

#[test]
fn error_texts_have_no_full_stop() {
    for locale in Locale::ALL {
        let book = &Messages::of(locale).book;
        for (name, text) in book.code.iter().chain(&book.fix).chain(&book.reason) {
            assert!(!text.ends_with(['.', '!', ' ']) && !text.starts_with(' '), "{locale} {name}");
            assert!(locale == Locale::De || !text.starts_with(char::is_uppercase), "{locale} {name}");
        }
    }
}

#[test]
fn findings_are_put_into_words() {
    let email = Column::new("email", 2);
    let invalid = Finding::on(Code::EmailInvalid, &email);
    for (locale, finding, line) in [
        (Locale::En, invalid.clone(), "email: is not an e-mail address"),
        (
            Locale::En,
            invalid.clone().value("ann").arg("reason", "no_at"),
            "email: is not an e-mail address (no @): ann",
        ),
        (
            Locale::De,
            invalid.clone().value("ann").arg("reason", "no_at"),
            "email: ist keine E-Mail-Adresse (kein @): ann",
        ),
        (Locale::En, invalid.clone().arg("reason", "nobody_knows"), "email: is not an e-mail address"),
        (
            Locale::Pt,
            Finding::on(Code::EmailTypoSuspected, &email).value("a@gmial.com").hint("a@gmail.com"),
            "email: o endereço parece ter um erro de digitação: a@gmial.com (você quis dizer a@gmail.com?)",
        ),
        (
            Locale::En,
            Finding::new(Code::RowRagged).arg("found", 3).arg("expected", 4),
            "the row has a different number of cells than the header: 3 instead of 4",
        ),
        (
            Locale::En,
            Finding::on(Code::ValueTooLong, &Column::new("name", 1)).arg("limit", 32_767),
            "name: is too long: more than 32,767 characters",
        ),
        (
            Locale::Fr,
            Finding::on(Code::PhoneInvalid, &Column::new("phone", 1))
                .arg("reason", "invalid_for_country")
                .arg("region", "BR"),
            "phone\u{a0}: n’est pas un numéro de téléphone (pas un numéro de ce pays\u{a0}: BR)",
        ),
        (
            Locale::En,
            Finding::on(Code::ColumnMissing, &Column::new("email", None)).hint("E-Mial"),
            "the mandatory column is missing: email (did you mean E-Mial?); \
             add the column, or say which column of the file it is with the option map.<header>=<field>, \
             and upload the file again",
        ),
        (
            Locale::Es,
            Finding::new(Code::DelimiterNotAllowed).value(",").arg("allowed", "; |"),
            "este separador no se acepta aquí: ,; guarde el archivo con otro separador: ; | y vuelva a cargarlo",
        ),
    ] {
        let mut out = String::new();
        Messages::of(locale).write_line(&finding, Labels::NONE, &mut out);
        assert_eq!(out, line);
    }
}

#[test]
fn a_row_names_each_column() {
    let findings = [
        Finding::on(Code::RequiredMissing, &Column::new("name", 1)),
        Finding::new(Code::DuplicateInFile).arg("row", 1200),
    ];
    let mut out = String::new();
    Messages::of(Locale::En).write_row(&findings, Labels::NONE, &mut out);
    assert_eq!(out, "name: is required; repeats an earlier row: row 1200");
}

#[test]
fn a_long_value_is_cut_and_stays_on_one_line() {
    let finding = Finding::new(Code::NumberInvalid).value("é\n".repeat(60));
    let text = Messages::of(Locale::En).text(&finding, Labels::NONE);
    assert_eq!(text, format!("is not a number: {}…", "é ".repeat(40)));
}

#[test]
fn the_json_form_has_all_languages() {
    let finding =
        Finding::on(Code::PhoneInvalid, &Column::new("phone_1", 6)).value("12").arg("reason", "too_short");
    let json = serde_json::to_string_pretty(&FindingJson::new(&finding, Labels::NONE, Locale::Pt)).unwrap();
    insta::assert_snapshot!(json);
}

fn what(words: &Messages, finding: &Finding) -> String {
    written(|out| words.write_what(Facts::new(finding, Labels::NONE), out))
}

#[test]
fn every_message_in_every_language() {
    let all = |code: &Code| {
        SLOTS.iter().filter(|slot| !["value", "hint", "column", "reason"].contains(slot)).fold(
            Finding::on(*code, &Column::new("field", 1)).value("VALUE").arg("reason", "too_long"),
            |finding, slot| finding.arg(slot, slot.to_uppercase()),
        )
    };
    let mut out = String::new();
    for code in Code::ALL {
        for locale in Locale::ALL {
            let words = Messages::of(locale);
            let bare = what(words, &Finding::new(*code));
            out += &format!(
                "{code} {locale}\n  {bare}\n  {}\n  > {}\n",
                what(words, &all(code)),
                words.fix(&all(code), Labels::NONE)
            );
        }
    }
    insta::assert_snapshot!(out);
}
