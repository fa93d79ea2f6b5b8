//! Masking (IMP-18): this file alone decides how a program sees an account's address.

use std::borrow::Cow;

use crate::contacts::directory::Account;
use crate::types::names::ProgramName;

/// The account's address as this program may see it. `joined`: the account itself has joined the program by a sign-up
/// with its invitation, and a group of its contact accepts it. The directory may not list this partnership yet.
pub fn account_email(account: &Account, program: &ProgramName, joined: bool) -> String {
    if account.is_masked_for(program) && !joined { mask(&account.email) } else { account.email.clone() }
}

/// The account's address for an invitation: `None` if it is hidden, because a masked address reaches nobody (IMP-19).
pub fn invitable<'a>(account: &'a Account, program: &ProgramName, joined: bool) -> Option<&'a str> {
    let hidden = account.email.is_empty() || (account.is_masked_for(program) && !joined);
    (!hidden).then_some(&*account.email)
}

/// The account's name as this program may see it: a name that contains a hidden address is hidden too.
pub fn account_name<'a>(account: &'a Account, program: &ProgramName, joined: bool) -> Cow<'a, str> {
    let says_it =
        || !account.email.is_empty() && account.name.to_lowercase().contains(&account.email.to_lowercase());
    if account.is_masked_for(program) && !joined && says_it() {
        mask(&account.email).into()
    } else {
        account.name.as_str().into()
    }
}

/// Masks an address: its first letter and the last label of its domain remain.
fn mask(email: &str) -> String {
    let Some((local, domain)) = email.split_once('@') else { return String::new() };
    let first: String = local.chars().take(1).collect();
    let last = domain.rsplit('.').next().unwrap_or_default();
    format!("{first}***@***.{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imp_18_a_direct_partner_of_another_program_is_masked() {
        let acme = ProgramName::parse("acme").unwrap();
        for (partner_of, shown) in [
            (&[][..], "ann@partner.example"),
            (&["acme"], "ann@partner.example"),
            (&["other"], "a***@***.example"),
            (&["other", "other"], "a***@***.example"),
            (&["other", "acme"], "ann@partner.example"),
            (&["other", "third"], "ann@partner.example"),
        ] {
            let account = Account {
                email: "ann@partner.example".into(),
                partner_of: partner_of.iter().map(|name| (*name).to_owned()).collect(),
                ..Account::default()
            };
            assert_eq!(account_email(&account, &acme, false), shown, "{partner_of:?}");
            assert_eq!(account_email(&account, &acme, true), "ann@partner.example");
            let reached = invitable(&account, &acme, false);
            assert_eq!(reached, Some(shown).filter(|shown| !shown.contains('*')), "imp_19 {partner_of:?}");
            assert_eq!(invitable(&account, &acme, true), Some("ann@partner.example"));
            for (name, shown) in [("Ann@Partner.example", shown), ("Ann", "Ann")] {
                let account = Account { name: name.into(), ..account.clone() };
                let said = account_name(&account, &acme, false);
                assert!(said.eq_ignore_ascii_case(shown), "{said} {partner_of:?}");
            }
        }
    }
}
