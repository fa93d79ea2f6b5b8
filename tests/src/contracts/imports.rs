//! The imports' state: a chunk closes once, a letter goes out once.

use rollcall_domain::types::names::ImportId;
use rollcall_domain::types::outcome::Status;
use rollcall_pipeline::ports::{ImportItem, Imports, NotificationClaim, ObjectVersion, Take, Turn};

use super::{import, program, time};

/// Runs the suite.
pub async fn imports_contract<I: Imports>(imports: I) {
    an_import_begins_once(&imports).await;
    chunks_close_once(&imports).await;
    a_chunk_is_taken_by_one(&imports).await;
    a_letter_goes_out_once(&imports).await;
    an_import_without_chunks_has_none_open(&imports).await;
    imports_of_a_lane_take_turns(&imports).await;
}

/// An import that just began.
pub fn item(import_id: ImportId) -> ImportItem {
    let key = "inbox/acme/prospects/list é.csv".to_owned();
    ImportItem {
        import_id,
        program: program("acme"),
        profile: "prospects".to_owned(),
        object: ObjectVersion { key, version: "v\"1".to_owned(), len: 12, modified: time(0) },
        dry_run: false,
        options: vec![("map.Name;".to_owned(), "name".to_owned())],
        started_at: time(1),
        lane: None,
        chunks: None,
        status: None,
    }
}

async fn an_import_begins_once<I: Imports>(imports: &I) {
    let id = import(1);
    assert_eq!(imports.get(&id).await.expect("read"), None);
    let first = item(id.clone());
    assert_eq!(imports.begin(first.clone()).await.expect("begun"), first);
    let later = ImportItem { started_at: time(99), dry_run: true, ..first.clone() };
    assert_eq!(imports.begin(later).await.expect("begun already"), first);
    imports.seal(&id, 3).await.expect("sealed");
    imports.seal(&id, 3).await.expect("sealed again");
    for status in [Status::Failed, Status::CompletedWithErrors] {
        imports.finish(&id, status).await.expect("ended");
        let now = imports.get(&id).await.expect("read").expect("there");
        assert_eq!((now.chunks, now.status), (Some(3), Some(status)));
    }
}

async fn chunks_close_once<I: Imports>(imports: &I) {
    let id = import(2);
    imports.begin(item(id.clone())).await.expect("begun");
    imports.seal(&id, 4).await.expect("sealed");
    assert_eq!(imports.open_chunks(&id).await.expect("read"), [0, 1, 2, 3]);
    for (chunk, open) in [(2, 3), (2, 3), (0, 2), (2, 2)] {
        assert_eq!(imports.close(&id, chunk, time(5)).await.expect("closed"), open);
    }
    assert_eq!(imports.open_chunks(&id).await.expect("read"), [1, 3]);
    assert_eq!(imports.close(&id, 1, time(5)).await.expect("closed"), 1);
    assert_eq!(imports.close(&id, 3, time(5)).await.expect("closed"), 0);
    assert_eq!(imports.close(&id, 3, time(5)).await.expect("closed"), 0);
    assert!(imports.open_chunks(&id).await.expect("read").is_empty());
}

async fn a_chunk_is_taken_by_one<I: Imports>(imports: &I) {
    let id = import(3);
    imports.begin(item(id.clone())).await.expect("begun");
    imports.seal(&id, 2).await.expect("sealed");
    let take =
        async |chunk, now, lease| imports.take(&id, chunk, time(now), time(lease)).await.expect("asked");
    assert_eq!(take(0, 10, 20).await, Take::Taken);
    assert_eq!(take(0, 19, 30).await, Take::Leased);
    assert_eq!(take(1, 19, 30).await, Take::Taken);
    assert_eq!(take(0, 21, 30).await, Take::Taken);
    assert_eq!(imports.kept(&id, 0).await.expect("read"), 0);
    imports.give_back(&id, 0, 7).await.expect("given back");
    imports.give_back(&id, 0, 7).await.expect("given back again");
    assert_eq!(take(0, 22, 30).await, Take::Taken);
    imports.give_back(&id, 0, 3).await.expect("less is not noted");
    assert_eq!(imports.kept(&id, 0).await.expect("read"), 7);
    imports.close(&id, 0, time(5)).await.expect("closed");
    assert_eq!(take(0, 22, 40).await, Take::Closed);
    assert_eq!(take(0, 50, 60).await, Take::Closed);
}

