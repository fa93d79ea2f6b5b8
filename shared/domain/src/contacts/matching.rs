//! Matching: the match keys of a row, and the one account picked among the candidates of a key.

use crate::clean::website_key;
use crate::contacts::directory::{Account, Candidates, MatchKey, by_id};
use crate::profile::compiled::Profile;
use crate::profile::raw::{KeyKind, Pick};
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};
use crate::types::names::ProgramName;

/// The match key of a value; `None` if the value identifies no account.
pub fn match_key(kind: KeyKind, value: &str) -> Option<MatchKey> {
    if value.is_empty() {
        return None;
    }
    let mut key = String::with_capacity(value.len() + 2);
    key.push(kind.letter());
    key.push(':');
    match kind {
        KeyKind::Website => {
            let mut site = String::new();
            website_key(value, &mut site).then(|| key.push_str(&site))?;
        }
        KeyKind::Id | KeyKind::Email | KeyKind::Phone => key.push_str(value),
    }
    Some(key)
}

/// A row's match keys, in the order of the profile's rules.
pub fn match_keys(profile: &Profile, values: RowValues<'_>) -> Vec<Option<MatchKey>> {
    profile.matching.iter().map(|(field, kind)| match_key(*kind, values.get(*field))).collect()
}

/// An account that a row matched.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    /// The picked account.
    pub account: &'a Account,
    /// The number of the rule that found it.
    pub rule: usize,
    /// All candidates of the key.
    pub candidates: &'a [Account],
    /// What of the row names an account: its id, address or phone. A website is public and names nobody.
    named: Named<'a>,
}

impl<'a> Matched<'a> {
    /// The ids of the other candidates that the program may know, ascending.
    pub fn others(&self, program: &ProgramName) -> Vec<&'a str> {
        let others = self.candidates.iter().filter(|account| account.account_id != self.account.account_id);
        let others = others.filter(|account| self.named.may_be_told(account, program));
        let mut others: Vec<&str> = others.map(|account| account.account_id.as_str()).collect();
        others.sort_unstable();
        others
    }

    /// Whether the row names the account, by more than a website.
    pub fn is_named(&self) -> bool {
        self.named.names(self.account)
    }

    /// Whether the program may know the id and the name of the account. Those of a masked account (IMP-18) only where
    /// the row names it: otherwise a list of websites would tell whom the marketplace knows.
    pub fn may_be_told(&self, program: &ProgramName) -> bool {
        self.named.may_be_told(self.account, program)
    }
}

/// The accounts that a row names by an id, an address or a phone.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    /// By the key that decided.
    all: bool,
    /// By the other keys.
    others: [Option<&'a [Account]>; KEYS],
}

/// More keys than a profile has rules for keys that name somebody.
const KEYS: usize = 8;

impl<'a> Named<'a> {
    fn by(profile: &Profile, found: &[Option<&'a Candidates>], rule: usize) -> Self {
        let names = |rule: usize| profile.matching[rule].1 != KeyKind::Website;
        let mut others = [None; KEYS];
        let naming = found.iter().enumerate().filter(|(rule, _)| names(*rule));
        let naming = naming.filter_map(|(_, candidates)| candidates.map(|found| found.accounts.as_slice()));
        others.iter_mut().zip(naming).for_each(|(place, accounts)| *place = Some(accounts));
        Self { all: names(rule), others }
    }

    fn names(&self, account: &Account) -> bool {
        self.all || self.others.iter().flatten().any(|accounts| has(accounts, &account.account_id))
    }

    fn may_be_told(&self, account: &Account, program: &ProgramName) -> bool {
        !account.is_masked_for(program) || self.names(account)
    }
}

fn has(accounts: &[Account], id: &str) -> bool {
    accounts.iter().any(|account| account.account_id == id)
}

/// Tries the rules in order; the first key with a candidate decides. An id without an account is reported, and the
/// next rules are tried.
pub fn pick<'a>(
    profile: &Profile,
    program: &ProgramName,
    found: &[Option<&'a Candidates>],
    values: RowValues<'_>,
    column: impl Fn(usize) -> Column,
    findings: &mut Vec<Finding>,
) -> Option<Matched<'a>> {
    for (rule, candidates) in found.iter().enumerate() {
        let Some(candidates) = candidates else { continue };
        let (field, kind) = profile.matching[rule];
        if kind == KeyKind::Id && candidates.accounts.is_empty() && !candidates.too_many {
            findings.push(Finding::on(Code::AccountUnknown, &column(rule)).value(values.get(field)));
        }
        if candidates.too_many {
            let limit = crate::contacts::directory::MAX_CANDIDATES;
            findings.push(Finding::on(Code::CandidatesTooMany, &column(rule)).arg("limit", limit));
            continue;
        }
        let Some(account) = candidates.accounts.iter().min_by(|a, b| by_activity(a, b)) else { continue };
        let named = Named::by(profile, found, rule);
        if candidates.accounts.len() > 1 {
            let several = match profile.pick() {
                Pick::MostActive => Code::AccountSeveral,
                Pick::Error => Code::AccountAmbiguous,
            };
            let others: Vec<&str> = (candidates.accounts.iter())
                .filter(|other| other.account_id != account.account_id && named.may_be_told(other, program))
                .map(|other| other.account_id.as_str())
                .collect();
            let mut finding = Finding::on(several, &column(rule));
            if named.may_be_told(account, program) {
                finding = finding.arg("chosen", &account.account_id);
            }
            if !others.is_empty() {
                finding = finding.arg("others", others.join(", "));
            }
            findings.push(finding);
        }
        return Some(Matched { account, rule, candidates: &candidates.accounts, named });
    }
    None
}

/// Orders by activity, then the older, then the lower id (IMP-15).
fn by_activity(a: &Account, b: &Account) -> std::cmp::Ordering {
    // An unknown age counts as youngest.
    let age = |account: &Account| (account.created_at.is_empty(), account.created_at.clone());
    b.activity
        .total_cmp(&a.activity)
        .then_with(|| age(a).cmp(&age(b)))
        .then_with(|| by_id(&a.account_id, &b.account_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, activity: f64, created_at: &str) -> Account {
        Account { account_id: id.into(), activity, created_at: created_at.into(), ..Account::default() }
    }

    fn picked(accounts: Vec<Account>) -> (String, Vec<String>) {
        let profile = Profile::built_in("prospects").unwrap();
        let candidates = Candidates { accounts, too_many: false };
        let mut findings = Vec::new();
        let program = ProgramName::parse("acme").unwrap();
        let matched = pick(
            &profile,
            &program,
            &[None, Some(&candidates)],
            RowValues::default(),
            |_| Column::new("email", 2),
            &mut findings,
        )
        .unwrap();
        assert_eq!(matched.rule, 1);
        (
            matched.account.account_id.clone(),
            matched.others(&program).iter().map(|id| (*id).to_owned()).collect(),
        )
    }

    #[test]
    fn imp_15_the_most_active_then_the_older_then_the_lower_id() {
        let day = "2020-01-02";
        for (accounts, id) in [
            (vec![account("a", 1.0, day), account("b", 2.0, day)], "b"),
            (vec![account("a", 1.0, day), account("b", 1.0, "2019-05-05")], "b"),
            (vec![account("b", 1.0, day), account("a", 1.0, day)], "a"),
            (vec![account("a", 1.0, ""), account("b", 1.0, day)], "b"),
            (vec![account("10", 1.0, day), account("9", 1.0, day)], "9"),
        ] {
            let (picked, others) = picked(accounts);
            assert_eq!((picked.as_str(), others.len()), (id, 1));
        }
    }
}
