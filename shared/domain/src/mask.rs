//! Masking (IMP-18): the one place that decides how an account's address is shown to a program.

use crate::directory::Account;
use crate::names::ProgramName;

/// The account's address as this program may see it. `joined` where the account itself has joined the program,
/// by a sign-up that bears its invitation and that a group of its contact accepts: a partnership that the directory may
/// not know yet.
pub fn account_email(account: &Account, program: &ProgramName, joined: bool) -> String {
    if account.is_masked_for(program) && !joined { mask(&account.email) } else { account.email.clone() }
}

/// Hides an address: its first letter, and the last label of its domain, are left.
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
        }
    }
}