async fn a_letter_goes_out_once<I: Imports>(imports: &I) {
    let id = import(4);
    imports.begin(item(id.clone())).await.expect("begun");
    let claim =
        async |now, lease| imports.claim_notification(&id, time(now), time(lease)).await.expect("asked");
    assert_eq!(claim(10, 20).await, NotificationClaim::Claimed);
    assert_eq!(claim(19, 30).await, NotificationClaim::Held);
    assert_eq!(claim(21, 30).await, NotificationClaim::Claimed);
    imports.release_notification(&id).await.expect("given back");
    assert_eq!(claim(22, 30).await, NotificationClaim::Claimed);
    assert_eq!(claim(23, 30).await, NotificationClaim::Held);
    imports.notification_sent(&id).await.expect("noted");
    imports.notification_sent(&id).await.expect("noted again");
    imports.release_notification(&id).await.expect("what was sent stays so");
    assert_eq!(claim(50, 60).await, NotificationClaim::Sent);
}

async fn an_import_without_chunks_has_none_open<I: Imports>(imports: &I) {
    let id = import(5);
    imports.begin(item(id.clone())).await.expect("begun");
    assert!(imports.open_chunks(&id).await.expect("read").is_empty());
    imports.seal(&id, 0).await.expect("sealed");
    assert!(imports.open_chunks(&id).await.expect("read").is_empty());
}

async fn imports_of_a_lane_take_turns<I: Imports>(imports: &I) {
    let (first, second, third) = (import(21), import(22), import(23));
    let turn = async |id: &ImportId| imports.take_turn(id, "acme#partners", time(30)).await.expect("asked");
    let leave = async |id: &ImportId| imports.leave_lane(id, "acme#partners").await.expect("left");
    let holder = async || imports.turn_of("acme#partners").await.expect("read");
    for id in [&second, &first] {
        imports.begin(item(id.clone())).await.expect("begun");
        imports.join_lane(id, "acme#partners").await.expect("joined");
        imports.join_lane(id, "acme#partners").await.expect("joined again");
    }
    let lane = imports.get(&first).await.expect("read").expect("there").lane;
    assert_eq!(lane.as_deref(), Some("acme#partners"));
    assert_eq!((turn(&second).await, holder().await), (Turn::Waiting, None));
    assert_eq!((turn(&first).await, turn(&first).await), (Turn::Taken, Turn::Taken));
    assert_eq!((turn(&second).await, holder().await), (Turn::Waiting, Some(first.clone())));
    // Another lane waits for nobody.
    imports.begin(item(third.clone())).await.expect("begun");
    imports.join_lane(&third, "acme#mailing").await.expect("joined");
    assert_eq!(imports.take_turn(&third, "acme#mailing", time(30)).await.expect("asked"), Turn::Taken);
    // Who left does not come back, however often it asks, and the next one is named until it has its turn.
    assert_eq!((leave(&first).await, leave(&first).await), (Some(second.clone()), Some(second.clone())));
    assert_eq!((turn(&first).await, turn(&second).await), (Turn::Waiting, Turn::Taken));
    assert_eq!(leave(&first).await, None);
    // An older one that comes late waits for the one that runs.
    let late = import(20);
    imports.begin(item(late.clone())).await.expect("begun");
    imports.join_lane(&late, "acme#partners").await.expect("joined");
    assert_eq!((turn(&late).await, turn(&second).await), (Turn::Waiting, Turn::Taken));
    assert_eq!((leave(&second).await, turn(&late).await), (Some(late.clone()), Turn::Taken));
    assert_eq!((leave(&late).await, holder().await), (None, None));
}
