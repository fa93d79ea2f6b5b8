//! The contacts: read as they were before an import, kept so that order and repetition do not matter.

use rollcall_domain::types::id::ContactId;
use rollcall_pipeline::ports::{
    ContactListing, ContactState, ContactWrite, Contacts, Pool, UndoChange, UndoWrite, Wanted,
};

use super::{import, program};

/// Runs the suite.
pub async fn contacts_contract<C: Contacts>(contacts: C) {
    nothing_asked_is_nothing_answered(&contacts).await;
    what_is_kept_is_there_for_the_next(&contacts).await;
    pools_and_programs_are_apart(&contacts).await;
    keeping_again_changes_nothing(&contacts).await;
    a_known_contact_changes(&contacts).await;
    the_lowest_row_of_an_identity_stays(&contacts).await;
    an_unchanged_lowest_row_leaves_the_contact_as_it_is(&contacts).await;
    an_unchanged_lowest_row_brings_the_record_back(&contacts).await;
    a_newer_import_is_not_overwritten(&contacts).await;
    memberships_are_added(&contacts).await;
    below_the_floor_nothing_is(&contacts).await;
    many_are_kept_at_once(&contacts).await;
    a_pool_is_listed_in_the_order_of_ids(&contacts).await;
    a_write_is_undone_once(&contacts).await;
    memberships_are_undone_where_the_import_added_them(&contacts).await;
    a_cutoff_goes_back_to_where_it_was(&contacts).await;
}

fn pool(name: &str) -> Pool {
    Pool { program: program("acme"), pool: name.to_owned() }
}

/// A contact of a pool.
pub fn contact(pool: &Pool, identity: &str) -> ContactId {
    ContactId::derive(pool.program.as_str(), &pool.pool, identity)
}

/// A row alone in its identity, new to the pool.
pub fn fresh(pool: &Pool, identity: &str, row: u64, record: &'static str) -> ContactWrite<'static> {
    ContactWrite {
        contact_id: contact(pool, identity),
        row,
        repeated: false,
        known: false,
        record: Some(record),
        before: None,
        groups: &[],
    }
}

/// A record with a number in it, for as long as the tests run.
fn numbered(number: u64) -> &'static str {
    format!("{{\"n\":{number}}}").leak()
}

async fn keep<C: Contacts>(contacts: &C, pool: &Pool, number: i64, chunk: u32, records: &[ContactWrite<'_>]) {
    contacts.keep(pool, &import(number), chunk, records).await.expect("kept");
}

async fn end_import<C: Contacts>(contacts: &C, pool: &Pool, number: i64) {
    contacts.end_import(pool, &import(number)).await.expect("settled");
}

async fn record<C: Contacts>(contacts: &C, pool: &Pool, number: i64, identity: &str) -> Option<String> {
    let wanted = [Wanted::Contact(contact(pool, identity))];
    contacts
        .read(pool, &import(number), &wanted)
        .await
        .expect("read")
        .remove(0)
        .filter(|earlier| earlier.stands)
        .map(|earlier| earlier.record)
}

async fn is_member<C: Contacts>(contacts: &C, pool: &Pool, number: i64, identity: &str, group: &str) -> bool {
    let wanted = [Wanted::Membership(contact(pool, identity), group.to_owned())];
    contacts.read(pool, &import(number), &wanted).await.expect("read").remove(0).is_some()
}

async fn nothing_asked_is_nothing_answered<C: Contacts>(contacts: &C) {
    let pool = pool("nothing");
    assert!(contacts.read(&pool, &import(1), &[]).await.expect("read").is_empty());
    contacts.keep(&pool, &import(1), 0, &[]).await.expect("kept");
    end_import(contacts, &pool, 1).await;
    assert_eq!(record(contacts, &pool, 2, "a").await, None);
}

async fn what_is_kept_is_there_for_the_next<C: Contacts>(contacts: &C) {
    let pool = pool("kept");
    let row = ContactWrite { groups: &["vip".to_owned()], ..fresh(&pool, "a", 1, "{\"n\":1}") };
    keep(contacts, &pool, 1, 0, &[row]).await;
    assert_eq!(record(contacts, &pool, 1, "a").await, None, "an import sees nothing of its own");
    assert!(!is_member(contacts, &pool, 1, "a", "vip").await);
    end_import(contacts, &pool, 1).await;
    let a = contact(&pool, "a");
    let wanted = [
        Wanted::Membership(a, "other".to_owned()),
        Wanted::Contact(contact(&pool, "b")),
        Wanted::Membership(a, "vip".to_owned()),
        Wanted::Contact(a),
    ];
    let read = contacts.read(&pool, &import(2), &wanted).await.expect("read");
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true, true]);
    assert_eq!(read[3].as_ref().map(|one| one.record.as_str()), Some("{\"n\":1}"));
    assert_eq!(read[3].as_ref().map(|one| one.import_id.as_str()), Some(import(1).as_str()));
}

