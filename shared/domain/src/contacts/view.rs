//! A contact as a reader sees it: the stored record, resolved with the directory as it is now.
//!
//! Account data, memberships and status are never stored. Therefore a workflow tied to a group, a changed account or
//! a sign-up takes effect at once, even after the import (IMP-12, IMP-26, IMP-30).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::contacts::contact::Record;
use crate::contacts::directory::{Accept, Account, Group, Invite, MatchKey, SignUp};
use crate::contacts::mask;
use crate::contacts::matching::match_key;
use crate::profile::compiled::Profile;
use crate::types::id::ContactId;
use crate::types::names::ProgramName;

/// A stored contact with the directory entries that belong to it now.
#[derive(Debug, Clone)]
pub struct StoredContact<'a> {
    /// The program of the contact.
    pub program: &'a ProgramName,
    /// The contact.
    pub contact_id: ContactId,
    /// The import that wrote it last.
    pub import_id: &'a str,
    /// The token of its invitation.
    pub invitation: String,
    /// The stored record.
    pub record: Record,
    /// The matched account, if the directory still has it.
    pub account: Option<Account>,
    /// Its groups as they are defined now, in any order.
    pub groups: Vec<Group>,
    /// Sign-ups with its invitation, by any account.
    pub sign_ups: Vec<SignUp>,
    /// Whether it has a running cadence.
    pub in_cadence: bool,
}

/// The keys to look up a contact in the running cadences (CAD-15); empty if its profile has no such rules.
pub fn cadence_keys(profile: &Profile, record: &Record) -> Vec<MatchKey> {
    let rules = profile.cadences.iter();
    let value = |field: usize| record.fields.get(&*profile.fields[field].name).map_or("", String::as_str);
    rules.filter_map(|(field, kind)| match_key(*kind, value(*field))).collect()
}

/// The state of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContactStatus {
    /// It is imported.
    Prospect,
    /// It is in the program.
    Partner,
    /// It has a running cadence (CAD-15).
    Active,
}

/// A group of a contact, with the effects of its present definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The group's name.
    pub group: String,
    /// Its workflow; empty if the group has none.
    pub workflow: String,
    /// When its contacts join the program.
    pub accept: Accept,
    /// The address that its invitation goes to (IMP-25); never a masked address (IMP-19).
    pub invite_to: String,
}

/// A contact as a reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contact {
    /// The contact.
    pub contact_id: ContactId,
    /// The program.
    pub program: String,
    /// The profile that wrote it last.
    pub profile: String,
    /// The account's current name, otherwise the one from the file (IMP-12).
    pub name: String,
    /// The account's current address, masked if IMP-18 requires it, otherwise the one from the file.
    pub email: String,
    /// The phones from the file, E.164.
    pub phones: Vec<String>,
    /// The matched account; null if there is none.
    pub account_id: Option<String>,
    /// The address from the file (IMP-13).
    pub custom_contact: String,
    /// The address that its first invitation goes to.
    pub invite_to: String,
    /// The names of its groups, sorted.
    pub groups: Vec<String>,
    /// The same groups, with the effects of each.
    pub memberships: Vec<Membership>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Ids of the owner, the company and so on that its fields name, by field.
    pub links: BTreeMap<String, String>,
    /// Its state.
    pub status: ContactStatus,
    /// The token of its invitation.
    pub invitation: String,
    /// Every mapped field's cleaned value, by field name.
    pub fields: BTreeMap<String, String>,
    /// Columns without a field, by header, if the profile keeps them.
    pub additional: BTreeMap<String, String>,
    /// The import that wrote it last.
    pub import_id: String,
}

