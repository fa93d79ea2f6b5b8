//! Lines IMP-25 to IMP-30: workflows, partners that come over at once, sign-ups.

use rollcall_tests::test_host::TestHost;
use serde_json::Value;

const ACCOUNTS: &str = "account_id,name,email,partner_of\n\
    a1,Globex,desk@globex.example,\na2,Initech,boss@initech.example,other\na3,Hooli,,\n";
const GROUPS: &str = "name,workflow,accept,invite\nMarket,welcome,,marketplace\nCustom,welcome,,custom\n\
    Plain,welcome,,\nIdle,,,marketplace\nJoin,hello,on_sign_up,\nMove,move,at_once,marketplace\n";

fn host() -> TestHost {
    let host = TestHost::with_acme();
    host.directory("", "accounts", ACCOUNTS);
    host.directory("acme", "groups", GROUPS);
    host
}

/// The one membership of a contact.
fn membership(host: &TestHost, address: &str) -> Value {
    let contact = host.contact_of(address);
    assert_eq!(contact["memberships"].as_array().unwrap().len(), 1, "{contact}");
    contact["memberships"][0].clone()
}

#[test]
fn imp_25_the_workflow_says_where_the_invitation_goes() {
    for profile in ["prospects", "partners"] {
        for (group, account, to) in [
            ("Market", "a1", "desk@globex.example"),
            // A masked account is reached through the custom contact (IMP-19).
            ("Market", "a2", "x@mail.example"),
            ("Market", "a3", "x@mail.example"),
            ("Market", "", "x@mail.example"),
            ("Custom", "a1", "x@mail.example"),
            ("Plain", "a1", "x@mail.example"),
            ("Idle", "a1", "x@mail.example"),
            ("Move", "a1", "desk@globex.example"),
        ] {
            let host = host();
            let file = format!("Name,E-mail,Group,Account ID\nX,x@mail.example,{group},{account}\n");
            let imported = host.import(profile, file);
            assert_eq!(
                imported.succeeded_rows()[0]["rollcall_invite_to"],
                to,
                "{profile}: {group}, {account}"
            );
            assert_eq!(membership(&host, "x@mail.example")["invite_to"], to, "{profile}: {group}, {account}");
        }
    }
}

/// Loads a sign-up that bears a contact's invitation.
fn sign_up(host: &TestHost, contact: &str, account: &str, email: &str) {
    let token = host.contact_of(contact)["invitation"].as_str().unwrap().to_owned();
    let file = format!("account_id,name,email,invitation\n{account},Somebody,{email},{token}\n");
    host.directory("acme", "sign-ups", &file);
}

#[test]
fn imp_26_a_group_takes_its_prospects_when_they_sign_up() {
    let host = host();
    host.import("prospects", "Name,E-mail,Group\nX,x@mail.example,Join\nY,y@mail.example,Plain\n");
    for (address, after) in [("x@mail.example", "partner"), ("y@mail.example", "prospect")] {
        assert_eq!(host.contact_of(address)["status"], "prospect");
        sign_up(&host, address, &format!("n-{address}"), address);
        assert_eq!(host.contact_of(address)["status"], after, "{address}");
    }
}

#[test]
fn imp_27_a_group_takes_partners_of_other_platforms_at_once() {
    let host = host();
    let imported =
        host.import("partners", "Name,E-mail,Group\nX,x@mail.example,Move\nY,y@mail.example,Plain\n");
    assert_eq!(imported.summary.rows.created, 2);
    assert_eq!(host.contact_of("x@mail.example")["status"], "partner");
    assert_eq!(host.contact_of("y@mail.example")["status"], "prospect");
}

#[test]
fn imp_27_a_partner_needs_a_group() {
    let host = host();
    assert_eq!(host.import("partners", "Name,E-mail\nX,x@mail.example\n").file_codes(), ["column_missing"]);
    let imported = host.import("partners", "Name,E-mail,Group\nX,x@mail.example,\n");
    assert_eq!(imported.errors(), [(1, "group:required_missing".to_owned())]);
}

