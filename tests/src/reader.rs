//! Contacts as a reader sees them, in a home: records resolved with the directory as it is now.

use pollster::block_on;
use rollcall_domain::types::names::ProgramName;
use rollcall_pipeline::contacts::{ContactFilter, Resolver};
use serde_json::Value;

use crate::test_host::TestHost;

impl TestHost {
    /// The contacts of `acme` as JSON, in order of their ids.
    pub fn read_contacts(&self) -> Vec<Value> {
        let acme = ProgramName::parse("acme").unwrap();
        let directory = self.home.directory();
        let mut resolver = Resolver::new(self.home.bucket(), &directory, acme);
        let contacts = block_on(resolver.resolve(self.contacts(), &ContactFilter::default())).unwrap();
        contacts.iter().map(|contact| serde_json::to_value(contact).unwrap()).collect()
    }

    /// The contact that has this address from the file.
    pub fn contact_of(&self, custom_contact: &str) -> Value {
        let found =
            self.read_contacts().into_iter().find(|contact| contact["custom_contact"] == custom_contact);
        found.unwrap_or_else(|| panic!("no contact has the address {custom_contact}"))
    }
}