impl StoredContact<'_> {
    /// Resolves the contact.
    pub fn resolve(mut self) -> Contact {
        self.groups.sort_by(|one, other| one.name.cmp(&other.name));
        let account_signed_up = self.account_signed_up();
        let signed_up = account_signed_up || self.sender_wrote_who_signed_up();
        let taken = self.groups.iter().any(|group| takes(group, signed_up));
        let joined = account_signed_up && taken;
        let address = self.account_address(joined);
        let memberships: Vec<Membership> =
            self.groups.iter().map(|group| self.membership(group, joined)).collect();
        let first = memberships.first().map(|membership| membership.invite_to.clone());
        let status = self.status(taken);
        let account_name =
            self.account.as_ref().map(|account| mask::account_name(account, self.program, joined));
        let told = self.account_may_be_told(joined);
        let account_name = account_name.map(Cow::into_owned).filter(|name| told && !name.is_empty());
        let record = self.record;
        Contact {
            contact_id: self.contact_id,
            program: self.program.to_string(),
            profile: record.profile,
            name: account_name.unwrap_or(record.name),
            email: if address.is_empty() { record.email.clone() } else { address },
            phones: record.phones,
            account_id: record.account_id.filter(|_| told),
            invite_to: first.unwrap_or_else(|| record.email.clone()),
            custom_contact: record.email,
            groups: self.groups.into_iter().map(|group| group.name).collect(),
            memberships,
            tags: record.tags,
            links: record.links,
            status,
            invitation: self.invitation,
            fields: record.fields,
            additional: record.additional,
            import_id: self.import_id.to_owned(),
        }
    }

    /// Sign-ups with this contact's invitation, by any account.
    fn invited(&self) -> impl Iterator<Item = &SignUp> {
        self.sign_ups.iter().filter(|sign_up| sign_up.invitation == self.invitation)
    }

    /// Whether the matched account itself signed up: only its own sign-up unmasks it (IMP-18).
    fn account_signed_up(&self) -> bool {
        let account = self.account.as_ref().map_or("", |account| account.email.as_str());
        self.invited().any(|sign_up| {
            self.record.account_id.as_ref() == Some(&sign_up.account_id) || is_same(&sign_up.email, account)
        })
    }

    /// Whether the person in the file signed up. Another person with a shared invitation does not count (IMP-29).
    fn sender_wrote_who_signed_up(&self) -> bool {
        self.invited().any(|sign_up| is_same(&sign_up.email, &self.record.email))
    }

    /// The account's address as this program may see it; empty if there is no account.
    fn account_address(&self, joined: bool) -> String {
        let account = self.account.as_ref();
        account.map(|account| mask::account_email(account, self.program, joined)).unwrap_or_default()
    }

    /// Whether this program may know the id and the name of the account. Those of a masked account only where the contact
    /// was matched by its id, address or phone: a website is public.
    fn account_may_be_told(&self, joined: bool) -> bool {
        let Some(account) = &self.account else { return true };
        joined || !account.is_masked_for(self.program) || !self.record.by_website
    }

    fn membership(&self, group: &Group, joined: bool) -> Membership {
        let account = self.account.as_ref().filter(|_| group.invite() == Invite::Marketplace);
        let address = account.and_then(|account| mask::invitable(account, self.program, joined));
        let to = address.unwrap_or(&self.record.email);
        Membership {
            group: group.name.clone(),
            workflow: group.workflow.clone(),
            accept: group.accept,
            invite_to: to.to_owned(),
        }
    }

    fn status(&self, taken: bool) -> ContactStatus {
        let program = self.program.as_str();
        let is_partner = |account: &Account| account.partner_of.iter().any(|name| name == program);
        if taken || self.account.as_ref().is_some_and(is_partner) {
            ContactStatus::Partner
        } else if self.in_cadence {
            ContactStatus::Active
        } else {
            ContactStatus::Prospect
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    !one.is_empty() && one.to_lowercase() == other.to_lowercase()
}

/// Whether a group makes its contact a member of the program.
fn takes(group: &Group, signed_up: bool) -> bool {
    match group.accept {
        Accept::AtOnce => true,
        Accept::OnSignUp => signed_up,
        Accept::No => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> ProgramName {
        ProgramName::parse("acme").unwrap()
    }

    fn account(partner_of: &[&str]) -> Account {
        Account {
            account_id: "A1".into(),
            name: "Partner Ltd".into(),
            email: "Office@partner.example".into(),
            partner_of: partner_of.iter().map(|name| (*name).to_owned()).collect(),
            ..Account::default()
        }
    }

    fn group(name: &str, workflow: &str, accept: Accept, invite: Invite) -> Group {
        Group { name: name.into(), workflow: workflow.into(), accept, invite }
    }

    fn sign_up(account_id: &str, email: &str) -> SignUp {
        let invitation = "token".into();
        SignUp { account_id: account_id.into(), email: email.into(), invitation, ..SignUp::default() }
    }

    /// A contact, matched to the account if there is one.
    fn kept<'a>(program: &'a ProgramName, account: Option<Account>) -> StoredContact<'a> {
        let record = Record {
            profile: "prospects".into(),
            name: "Ann".into(),
            email: "ann@file.example".into(),
            account_id: account.as_ref().map(|account| account.account_id.clone()),
            ..Record::default()
        };
        StoredContact {
            program,
            contact_id: ContactId::derive("acme", "partners", "ann@file.example"),
            import_id: "i",
            invitation: "token".into(),
            record,
            account,
            groups: Vec::new(),
            sign_ups: Vec::new(),
            in_cadence: false,
        }
    }

    #[test]
    fn imp_12_the_account_wins_and_imp_13_the_files_address_is_kept() {
        let program = program();
        let contact = kept(&program, Some(account(&[]))).resolve();
        assert_eq!(
            (contact.name.as_str(), contact.email.as_str()),
            ("Partner Ltd", "Office@partner.example")
        );
        assert_eq!(
            (contact.custom_contact.as_str(), contact.invite_to.as_str()),
            ("ann@file.example", "ann@file.example")
        );
        let alone = kept(&program, None).resolve();
        assert_eq!(
            (alone.name.as_str(), alone.email.as_str(), alone.account_id),
            ("Ann", "ann@file.example", None)
        );
    }

    #[test]
    fn imp_25_each_membership_says_where_its_invitation_goes() {
        let program = program();
        let mut kept = kept(&program, Some(account(&[])));
        kept.groups = vec![
            group("Z", "w", Accept::No, Invite::Marketplace),
            group("A", "", Accept::No, Invite::Marketplace),
            group("M", "w", Accept::No, Invite::Custom),
        ];
        let contact = kept.resolve();
        assert_eq!(contact.groups, ["A", "M", "Z"]);
        let to: Vec<&str> = contact.memberships.iter().map(|one| one.invite_to.as_str()).collect();
        assert_eq!(to, ["ann@file.example", "ann@file.example", "Office@partner.example"]);
        assert_eq!(contact.invite_to, "ann@file.example");
    }

    #[test]
    fn imp_26_27_29_who_is_a_partner() {
        let program = program();
        let on_sign_up = || vec![group("G", "w", Accept::OnSignUp, Invite::Custom)];
        let at_once = || vec![group("G", "w", Accept::AtOnce, Invite::Custom)];
        let other_token = SignUp { invitation: "other".into(), ..sign_up("A1", "ann@file.example") };
        for (account, groups, sign_ups, status) in [
            (None, vec![], vec![], ContactStatus::Prospect),
            (None, at_once(), vec![], ContactStatus::Partner),
            (None, on_sign_up(), vec![], ContactStatus::Prospect),
            (None, on_sign_up(), vec![sign_up("A9", "Ann@File.example")], ContactStatus::Partner),
            (None, on_sign_up(), vec![sign_up("A9", "bob@file.example")], ContactStatus::Prospect),
            (None, on_sign_up(), vec![sign_up("A9", "")], ContactStatus::Prospect),
            (None, on_sign_up(), vec![other_token], ContactStatus::Prospect),
            (None, vec![], vec![sign_up("A9", "ann@file.example")], ContactStatus::Prospect),
            (Some(account(&[])), on_sign_up(), vec![sign_up("A1", "")], ContactStatus::Partner),
            (
                Some(account(&[])),
                on_sign_up(),
                vec![sign_up("A9", "office@partner.example")],
                ContactStatus::Partner,
            ),
            (Some(account(&["acme"])), vec![], vec![], ContactStatus::Partner),
            (Some(account(&["other"])), vec![], vec![], ContactStatus::Prospect),
        ] {
            let said = format!("{account:?} {groups:?} {sign_ups:?}");
            let kept = StoredContact { groups, sign_ups, ..kept(&program, account) };
            assert_eq!(kept.resolve().status, status, "{said}");
        }
    }

    #[test]
    fn imp_18_only_the_accounts_own_act_or_the_directory_lets_the_mask_fall() {
        let program = program();
        let (masked, shown, custom) = ("O***@***.example", "Office@partner.example", "ann@file.example");
        let groups = || vec![group("G", "w", Accept::AtOnce, Invite::Marketplace)];
        for (partner_of, sign_ups, email) in [
            (vec!["other"], vec![], masked),
            (vec!["other"], vec![sign_up("A9", "x@y.example")], masked),
            // The person in the file, with the address in the file.
            (vec!["other"], vec![sign_up("A9", "ann@file.example")], masked),
            (vec!["other"], vec![sign_up("A1", "")], shown),
            (vec!["other", "acme"], vec![], shown),
        ] {
            let kept =
                StoredContact { groups: groups(), sign_ups, ..kept(&program, Some(account(&partner_of))) };
            let contact = kept.resolve();
            // IMP-19: a mask reaches nobody, whatever the workflow says.
            let to = if email == masked { custom } else { shown };
            let said = (contact.email.as_str(), contact.invite_to.as_str());
            assert_eq!(said, (email, to), "{partner_of:?}");
            assert_eq!(contact.memberships[0].invite_to, to);
        }
    }

    #[test]
    fn imp_18_a_masked_account_found_by_a_website_alone_is_not_named() {
        let program = program();
        for (partner_of, by_website, sign_ups, named) in [
            (&["other"][..], true, vec![], false),
            (&["other"], false, vec![], true),
            (&["other"], true, vec![sign_up("A1", "")], true),
            (&["other", "acme"], true, vec![], true),
            (&[], true, vec![], true),
        ] {
            let groups = vec![group("G", "w", Accept::AtOnce, Invite::Custom)];
            let mut kept = StoredContact { groups, sign_ups, ..kept(&program, Some(account(partner_of))) };
            kept.record.by_website = by_website;
            let contact = kept.resolve();
            let name = if named { "Partner Ltd" } else { "Ann" };
            let said = (contact.account_id.is_some(), contact.name.as_str());
            assert_eq!(said, (named, name), "{partner_of:?} {by_website}");
        }
    }

    #[test]
    fn imp_18_a_sign_up_that_no_group_accepts_is_no_partnership() {
        let program = program();
        for (accept, status, email) in [
            (Accept::No, ContactStatus::Prospect, "O***@***.example"),
            (Accept::OnSignUp, ContactStatus::Partner, "Office@partner.example"),
        ] {
            let groups = vec![group("G", "w", accept, Invite::Marketplace)];
            let kept = StoredContact {
                groups,
                sign_ups: vec![sign_up("A1", "")],
                ..kept(&program, Some(account(&["other"])))
            };
            let contact = kept.resolve();
            assert_eq!((contact.status, contact.email.as_str()), (status, email));
        }
    }

    #[test]
    fn cad_15_a_running_cadence_is_active() {
        let program = program();
        let mut kept = StoredContact { in_cadence: true, ..kept(&program, None) };
        kept.record.fields.insert("email".into(), "ann@file.example".into());
        let leads = Profile::built_in("leads").unwrap();
        assert_eq!(cadence_keys(&leads, &kept.record), ["e:ann@file.example"]);
        assert!(cadence_keys(&Profile::built_in("prospects").unwrap(), &kept.record).is_empty());
        assert_eq!(kept.resolve().status, ContactStatus::Active);
    }
}