async fn pools_and_programs_are_apart<C: Contacts>(contacts: &C) {
    let one = pool("apart");
    keep(contacts, &one, 1, 0, &[fresh(&one, "a", 1, "{}")]).await;
    let wanted = [Wanted::Contact(contact(&one, "a"))];
    let others = [pool("apart-too"), Pool { program: program("other"), pool: one.pool.clone() }];
    for other in others {
        assert_eq!(contacts.read(&other, &import(2), &wanted).await.expect("read"), [None]);
    }
}

async fn keeping_again_changes_nothing<C: Contacts>(contacts: &C) {
    let pool = pool("again");
    let first = fresh(&pool, "a", 1, "{\"n\":1}");
    let known = ContactWrite { known: true, ..fresh(&pool, "a", 1, "{\"n\":2}") };
    keep(contacts, &pool, 1, 0, std::slice::from_ref(&first)).await;
    keep(contacts, &pool, 1, 0, std::slice::from_ref(&first)).await;
    end_import(contacts, &pool, 1).await;
    keep(contacts, &pool, 2, 0, std::slice::from_ref(&known)).await;
    keep(contacts, &pool, 2, 0, &[known]).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(record(contacts, &pool, 3, "a").await.as_deref(), Some("{\"n\":2}"));
}

async fn a_known_contact_changes<C: Contacts>(contacts: &C) {
    let pool = pool("known");
    let rows = [fresh(&pool, "a", 1, "{\"n\":1}"), fresh(&pool, "b", 2, "{\"n\":1}")];
    keep(contacts, &pool, 1, 0, &rows).await;
    end_import(contacts, &pool, 1).await;
    let unchanged = ContactWrite { known: true, record: None, ..rows[1] };
    let changed = ContactWrite { known: true, record: Some("{\"n\":2}"), ..rows[0] };
    keep(contacts, &pool, 2, 0, &[changed, unchanged]).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(record(contacts, &pool, 3, "a").await.as_deref(), Some("{\"n\":2}"));
    assert_eq!(record(contacts, &pool, 3, "b").await.as_deref(), Some("{\"n\":1}"));
}

fn repeated(
    pool: &Pool,
    identity: &str,
    row: u64,
    record: Option<&'static str>,
    known: bool,
) -> ContactWrite<'static> {
    ContactWrite { repeated: true, known, record, ..fresh(pool, identity, row, "") }
}

