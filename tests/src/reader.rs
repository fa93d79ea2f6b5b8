//! Contacts as a reader sees them, in a home: records resolved with the directory as it is now.

use pollster::block_on;
use rollcall_domain::contacts::contact::Record;
use rollcall_domain::contacts::view::StoredContact;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::store::ListedContact;
use rollcall_pipeline::ports::Directory;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::test_host::TestHost;

impl TestHost {
    /// The contacts of `acme` as JSON, in order of their ids.
    pub fn read_contacts(&self) -> Vec<Value> {
        self.contacts().into_iter().map(|contact| self.read_contact(contact)).collect()
    }

    /// The contact that has this address from the file.
    pub fn contact_of(&self, custom_contact: &str) -> Value {
        let found =
            self.read_contacts().into_iter().find(|contact| contact["custom_contact"] == custom_contact);
        found.unwrap_or_else(|| panic!("no contact has the address {custom_contact}"))
    }

    fn read_contact(&self, listed: ListedContact) -> Value {
        let program = ProgramName::parse("acme").unwrap();
        let record: Record = serde_json::from_str(&listed.record).unwrap();
        let invitation = listed.contact_id.invitation(self.home.secret());
        let ids: Vec<String> = record.account_id.iter().cloned().collect();
        let marketplace = ProgramName::marketplace();
        let accounts = block_on(self.home.directory().read(&marketplace, Kind::Accounts, &ids)).unwrap();
        let account = accounts.into_iter().flatten().next();
        let groups = listed.groups.iter().flat_map(|key| self.entries(&program, Kind::Groups, key)).collect();
        let kept = StoredContact {
            program: &program,
            contact_id: listed.contact_id,
            import_id: &listed.import_id,
            sign_ups: self.entries(&program, Kind::SignUps, &invitation),
            in_cadence: false,
            account: account.map(|item| serde_json::from_str(&item.json).unwrap()),
            groups,
            invitation,
            record,
        };
        serde_json::to_value(kept.resolve()).unwrap()
    }

    fn entries<T: DeserializeOwned>(&self, program: &ProgramName, kind: Kind, key: &str) -> Vec<T> {
        let found = block_on(self.home.directory().find(program, &[(kind, key.to_owned())])).unwrap();
        found.into_iter().flatten().map(|json| serde_json::from_str(&json).unwrap()).collect()
    }
}
