//! The webhook: what a program's server is told, whatever happens to the stages; and the answers of servers.

use std::sync::Mutex;

use jiff::SignedDuration;
use pollster::block_on;
use rollcall_domain::plan::object_keys::DropTarget;
use rollcall_domain::types::secret::Secret;
use rollcall_embedded::queue::LocalQueue;
use rollcall_pipeline::finalize::finalize;
use rollcall_pipeline::ports::{Announcement, Clock, WebhookClient, WebhookFault, WebhookRequest};
use rollcall_pipeline::webhook::{Delivery, deliver};
use rollcall_tests::test_host::Course;
use rollcall_tests::world::World;
use serde_json::{Value, json};

const FILE: &str = "Name,E-mail\nAna,ana@one.example\nBea,bea@\n";

fn world() -> World {
    World::with_acme()
}

fn body(announced: &Announcement) -> Value {
    serde_json::from_str(&announced.body).unwrap()
}

#[test]
fn every_import_that_is_over_is_announced_with_its_counts_alone() {
    let world = world();
    let import = world.import("prospects", FILE.as_bytes(), &[], &Course::default());
    let told = body(&world.mail.announced()[0]);
    let summary: Value = serde_json::from_str(&world.paper(&import, "summary.json").unwrap()).unwrap();
    for name in [
        "import_id",
        "program",
        "profile",
        "dry_run",
        "status",
        "rows",
        "matched",
        "started_at",
        "finished_at",
    ] {
        assert_eq!(told["data"][name], summary[name], "{name}");
    }
    assert_eq!(told["data"]["errors"], json!([{ "code": "email_invalid", "rows": 1 }]));
    assert!(!world.mail.announced()[0].body.contains("list.csv"));
    world.import("prospects", FILE.as_bytes(), &[("dry_run", "true")], &Course::default());
    world.import("prospects", b"Name\nAna\n", &[], &Course::default());
    world.request(DropTarget::Undo(import.clone()), &Course::default());
    world.load_of("acme", DropTarget::Directory("groups".parse().unwrap()), b"name\nsilver\n");
    let said: Vec<(Value, Value)> = world
        .mail
        .announced()
        .iter()
        .map(body)
        .map(|body| (body["data"]["dry_run"].clone(), body["data"]["status"].clone()))
        .collect();
    let expected = [
        (false, "completed_with_errors"),
        (true, "completed_with_errors"),
        (false, "refused"),
        (false, "completed"),
        (false, "completed"),
    ];
    assert_eq!(said, expected.map(|(dry_run, status)| (json!(dry_run), json!(status))));
    assert_eq!(body(&world.mail.announced()[3])["data"]["undoes"], import.as_str());
}

#[test]
fn a_second_finalize_announces_the_same() {
    let world = world();
    let import = world.import("prospects", FILE.as_bytes(), &[], &Course::default());
    let ports = world.ports(&LocalQueue::with_room(0));
    block_on(finalize(&ports, &world.mail, SignedDuration::from_secs(60), &import, None)).unwrap();
    let announced = world.mail.announced();
    assert_eq!((announced.len(), &announced[0]), (2, &announced[1]));
    assert_eq!(announced[0].import_id, import);
}

#[test]
fn nobody_is_told_without_a_webhook() {
    let world = world();
    world.put("settings/acme.toml", "title = 'Acme'");
    world.import("prospects", FILE.as_bytes(), &[], &Course::default());
    assert!(world.mail.announced().is_empty());
}

/// A client that gives one answer, and keeps what was sent.
struct Answering(Result<u16, WebhookFault>, Mutex<Vec<WebhookRequest>>);

impl WebhookClient for Answering {
    async fn post(&self, request: &WebhookRequest) -> Result<u16, WebhookFault> {
        self.1.lock().unwrap().push(request.clone());
        self.0
    }
}

#[test]
fn the_answer_of_the_server_decides_whether_it_is_told_again() {
    let world = world();
    let import = world.import("prospects", FILE.as_bytes(), &[], &Course::default());
    let announced = world.mail.announced().remove(0);
    let attempt = |answer| {
        let client = Answering(answer, Mutex::default());
        let secret = Secret::new(b"key");
        let delivery = deliver(&world.objects, &client, &secret, &announced, world.clock.now());
        (block_on(delivery).unwrap(), client.1.into_inner().unwrap())
    };
    for (answer, expected) in [
        (Ok(200), Delivery::Accepted),
        (Ok(202), Delivery::Accepted),
        (Ok(301), Delivery::Failed("the server answered 301; redirects are not followed".to_owned())),
        (Ok(404), Delivery::Failed("the server answered 404".to_owned())),
        (Ok(410), Delivery::Unwanted("the server answered 410: it wants to be told nothing more")),
        (Ok(503), Delivery::Failed("the server answered 503".to_owned())),
        (Err(WebhookFault::Private), Delivery::Failed("the address of the server is private".to_owned())),
        (Err(WebhookFault::NoAnswer), Delivery::Failed("the server did not answer in time".to_owned())),
    ] {
        let (told, sent) = attempt(answer);
        assert_eq!((told, sent.len()), (expected, 1));
        let header = |name| &sent[0].headers.iter().find(|(known, _)| *known == name).unwrap().1;
        assert_eq!(
            (header("webhook-id"), sent[0].url.as_str()),
            (&import.to_string(), "https://hooks.acme.example/")
        );
        let seconds = world.clock.now().as_second();
        let signature = Secret::new(b"key").webhook_key(&announced.program).sign(
            import.as_str(),
            seconds,
            &announced.body,
        );
        assert_eq!(
            (header("webhook-timestamp"), header("webhook-signature")),
            (&seconds.to_string(), &signature)
        );
    }
    // The settings of the moment count.
    for (settings, expected, sent) in [
        ("webhook_url = 'https://new.acme.example/'", Delivery::Accepted, 1),
        ("title = 'Acme'", Delivery::Unwanted("webhook_url was removed"), 0),
        (
            "webhook_url = 'https://10.0.0.1/'",
            Delivery::Failed("the program's settings are not valid".to_owned()),
            0,
        ),
    ] {
        world.put("settings/acme.toml", settings);
        let (told, requests) = attempt(Ok(204));
        assert_eq!((told, requests.len()), (expected, sent), "{settings}");
    }
}