async fn the_lowest_row_of_an_identity_stays<C: Contacts>(contacts: &C) {
    let pool = pool("repeated");
    keep(contacts, &pool, 1, 0, &[fresh(&pool, "known", 1, "{\"n\":0}")]).await;
    end_import(contacts, &pool, 1).await;
    for (identity, known, before) in [("new", false, None), ("known", true, Some("{\"n\":0}"))] {
        let chunk = u32::from(known) * 10;
        let row = |row: u64| repeated(&pool, identity, row, Some(numbered(row)), known);
        keep(contacts, &pool, 2, chunk + 1, &[row(5), row(7)]).await;
        assert_eq!(record(contacts, &pool, 2, identity).await.as_deref(), before);
        keep(contacts, &pool, 2, chunk, &[row(3), row(4)]).await;
        keep(contacts, &pool, 2, chunk + 2, &[row(9)]).await;
        keep(contacts, &pool, 2, chunk + 1, &[row(5), row(7)]).await;
        assert_eq!(record(contacts, &pool, 2, identity).await.as_deref(), before);
        assert_eq!(record(contacts, &pool, 3, identity).await.as_deref(), Some("{\"n\":3}"));
    }
    end_import(contacts, &pool, 2).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(record(contacts, &pool, 3, "known").await.as_deref(), Some("{\"n\":3}"));
}

async fn an_unchanged_lowest_row_brings_the_record_back<C: Contacts>(contacts: &C) {
    let pool = pool("unchanged");
    keep(contacts, &pool, 1, 0, &[fresh(&pool, "a", 1, "{\"n\":0}")]).await;
    end_import(contacts, &pool, 1).await;
    keep(contacts, &pool, 2, 1, &[repeated(&pool, "a", 5, Some("{\"n\":5}"), true)]).await;
    keep(contacts, &pool, 2, 0, &[repeated(&pool, "a", 2, None, true)]).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(record(contacts, &pool, 3, "a").await.as_deref(), Some("{\"n\":0}"));
}

/// Neither the record nor the last import changes, in whatever order the rows come.
async fn an_unchanged_lowest_row_leaves_the_contact_as_it_is<C: Contacts>(contacts: &C) {
    let pool = pool("claimed");
    let identities = ["first", "last", "between", "alone"];
    let rows = [1, 2, 3, 4].into_iter().zip(identities);
    let rows: Vec<_> = rows.map(|(row, identity)| fresh(&pool, identity, row, "{\"n\":0}")).collect();
    keep(contacts, &pool, 1, 0, &rows).await;
    end_import(contacts, &pool, 1).await;
    let left = |identity| repeated(&pool, identity, 12, None, true);
    let higher = |identity, row: u64| repeated(&pool, identity, row, Some(numbered(row - 12)), true);
    keep(contacts, &pool, 2, 3, &[left("first")]).await;
    keep(contacts, &pool, 2, 4, &[higher("first", 15), higher("last", 15), higher("between", 15)]).await;
    keep(contacts, &pool, 2, 5, &[left("last"), left("between"), left("alone")]).await;
    keep(contacts, &pool, 2, 6, &[higher("between", 17), higher("first", 17)]).await;
    let nobody = repeated(&pool, "nobody", 13, None, true);
    keep(contacts, &pool, 2, 7, &[repeated(&pool, "alone", 14, None, true), nobody]).await;
    keep(contacts, &pool, 2, 3, &[left("first")]).await;
    for identity in identities {
        for ended in [false, true] {
            assert_eq!(
                record(contacts, &pool, 2, identity).await.as_deref(),
                Some("{\"n\":0}"),
                "{identity}"
            );
            let state = now(contacts, &pool, identity).await.expect("it is there");
            assert_eq!(state.record.as_deref(), Some("{\"n\":0}"), "{identity} {ended}");
            assert_eq!(state.import_id, import(1), "{identity} {ended}");
            if ended {
                end_import(contacts, &pool, 2).await;
            }
        }
    }
    assert_eq!(now(contacts, &pool, "nobody").await, None);
    // A lower row that changes it, and one of a later import, are stored.
    keep(contacts, &pool, 3, 0, &[repeated(&pool, "alone", 9, None, true)]).await;
    keep(contacts, &pool, 3, 1, &[repeated(&pool, "alone", 3, Some("{\"n\":3}"), true)]).await;
    end_import(contacts, &pool, 3).await;
    keep(contacts, &pool, 4, 0, &[repeated(&pool, "first", 20, Some("{\"n\":4}"), true)]).await;
    assert_eq!(record(contacts, &pool, 5, "alone").await.as_deref(), Some("{\"n\":3}"));
    assert_eq!(record(contacts, &pool, 5, "first").await.as_deref(), Some("{\"n\":4}"));
}

