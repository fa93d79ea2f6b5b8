//! Contacts as people see them now: listed page by page, filtered, one by one.
//!
//! A stored contact has ids and the values of the file. Account, groups, masks and suppressions are read from the
//! directory when it is shown, for many contacts at once.

use std::collections::HashMap;
use std::sync::Arc;

use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::directory::{Account, Group, SignUp};
use rollcall_domain::contacts::search::Search;
use rollcall_domain::contacts::suppression::{Suppressed, email_key, phone_key};
use rollcall_domain::contacts::view::{Contact, StoredContact, cadence_keys};
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::row::fold::fold_name;
use rollcall_domain::types::id::ContactId;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::ports::{Answer, ContactReader, Directory, ListedContact, Objects};
use crate::suppressions::suppressed;

/// Which contacts to show; the default is all of them.
#[derive(Debug, Clone, Default)]
pub struct ContactFilter {
    /// Those that this profile wrote last.
    pub profile: Option<String>,
    /// Those in the group of this name.
    pub group: Option<String>,
    /// Those that this import wrote last.
    pub import: Option<ImportId>,
    /// Those with these words.
    pub search: Option<Search>,
}

impl ContactFilter {
    /// Whether it lets every contact through.
    pub fn is_all(&self) -> bool {
        self.profile.is_none() && self.group.is_none() && self.import.is_none() && self.search.is_none()
    }

    /// What can be said of a contact without the directory.
    pub fn may_have(&self, listed: &ListedContact, record: &Record) -> bool {
        let in_group = |name: &String| {
            let mut key = String::new();
            fold_name(name, &mut key);
            listed.groups.contains(&key)
        };
        self.profile.as_ref().is_none_or(|profile| *profile == record.profile)
            && self.import.as_ref().is_none_or(|import| import.as_str() == listed.import_id)
            && self.group.as_ref().is_none_or(in_group)
    }
}

/// Some contacts as people see them, and where the next ones are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShownPage {
    /// The contacts; there may be fewer than requested, or none, and still more pages.
    pub contacts: Vec<Contact>,
    /// Continues after this page; `None` where it is the last one.
    pub next: Option<String>,
}

/// Contacts that one page looks through: a search that finds little answers in time, and goes on with the cursor.
const LOOKED_THROUGH: usize = 5_000;
/// Contacts whose directory entries are read at once.
const AT_ONCE: usize = 500;

/// A page of the contacts that a filter lets through.
///
/// # Errors
/// Where a port fails, or the cursor is none.
pub async fn page<O: Objects, D: Directory>(
    reader: &impl ContactReader,
    resolver: &mut Resolver<'_, O, D>,
    filter: &ContactFilter,
    cursor: Option<&str>,
    limit: usize,
) -> Answer<ShownPage> {
    let limit = limit.max(1);
    let mut shown = ShownPage { contacts: Vec::new(), next: cursor.map(str::to_owned) };
    let mut looked = 0;
    loop {
        // Without a filter every contact is shown, so exactly the missing ones are read.
        let wanted = if filter.is_all() { limit - shown.contacts.len() } else { limit.min(AT_ONCE) };
        let page = reader.page(&resolver.program, shown.next.as_deref(), wanted.min(AT_ONCE)).await?;
        looked += page.contacts.len().max(1);
        shown.next = page.next;
        shown.contacts.extend(resolver.resolve(page.contacts, filter).await?);
        if shown.next.is_none() || shown.contacts.len() >= limit || looked >= LOOKED_THROUGH {
            return Ok(shown);
        }
    }
}

/// One contact as it is now.
///
/// # Errors
/// Where a port fails.
pub async fn find<O: Objects, D: Directory>(
    reader: &impl ContactReader,
    resolver: &mut Resolver<'_, O, D>,
    contact: &ContactId,
) -> Answer<Option<Contact>> {
    let Some(listed) = reader.find(&resolver.program, contact).await? else { return Ok(None) };
    Ok(resolver.resolve(vec![listed], &ContactFilter::default()).await?.pop())
}

/// Reads what the directory says of the contacts of a program.
#[derive(Debug)]
pub struct Resolver<'a, O, D> {
    objects: &'a O,
    directory: &'a D,
    program: ProgramName,
    /// The profiles of contacts seen so far; none where it is there no more.
    profiles: HashMap<String, Option<Arc<Profile>>>,
}

impl<'a, O: Objects, D: Directory> Resolver<'a, O, D> {
    /// For the contacts of a program.
    pub fn new(objects: &'a O, directory: &'a D, program: ProgramName) -> Self {
        Self { objects, directory, program, profiles: HashMap::new() }
    }

    /// The contacts as they are now, in the same order; those that the filter does not let through are left out.
    ///
    /// # Errors
    /// Where a port fails.
    pub async fn resolve(
        &mut self,
        listed: Vec<ListedContact>,
        filter: &ContactFilter,
    ) -> Answer<Vec<Contact>> {
        let mut kept = Vec::with_capacity(listed.len());
        for contact in listed {
            let record: Record = parsed("contact", &contact.record)?;
            if filter.may_have(&contact, &record) {
                self.load_profile(&record.profile).await?;
                kept.push((contact, record));
            }
        }
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let contacts = self.resolve_kept(kept).await?;
        let found = |contact: &Contact| {
            let profile = self.profile(&contact.profile);
            filter.search.as_ref().is_none_or(|search| search.finds(contact, profile))
        };
        Ok(contacts.into_iter().filter(found).collect())
    }

