//! A sidecar serves one drop; a drop notifies only addresses that its program allows.

use pollster::block_on;
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::names::ProfileName;
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::ports::Objects;
use rollcall_tests::test_host::{Course, Imported, TestHost};

const LIST: &str = "Telefone 1;Nome\n+55 11 91234-5678;Ann\n+55 11 91234-5679;Bob\n";

fn mailing() -> DropTarget {
    DropTarget::Profile(ProfileName::parse("mailing").unwrap())
}

fn drop(host: &TestHost, file: &str, name: &str) -> Imported {
    host.run("acme", mailing(), name, file.as_bytes(), &[], &Course::default())
}

fn put_sidecar(host: &TestHost, name: &str, text: &str) {
    let key = object_keys::sidecar(&format!("inbox/acme/mailing/{name}"));
    block_on(host.home.bucket().put(&key, text.as_bytes().to_vec())).unwrap();
}

#[test]
fn a_sidecar_never_serves_a_second_drop() {
    let host = TestHost::with_acme();
    drop(&host, LIST, "first.csv");
    put_sidecar(&host, "pos.csv", "replace = true\n");
    let replacing = drop(&host, "Telefone 1;Nome\n+55 11 91234-5680;Cid\n", "pos.csv");
    assert_eq!(replacing.upload.options["replace"], true);
    assert_eq!(host.contacts().len(), 1);
    // Another list of the same name, weeks later: nobody asked to replace anything.
    let plain = drop(&host, LIST, "pos.csv");
    assert!(!plain.upload.options.contains_key("replace"));
    assert_eq!(host.contacts().len(), 3);
    // A new sidecar, with the same words, serves the next drop.
    host.later(2);
    put_sidecar(&host, "pos.csv", "replace = true\n");
    assert_eq!(drop(&host, LIST, "pos.csv").upload.options["replace"], true);
    assert_eq!(host.contacts().len(), 2);
}

#[test]
fn a_second_try_of_an_import_sees_what_the_first_one_saw() {
    let host = TestHost::with_acme();
    for (before, after, dry) in [("", "dry_run = true\n", false), ("dry_run = true\n", "", true)] {
        let name = if dry { "dry.csv" } else { "real.csv" };
        if !before.is_empty() {
            put_sidecar(&host, name, before);
        }
        let object = host.drop_file("acme", mailing(), name, LIST.as_bytes());
        let queue = LocalQueue::with_room(100);
        let import_id = host.split(&queue, object.clone(), &[], Course::default().size);
        // As if the splitter had died before it wrote its plan.
        let plan = object_keys::Artifacts::of(&"acme".parse().unwrap(), &import_id).plan();
        host.home.bucket().remove(&plan).unwrap();
        put_sidecar(&host, name, after);
        assert_eq!(host.split(&queue, object, &[], Course::default().size), import_id);
        host.work(&queue, &Course::default());
        assert_eq!(host.answer(&import_id).summary.head.dry_run, dry, "{name}");
    }
}

#[test]
fn a_drop_notifies_addresses_of_the_program_only() {
    let many: Vec<String> = (0..11).map(|number| format!("p{number}@acme.example")).collect();
    for (settings, notify, allowed) in [
        ("notify = ['ops@acme.example']\n", "ops@acme.example", true),
        ("notify = ['ops@acme.example']\n", "OPS@acme.example", true),
        ("notify = ['ops@acme.example']\n", "other@acme.example", false),
        ("notify_domains = ['acme.example']\n", "other@acme.example, one@ACME.example", true),
        ("notify_domains = ['acme.example']\n", "other@notacme.example", false),
        ("notify_domains = ['acme.example']\n", "a@acme.example.evil.example", false),
        ("notify_domains = ['acme.example']\n", &many.join(","), false),
        ("", "stranger@else.example", false),
    ] {
        let host = TestHost::with_acme();
        host.program("acme", &format!("title = 'Acme'\nregion = 'BR'\n{settings}"));
        let options = [("notify", notify)];
        let imported = host.run("acme", mailing(), "list.csv", LIST.as_bytes(), &options, &Course::default());
        let codes = if allowed { vec![] } else { vec!["options_invalid"] };
        assert_eq!(imported.file_codes(), codes, "{settings} {notify}");
        let mail = imported.notification.unwrap_or_default();
        assert_eq!(
            mail.contains(notify.split(',').next().unwrap()) && allowed,
            allowed,
            "{settings} {notify}"
        );
    }
}