async fn a_newer_import_is_not_overwritten<C: Contacts>(contacts: &C) {
    let pool = pool("newer");
    keep(contacts, &pool, 5, 0, &[fresh(&pool, "a", 9, "{\"n\":5}")]).await;
    keep(contacts, &pool, 4, 0, &[repeated(&pool, "a", 1, Some("{\"n\":4}"), false)]).await;
    assert_eq!(record(contacts, &pool, 6, "a").await.as_deref(), Some("{\"n\":5}"));
}

async fn memberships_are_added<C: Contacts>(contacts: &C) {
    let pool = pool("members");
    let row = fresh(&pool, "a", 1, "{}");
    keep(contacts, &pool, 1, 0, &[ContactWrite { groups: &["one".to_owned()], ..row }]).await;
    end_import(contacts, &pool, 1).await;
    let groups = &["two".to_owned(), "drei \"3\"".to_owned()];
    keep(contacts, &pool, 2, 0, &[ContactWrite { known: true, record: None, groups, ..row }]).await;
    assert!(is_member(contacts, &pool, 2, "a", "one").await);
    assert!(!is_member(contacts, &pool, 2, "a", "two").await);
    end_import(contacts, &pool, 2).await;
    for group in ["one", "two", "drei \"3\""] {
        assert!(is_member(contacts, &pool, 3, "a", group).await, "{group}");
    }
    assert!(!is_member(contacts, &pool, 3, "b", "one").await);
}

async fn below_the_floor_nothing_is<C: Contacts>(contacts: &C) {
    let pool = pool("floor");
    let old = ContactWrite { groups: &["one".to_owned()], ..fresh(&pool, "old", 1, "{\"n\":1}") };
    let both = ContactWrite { groups: &["one".to_owned()], ..fresh(&pool, "both", 2, "{\"n\":1}") };
    keep(contacts, &pool, 1, 0, &[old, both]).await;
    end_import(contacts, &pool, 1).await;
    keep(contacts, &pool, 2, 0, &[ContactWrite { known: true, ..fresh(&pool, "both", 1, "{\"n\":2}") }])
        .await;
    for number in [2, 1] {
        contacts.raise_cutoff(&pool, &import(number)).await.expect("raised");
    }
    end_import(contacts, &pool, 2).await;
    assert_eq!(record(contacts, &pool, 3, "old").await, None);
    assert!(!is_member(contacts, &pool, 3, "old", "one").await);
    assert_eq!(record(contacts, &pool, 3, "both").await.as_deref(), Some("{\"n\":2}"));
    // An undo finds what is below the cutoff.
    let wanted = [Wanted::Contact(contact(&pool, "old"))];
    let below =
        contacts.read(&pool, &import(3), &wanted).await.expect("read").remove(0).expect("it is stored");
    assert_eq!(
        (below.stands, below.record.as_str(), below.import_id.as_str()),
        (false, "{\"n\":1}", import(1).as_str())
    );
    let again = ContactWrite { record: Some("{\"n\":3}"), groups: &["two".to_owned()], ..old };
    keep(contacts, &pool, 3, 0, &[again]).await;
    assert_eq!(record(contacts, &pool, 3, "old").await, None);
    end_import(contacts, &pool, 3).await;
    assert_eq!(record(contacts, &pool, 4, "old").await.as_deref(), Some("{\"n\":3}"));
    assert!(is_member(contacts, &pool, 4, "old", "two").await);
    assert!(!is_member(contacts, &pool, 4, "old", "one").await);
}