#[test]
fn imp_27_a_prospect_that_moves_is_the_same_contact() {
    let host = host();
    host.import("prospects", "Name,E-mail,Group\nX,x@mail.example,Plain\n");
    let imported = host.import("partners", "Name,E-mail,Group\nX,x@mail.example,Move\n");
    assert_eq!(imported.summary.rows.updated, 1);
    let contacts = host.read_contacts();
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0]["groups"], serde_json::json!(["Move", "Plain"]));
    assert_eq!((&contacts[0]["profile"], &contacts[0]["status"]), (&"partners".into(), &"partner".into()));
}

#[test]
fn imp_28_the_record_says_which_workflow_applies() {
    let host = host();
    host.import("partners", "Name,E-mail,Group\nX,x@mail.example,Move\nY,y@mail.example,Idle\n");
    let moved = membership(&host, "x@mail.example");
    assert_eq!(
        (&moved["group"], &moved["workflow"], &moved["accept"]),
        (&"Move".into(), &"move".into(), &"at_once".into())
    );
    assert_eq!(membership(&host, "y@mail.example")["workflow"], "");
}

#[test]
fn imp_29_each_prospect_has_a_token_that_the_file_does_not_give_away() {
    let (one, other) = (host(), host());
    for host in [&one, &other] {
        host.import("prospects", "Name,E-mail\nX,x@mail.example\nY,y@mail.example\n");
    }
    let token =
        |host: &TestHost, address: &str| host.contact_of(address)["invitation"].as_str().unwrap().to_owned();
    let (x, y) = (token(&one, "x@mail.example"), token(&one, "y@mail.example"));
    assert!(x.len() >= 26 && x != y);
    assert_ne!(x, token(&other, "x@mail.example"), "another installation has another secret");
    assert_eq!(
        one.contact_of("x@mail.example")["contact_id"],
        other.contact_of("x@mail.example")["contact_id"]
    );
    one.import("prospects", "Name,E-mail\nX Y,x@mail.example\n");
    assert_eq!(x, token(&one, "x@mail.example"));
}

#[test]
fn imp_29_somebody_else_with_a_shared_invitation_is_not_linked() {
    for (account, email, status) in [
        ("n1", "x@mail.example", "partner"),
        ("n1", "X@Mail.example", "partner"),
        ("n1", "friend@mail.example", "prospect"),
        ("n1", "", "prospect"),
        ("a2", "friend@mail.example", "partner"),
        ("a1", "friend@mail.example", "prospect"),
    ] {
        let host = host();
        host.import("prospects", "Name,E-mail,Group,Account ID\nX,x@mail.example,Join,a2\n");
        sign_up(&host, "x@mail.example", account, email);
        assert_eq!(host.contact_of("x@mail.example")["status"], status, "{account}, {email}");
    }
}

#[test]
fn imp_29_a_token_that_nobody_has_links_nobody() {
    let host = host();
    host.import("prospects", "Name,E-mail,Group\nX,x@mail.example,Join\n");
    let before = host.read_contacts();
    host.directory("acme", "sign-ups", "account_id,name,email,invitation\nn1,X,x@mail.example,nonsense\n");
    assert_eq!(host.read_contacts(), before);
}

#[test]
fn imp_30_a_workflow_tied_to_a_group_later_holds_for_who_is_in_it() {
    let host = host();
    host.import("prospects", "Name,E-mail,Group,Account ID\nX,x@mail.example,Idle,a1\n");
    assert_eq!(membership(&host, "x@mail.example")["invite_to"], "x@mail.example");
    host.directory("acme", "groups", "name,workflow,accept,invite\nIdle,late,at_once,marketplace\n");
    let after = membership(&host, "x@mail.example");
    assert_eq!((&after["workflow"], &after["invite_to"]), (&"late".into(), &"desk@globex.example".into()));
    assert_eq!(host.contact_of("x@mail.example")["status"], "partner");
    host.directory("acme", "groups", "name,workflow,accept,invite\nIdle,,,\n");
    let removed = membership(&host, "x@mail.example");
    assert_eq!((&removed["workflow"], &removed["invite_to"]), (&"".into(), &"x@mail.example".into()));
    assert_eq!(host.contact_of("x@mail.example")["status"], "prospect");
}
