//! The directory: entries by id, found by the keys that they have now.

use rollcall_domain::contacts::directory::{Account, MAX_CANDIDATES};
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::ports::{Directory, DirectoryItem};

use super::program;

/// Runs the suite.
pub async fn directory_contract<D: Directory>(directory: D) {
    nothing_asked_is_nothing_answered(&directory).await;
    accounts_are_found_by_their_keys(&directory).await;
    a_changed_key_stops_matching(&directory).await;
    too_many_candidates_are_said(&directory).await;
    entries_belong_to_a_program_and_a_kind(&directory).await;
    owners_with_a_key_are_told(&directory).await;
    a_load_can_be_repeated(&directory).await;
    many_are_kept_at_once(&directory).await;
    what_rows_name_is_listed(&directory).await;
}

fn owner() -> ProgramName {
    ProgramName::marketplace()
}

/// An account with keys.
pub fn account(id: &str, keys: &[&str]) -> DirectoryItem {
    let account = Account { account_id: id.to_owned(), name: format!("Company {id}"), ..Account::default() };
    let json = serde_json::to_string(&account).expect("JSON");
    DirectoryItem { id: id.to_owned(), keys: keys.iter().map(ToString::to_string).collect(), json }
}

fn entry(id: &str, keys: &[&str], json: &str) -> DirectoryItem {
    let keys = keys.iter().map(ToString::to_string).collect();
    DirectoryItem { id: id.to_owned(), keys, json: json.to_owned() }
}

async fn matched<D: Directory>(directory: &D, key: &str) -> Vec<String> {
    let found = directory.candidates(&[key.to_owned()]).await.expect("matched").remove(0);
    let mut ids: Vec<String> = found.accounts.into_iter().map(|account| account.account_id).collect();
    ids.sort();
    ids
}

async fn nothing_asked_is_nothing_answered<D: Directory>(directory: &D) {
    assert!(directory.candidates(&[]).await.expect("matched").is_empty());
    assert!(directory.find(&program("acme"), &[]).await.expect("found").is_empty());
    assert!(directory.read(&owner(), Kind::Accounts, &[]).await.expect("read").is_empty());
    directory.keep(&owner(), Kind::Accounts, &[]).await.expect("kept");
}

async fn owners_with_a_key_are_told<D: Directory>(directory: &D) {
    let owners = [program("owned-1"), owner(), program("owned-2")];
    let wanted = (Kind::Suppressions, "e:sealed");
    assert_eq!(directory.owners_with(&owners, wanted).await.expect("told"), [false; 3]);
    let suppression = entry("s1", &["e:sealed", "p:sealed"], "{\"reason\":\"gone\"}");
    for of in [&owners[1], &owners[2]] {
        directory.keep(of, Kind::Suppressions, std::slice::from_ref(&suppression)).await.expect("kept");
    }
    assert_eq!(directory.owners_with(&owners, wanted).await.expect("told"), [false, true, true]);
    assert_eq!(directory.owners_with(&owners, (Kind::Tags, "e:sealed")).await.expect("told"), [false; 3]);
    assert!(directory.owners_with(&[], wanted).await.expect("told").is_empty());
}

