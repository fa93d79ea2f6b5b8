//! What a host gives the desk besides the ports of the pipeline: where uploads go, and how an import starts.

use std::future::Future;

use jiff::Timestamp;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::limits;
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use rollcall_pipeline::migrate::Sources;
use rollcall_pipeline::ports::{Answer, Clock, ContactReader, Host as Ported, ImportItem, ObjectVersion};

/// A host of the desk: one machine, or AWS. Besides the ports of the pipeline it can list and receive.
pub trait Host: Ported<Objects: Sources, Contacts: ContactReader> + 'static {
    /// Whether a connection may stay open while an import runs: then its page is told, and does not ask.
    const STREAMS: bool;
    /// The largest file that is taken.
    const UPLOAD_BYTES: u64 = limits::FILE_BYTES;

    /// The origin that pages send files to, where it is not their own.
    fn upload_origin(&self) -> Option<&str> {
        None
    }

    /// The bucket.
    fn objects(&self) -> &Self::Objects {
        &self.ports().objects
    }
    /// The directory.
    fn directory(&self) -> &Self::Directory {
        &self.ports().directory
    }
    /// The contacts.
    fn contacts(&self) -> &Self::Contacts {
        &self.ports().contacts
    }
    /// The imports' state.
    fn imports(&self) -> &Self::Imports {
        &self.ports().imports
    }
    /// Now.
    fn now(&self) -> Timestamp {
        self.ports().clock.now()
    }

    /// The programs that are set up, by name.
    fn programs(&self) -> impl Future<Output = Answer<Vec<ProgramName>>> + Send;
    /// The custom profiles, by name.
    fn custom_profiles(&self) -> impl Future<Output = Answer<Vec<ProfileName>>> + Send;
    /// Imports of a program, the newest first: those before an id where one is given.
    fn imports_of(
        &self,
        program: &ProgramName,
        before: Option<&ImportId>,
        limit: usize,
    ) -> impl Future<Output = Answer<Vec<ImportItem>>> + Send;

    /// Where the bytes of an upload are to be sent; `None` where the desk receives them itself.
    fn upload_target(
        &self,
        key: &str,
        len: Option<u64>,
    ) -> impl Future<Output = Answer<Option<Target>>> + Send;
    /// Starts an import of bytes that are held under another key. The same claim starts the same import; `None` where it
    /// belongs to another request.
    fn start(&self, start: Start<'_>) -> impl Future<Output = Answer<Option<ImportId>>> + Send;
    /// Starts an import that is asked for by a small object: an approval or an undo. Asked again, it is the same one; an
    /// undo that is over is another one.
    fn request(&self, drop: &Drop) -> impl Future<Output = Answer<ImportId>> + Send;
    /// A link that gives an object for a moment; `None` where the desk gives it itself.
    fn link(&self, key: &str) -> impl Future<Output = Answer<Option<String>>> + Send;
    /// Removes an object.
    fn remove(&self, key: &str) -> impl Future<Output = Answer<()>> + Send;
    /// Writes one line of the audit log. It holds ids, never a cell.
    fn audit(&self, line: &str);
}

/// Where bytes are sent to, and with which headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address.
    pub url: String,
    /// Headers that the request must have.
    pub headers: Vec<(String, String)>,
}

/// An import that is to start.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Program, profile, and the file's name.
    pub drop: &'a Drop,
    /// The bytes.
    pub source: &'a ObjectVersion,
    /// The options.
    pub options: &'a [(String, String)],
    /// What tells a repeated request; `None` where every request is new.
    pub claim: Option<Claim<'a>>,
}

/// What tells a repeated request from a new one.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The key of the object that holds the claim.
    pub key: &'a str,
    /// The digest of the request: another request with the same key is refused.
    pub request: &'a str,
}

/// The name of a file that is dropped beside others of its name: the first one keeps it, the next get a number.
pub fn numbered(file: &str, number: u64) -> String {
    let (stem, ending) = match file.rfind('.') {
        Some(at) if at > 0 => file.split_at(at),
        _ => (file, ""),
    };
    if number == 1 { file.to_owned() } else { format!("{stem} ({number}){ending}") }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn a_number_stands_before_the_ending() {
        assert_eq!(numbered("list.csv", 1), "list.csv");
        assert_eq!(numbered("list.csv", 2), "list (2).csv");
        assert_eq!(numbered(".csv", 2), ".csv (2)");
    }
}
