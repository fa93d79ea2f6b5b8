//! Matching: the match keys of a row, and the one account picked among the candidates of a key.

use crate::clean::website_key;
use crate::contacts::directory::{Account, Candidates, MatchKey, by_id};
use crate::profile::compiled::Profile;
use crate::profile::raw::{KeyKind, Pick};
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::{Column, Finding};

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
}

impl<'a> Matched<'a> {
    /// The ids of the other candidates, ascending.
    pub fn others(&self) -> Vec<&'a str> {
        let others = self.candidates.iter().map(|account| account.account_id.as_str());
        let mut others: Vec<&str> = others.filter(|id| *id != self.account.account_id).collect();
        others.sort_unstable();
        others
    }
}

/// Tries the rules in order; the first key with a candidate decides. An id without an account is reported, and the
/// next rules are tried.
pub fn pick<'a>(
    profile: &Profile,
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
        if candidates.accounts.len() > 1 {
            let several = match profile.pick() {
                Pick::MostActive => Code::AccountSeveral,
                Pick::Error => Code::AccountAmbiguous,
            };
            let others: Vec<&str> = (candidates.accounts.iter())
                .filter(|other| other.account_id != account.account_id)
                .map(|other| other.account_id.as_str())
                .collect();
            let finding = Finding::on(several, &column(rule));
            findings.push(finding.arg("chosen", &account.account_id).arg("others", others.join(", ")));
        }
        return Some(Matched { account, rule, candidates: &candidates.accounts });
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
        let matched = pick(
            &profile,
            &[None, Some(&candidates)],
            RowValues::default(),
            |_| Column::new("email", 2),
            &mut findings,
        )
        .unwrap();
        assert_eq!(matched.rule, 1);
        (matched.account.account_id.clone(), matched.others().iter().map(|id| (*id).to_owned()).collect())
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