    /// A profile of contacts that were resolved, where it is still known.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name).and_then(Option::as_deref)
    }

    async fn load_profile(&mut self, name: &str) -> Answer<()> {
        if self.profiles.contains_key(name) {
            return Ok(());
        }
        let custom = match ProfileName::parse(name) {
            Ok(name) => self.objects.get(&object_keys::profile(&name)).await?,
            Err(_) => None,
        };
        let custom = custom.and_then(|bytes| String::from_utf8(bytes).ok());
        let custom = custom.and_then(|text| Profile::parse(&text).ok());
        self.profiles.insert(name.to_owned(), custom.or_else(|| Profile::built_in(name)));
        Ok(())
    }

    async fn resolve_kept(&self, kept: Vec<(ListedContact, Record)>) -> Answer<Vec<Contact>> {
        let accounts = self.accounts(&kept).await?;
        let groups = kept.iter().flat_map(|(listed, _)| listed.groups.clone());
        let groups = self.entries::<Group>(Kind::Groups, groups).await?;
        let secret = self.directory.secret()?;
        let invitation = |(listed, _): &(ListedContact, Record)| secret.invitation(&listed.contact_id);
        let invitations: Vec<String> = kept.iter().map(invitation).collect();
        let mut sign_ups = self.entries::<SignUp>(Kind::SignUps, invitations.iter().cloned()).await?;
        let cadences: Vec<Vec<String>> = kept.iter().map(|(_, record)| self.cadences(record)).collect();
        let keys = cadences.iter().flatten().cloned();
        let running = self.entries::<serde_json::Value>(Kind::Cadences, keys).await?;
        let suppressed = self.suppressed(&kept, &accounts).await?;
        let contacts = kept.into_iter().zip(invitations).zip(&cadences);
        let resolve = |(((listed, record), invitation), cadences): Cells<'_>| {
            let named = |key: &String| {
                let group = groups.get(key).and_then(|found| found.first().cloned());
                group.unwrap_or_else(|| Group { name: key.clone(), ..Group::default() })
            };
            StoredContact {
                program: &self.program,
                contact_id: listed.contact_id,
                import_id: &listed.import_id,
                groups: listed.groups.iter().map(named).collect(),
                sign_ups: sign_ups.remove(&invitation).unwrap_or_default(),
                in_cadence: cadences.iter().any(|key| running.contains_key(key)),
                account: record.account_id.as_ref().and_then(|id| accounts.get(id).cloned()),
                invitation,
                record,
            }
            .resolve_without(&suppressed)
        };
        Ok(contacts.map(resolve).collect())
    }

    fn cadences(&self, record: &Record) -> Vec<String> {
        self.profile(&record.profile).map(|profile| cadence_keys(profile, record)).unwrap_or_default()
    }

    /// The matched accounts as they are now.
    async fn accounts(&self, kept: &[(ListedContact, Record)]) -> Answer<HashMap<String, Account>> {
        let ids = distinct(kept.iter().filter_map(|(_, record)| record.account_id.clone()));
        let items = self.directory.read(&ProgramName::marketplace(), Kind::Accounts, &ids).await?;
        let found = ids.into_iter().zip(items).filter_map(|(id, item)| Some((id, item?)));
        found.map(|(id, item)| Ok((id, parsed("account", &item.json)?))).collect()
    }

    async fn suppressed(
        &self,
        kept: &[(ListedContact, Record)],
        accounts: &HashMap<String, Account>,
    ) -> Answer<Suppressed> {
        suppressed(self.directory, &self.program, || {
            let own = kept.iter().flat_map(|(_, record)| {
                let phones = record.phones.iter().filter_map(|phone| phone_key(phone));
                email_key(&record.email).into_iter().chain(phones)
            });
            let accounts = accounts.values().filter_map(|account| email_key(&account.email));
            distinct(own.chain(accounts))
        })
        .await
    }

    /// The entries of each key that has any.
    async fn entries<T: DeserializeOwned>(
        &self,
        kind: Kind,
        keys: impl Iterator<Item = String>,
    ) -> Answer<HashMap<String, Vec<T>>> {
        let wanted: Vec<(Kind, String)> = distinct(keys).into_iter().map(|key| (kind, key)).collect();
        let found = self.directory.find(&self.program, &wanted).await?;
        let found = wanted.into_iter().zip(found).filter(|(_, entries)| !entries.is_empty());
        let entries = found.map(|((_, key), entries)| {
            let parsed: Answer<Vec<T>> = entries.iter().map(|entry| parsed(kind.as_str(), entry)).collect();
            Ok((key, parsed?))
        });
        entries.collect()
    }
}

/// A contact with its invitation and the keys of its cadences.
type Cells<'c> = (((ListedContact, Record), String), &'c Vec<String>);

fn distinct(keys: impl Iterator<Item = String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn parsed<T: DeserializeOwned>(what: &str, json: &str) -> Answer<T> {
    serde_json::from_str(json)
        .map_err(|error| Fault::permanent("reading the tables", format_args!("{what}: {error}")))
}