async fn accounts_are_found_by_their_keys<D: Directory>(directory: &D) {
    let items = [account("A1", &["e:x@a.com", "w:a.com"]), account("A2", &["e:y@a.com", "w:a.com"])];
    directory.keep(&owner(), Kind::Accounts, &items).await.expect("kept");
    let keys = ["w:a.com", "e:none@a.com", "e:y@a.com"].map(str::to_owned);
    let found = directory.candidates(&keys).await.expect("matched");
    assert_eq!(found.iter().map(|one| one.accounts.len()).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!(found[2].accounts[0].name, "Company A2");
    let read = directory.read(&owner(), Kind::Accounts, &["A9".to_owned(), "A1".to_owned()]).await;
    assert_eq!(read.expect("read"), [None, Some(items[0].clone())]);
}

async fn a_changed_key_stops_matching<D: Directory>(directory: &D) {
    let keep = async |keys: &[&str]| {
        directory.keep(&owner(), Kind::Accounts, &[account("B1", keys)]).await.expect("kept");
    };
    keep(&["e:old@b.com", "p:+1"]).await;
    keep(&["e:new@b.com", "p:+1"]).await;
    assert!(matched(directory, "e:old@b.com").await.is_empty());
    assert_eq!(matched(directory, "e:new@b.com").await, ["B1"]);
    assert_eq!(matched(directory, "p:+1").await, ["B1"]);
    keep(&["e:old@b.com"]).await;
    assert_eq!(matched(directory, "e:old@b.com").await, ["B1"]);
    assert!(matched(directory, "p:+1").await.is_empty());
}

async fn too_many_candidates_are_said<D: Directory>(directory: &D) {
    let items: Vec<_> = (0..=MAX_CANDIDATES).map(|id| account(&format!("C{id}"), &["w:many.com"])).collect();
    directory.keep(&owner(), Kind::Accounts, &items[1..]).await.expect("kept");
    let key = ["w:many.com".to_owned()];
    let found = directory.candidates(&key).await.expect("matched").remove(0);
    assert_eq!((found.accounts.len(), found.too_many), (MAX_CANDIDATES, false));
    directory.keep(&owner(), Kind::Accounts, &items[..1]).await.expect("kept");
    let found = directory.candidates(&key).await.expect("matched").remove(0);
    assert!(found.too_many && found.accounts.len() <= MAX_CANDIDATES);
}

async fn entries_belong_to_a_program_and_a_kind<D: Directory>(directory: &D) {
    let (acme, other) = (program("acme"), program("other"));
    let owners = [entry("2", &["ann"], "\"second\""), entry("1", &["ann", "x"], "\"first\"")];
    directory.keep(&acme, Kind::Owners, &owners).await.expect("kept");
    let groups = [entry("ann", &["ann"], "\"group\"")];
    directory.keep(&acme, Kind::Groups, &groups).await.expect("kept");
    let wanted = [
        (Kind::Owners, "ann".to_owned()),
        (Kind::Groups, "ann".to_owned()),
        (Kind::Tags, "ann".to_owned()),
        (Kind::Owners, "Ann".to_owned()),
    ];
    let found = directory.find(&acme, &wanted).await.expect("found");
    assert_eq!(found, [vec!["\"first\"", "\"second\""], vec!["\"group\""], vec![], vec![]]);
    let found = directory.find(&other, &wanted).await.expect("found");
    assert!(found.iter().all(Vec::is_empty));
    assert_eq!(directory.read(&other, Kind::Owners, &["1".to_owned()]).await.expect("read"), [None]);
}

async fn a_load_can_be_repeated<D: Directory>(directory: &D) {
    let acme = program("acme");
    let odd = entry("quo\"te", &["a \"b\"", ",", "ü\\"], "{\"id\":\"q\"}");
    for _ in 0..2 {
        directory.keep(&acme, Kind::Tags, std::slice::from_ref(&odd)).await.expect("kept");
    }
    for key in &odd.keys {
        let found = directory.find(&acme, &[(Kind::Tags, key.clone())]).await.expect("found");
        assert_eq!(found, [[odd.json.clone()]]);
    }
    let found = directory.find(&acme, &[(Kind::Tags, "b".to_owned())]).await.expect("found");
    assert!(found[0].is_empty());
}

async fn many_are_kept_at_once<D: Directory>(directory: &D) {
    let items: Vec<_> = (0..700).map(|id| account(&format!("D{id}"), &[&format!("e:{id}@d.com")])).collect();
    directory.keep(&owner(), Kind::Accounts, &items).await.expect("kept");
    let keys: Vec<String> = (0..1_400).map(|id| format!("e:{id}@d.com")).collect();
    let found = directory.candidates(&keys).await.expect("matched");
    assert_eq!(found.iter().map(|one| one.accounts.len()).sum::<usize>(), 700);
    assert_eq!(found[699].accounts[0].account_id, "D699");
}

/// Hints rest on it: of entries that rows name, those of a program and a kind as they are now, unless they are too many.
async fn what_rows_name_is_listed<D: Directory>(directory: &D) {
    let (acme, other) = (program("listed"), program("not-listed"));
    for kind in [Kind::Groups, Kind::Tags, Kind::Agents, Kind::Owners, Kind::Companies] {
        let named =
            |id: usize, name: &str| entry(&format!("{id}"), &[name], &format!("{{\"name\":\"{name}\"}}"));
        let items: Vec<_> = (0..300).map(|id| named(id, &format!("{kind} {id}"))).collect();
        directory.keep(&acme, kind, &items).await.expect("kept");
        directory.keep(&acme, kind, &[named(7, "another name")]).await.expect("kept");
        let mut listed = directory.list(&acme, kind, 300).await.expect("listed").expect("few enough");
        listed.sort();
        let mut expected: Vec<String> = items.iter().map(|item| item.json.clone()).collect();
        expected[7] = "{\"name\":\"another name\"}".to_owned();
        expected.sort();
        assert_eq!(listed, expected, "{kind}");
        assert_eq!(directory.list(&acme, kind, 299).await.expect("listed"), None);
        assert_eq!(directory.list(&other, kind, 10).await.expect("listed"), Some(Vec::new()));
    }
}