async fn many_are_kept_at_once<C: Contacts>(contacts: &C) {
    let pool = pool("many");
    let rows: Vec<ContactWrite> =
        (1..=700).map(|row| fresh(&pool, &row.to_string(), row, numbered(row))).collect();
    keep(contacts, &pool, 1, 0, &rows).await;
    end_import(contacts, &pool, 1).await;
    let wanted: Vec<Wanted> =
        (1..=1_400).rev().map(|row: u64| Wanted::Contact(contact(&pool, &row.to_string()))).collect();
    let read = contacts.read(&pool, &import(2), &wanted).await.expect("read");
    assert_eq!(read.iter().flatten().count(), 700);
    assert_eq!(read[1_399].as_ref().map(|one| one.record.as_str()), Some("{\"n\":1}"));
}

async fn listed<C: Contacts>(contacts: &C, pool: &Pool, number: i64) -> Vec<(ContactId, String)> {
    let mut listing = contacts.list(pool, &import(number)).await.expect("listed");
    let mut all = Vec::new();
    loop {
        let page = listing.next().await.expect("a page");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn a_pool_is_listed_in_the_order_of_ids<C: Contacts>(contacts: &C) {
    let pool = pool("listed");
    assert!(listed(contacts, &pool, 1).await.is_empty());
    let rows: Vec<ContactWrite> =
        (1..=700).map(|row| fresh(&pool, &row.to_string(), row, numbered(row))).collect();
    let old = ContactWrite { groups: &["one".to_owned()], ..fresh(&pool, "old", 1, "{}") };
    keep(contacts, &pool, 1, 0, &[old]).await;
    end_import(contacts, &pool, 1).await;
    keep(contacts, &pool, 2, 0, &rows).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(listed(contacts, &pool, 3).await.len(), 701);
    assert_eq!(contacts.cutoff(&pool).await.expect("read"), None);
    contacts.raise_cutoff(&pool, &import(2)).await.expect("raised");
    assert_eq!(contacts.cutoff(&pool).await.expect("read"), Some(import(2)));
    let all = listed(contacts, &pool, 3).await;
    assert_eq!(all.len(), 700);
    assert!(all.is_sorted_by_key(|(id, _)| id.to_string()));
    let first = all.iter().find(|(id, _)| *id == contact(&pool, "1")).expect("it is there");
    assert_eq!(first.1, "{\"n\":1}");
    // What the import itself writes was not there before.
    keep(contacts, &pool, 4, 0, &[repeated(&pool, "1", 1, Some("{\"n\":9}"), true)]).await;
    keep(contacts, &pool, 4, 1, &[fresh(&pool, "new", 2, "{}")]).await;
    assert_eq!(listed(contacts, &pool, 4).await, all);
}

async fn now<C: Contacts>(contacts: &C, pool: &Pool, identity: &str) -> Option<ContactState> {
    let other = contact(pool, "nobody");
    let mut states = contacts.now(pool, &[other, contact(pool, identity)]).await.expect("read");
    assert_eq!((states.len(), &states[0]), (2, &None));
    states.remove(1)
}

fn undo_write(pool: &Pool, identity: &str, expected: i64, change: UndoChange) -> UndoWrite {
    UndoWrite { contact_id: contact(pool, identity), expected: import(expected), change, leaves: Vec::new() }
}

async fn a_write_is_undone_once<C: Contacts>(contacts: &C) {
    let pool = pool("undone");
    let known = fresh(&pool, "known", 1, "{\"n\":1}");
    keep(contacts, &pool, 1, 0, &[known]).await;
    end_import(contacts, &pool, 1).await;
    let changed = ContactWrite { known: true, record: Some("{\"n\":2}"), ..known };
    keep(contacts, &pool, 2, 0, &[changed, fresh(&pool, "new", 2, "{\"n\":2}")]).await;
    end_import(contacts, &pool, 2).await;
    assert_eq!(now(contacts, &pool, "known").await.expect("it is there").import_id, import(2));
    let change = UndoChange::Restore { record: "{\"n\":1}".to_owned(), import_id: Some(import(1)) };
    let restore = undo_write(&pool, "known", 2, change);
    let remove = undo_write(&pool, "new", 2, UndoChange::Remove);
    contacts.undo(&pool, &import(2), &[]).await.expect("undone");
    for _ in 0..2 {
        contacts.undo(&pool, &import(2), &[restore.clone(), remove.clone()]).await.expect("undone");
    }
    let state = now(contacts, &pool, "known").await.expect("it is there");
    assert_eq!((state.record.as_deref(), state.import_id), (Some("{\"n\":1}"), import(1)));
    assert_eq!(now(contacts, &pool, "new").await, None);
    // What a newer import wrote meanwhile is not what was to be undone.
    let later = ContactWrite { record: Some("{\"n\":3}"), ..changed };
    keep(contacts, &pool, 3, 0, &[later, fresh(&pool, "new", 2, "{\"n\":3}")]).await;
    end_import(contacts, &pool, 3).await;
    contacts.undo(&pool, &import(2), &[restore, remove]).await.expect("undone");
    for identity in ["known", "new"] {
        assert_eq!(record(contacts, &pool, 4, identity).await.as_deref(), Some("{\"n\":3}"));
    }
}

async fn memberships_are_undone_where_the_import_added_them<C: Contacts>(contacts: &C) {
    let pool = pool("left");
    let row = fresh(&pool, "a", 1, "{}");
    keep(contacts, &pool, 1, 0, &[ContactWrite { groups: &["one".to_owned()], ..row }]).await;
    end_import(contacts, &pool, 1).await;
    let groups = &["two".to_owned(), "drei \"3\"".to_owned()];
    keep(contacts, &pool, 2, 0, &[ContactWrite { known: true, record: None, groups, ..row }]).await;
    end_import(contacts, &pool, 2).await;
    let state = now(contacts, &pool, "a").await.expect("it is there");
    let by: Vec<(&str, bool)> =
        state.groups.iter().map(|(group, by)| (group.as_str(), *by == import(1))).collect();
    assert_eq!(by, [("drei \"3\"", false), ("one", true), ("two", false)]);
    let leaves = vec!["one".to_owned(), "two".to_owned(), "drei \"3\"".to_owned()];
    let write = UndoWrite { leaves, ..undo_write(&pool, "a", 1, UndoChange::None) };
    for _ in 0..2 {
        contacts.undo(&pool, &import(2), std::slice::from_ref(&write)).await.expect("undone");
    }
    let state = now(contacts, &pool, "a").await.expect("it is there");
    assert_eq!(state.groups.into_keys().collect::<Vec<_>>(), ["one"]);
    assert!(!is_member(contacts, &pool, 3, "a", "two").await);
}

async fn a_cutoff_goes_back_to_where_it_was<C: Contacts>(contacts: &C) {
    let pool = pool("lowered");
    keep(contacts, &pool, 1, 0, &[fresh(&pool, "a", 1, "{}")]).await;
    keep(contacts, &pool, 2, 0, &[fresh(&pool, "b", 1, "{}")]).await;
    contacts.raise_cutoff(&pool, &import(2)).await.expect("raised");
    keep(contacts, &pool, 3, 0, &[fresh(&pool, "c", 1, "{}")]).await;
    contacts.raise_cutoff(&pool, &import(3)).await.expect("raised");
    let stand = |state: Option<ContactState>| state.map(|state| state.stands);
    assert_eq!(stand(now(contacts, &pool, "b").await), Some(false));
    for (from, to) in [(2, None), (3, Some(2)), (3, Some(2))] {
        let to = to.map(import);
        contacts.lower_cutoff(&pool, &import(from), to.as_ref()).await.expect("lowered");
    }
    assert_eq!(contacts.cutoff(&pool).await.expect("read"), Some(import(2)));
    assert_eq!(stand(now(contacts, &pool, "b").await), Some(true));
    assert_eq!(stand(now(contacts, &pool, "a").await), Some(false));
    contacts.lower_cutoff(&pool, &import(2), None).await.expect("lowered");
    assert_eq!(record(contacts, &pool, 4, "a").await.as_deref(), Some("{}"));
}
