//! The desk on a home: the application of `rollcall-web` beside the watch.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use rollcall_embedded::bucket::Bucket;
use rollcall_embedded::store::{ContactStore, DirectoryStore, ImportStore};
use rollcall_pipeline::ports::{Answer, ImportItem};
use rollcall_web::host::{Host as DeskHost, Start, Target};

use crate::host::Host;

/// A home as the desk uses it.
pub struct Desk {
    host: Arc<Host>,
    bucket: Bucket,
    directory: DirectoryStore,
    contacts: ContactStore,
    imports: ImportStore,
    audit: Mutex<Option<fs::File>>,
}

impl Desk {
    /// The desk of a home; its audit log is `audit.log` there.
    pub fn new(host: Arc<Host>) -> Self {
        let home = host.home();
        let log = fs::File::options().create(true).append(true).open(home.path().join("audit.log"));
        Self {
            bucket: home.bucket().clone(),
            directory: home.directory(),
            contacts: home.contacts(),
            imports: home.imports(),
            audit: Mutex::new(log.ok()),
            host,
        }
    }

    /// Names of files with this ending in a folder of the bucket, sorted.
    fn names(&self, folder: &str, ending: &str) -> Vec<String> {
        let entries = fs::read_dir(self.bucket.root().join(folder)).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(ending)?.to_owned());
        let mut names: Vec<String> = files.filter_map(name).collect();
        names.sort();
        names
    }
}

impl DeskHost for Desk {
    type Objects = Bucket;
    type Directory = DirectoryStore;
    type Contacts = ContactStore;
    type Imports = ImportStore;
    const STREAMS: bool = true;

    fn objects(&self) -> &Bucket {
        &self.bucket
    }

    fn directory(&self) -> &DirectoryStore {
        &self.directory
    }

    fn contacts(&self) -> &ContactStore {
        &self.contacts
    }

    fn imports(&self) -> &ImportStore {
        &self.imports
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn programs(&self) -> Answer<Vec<ProgramName>> {
        let names = self.names("settings", ".toml");
        let programs = names.iter().filter_map(|name| ProgramName::parse(name).ok());
        Ok(programs.filter(|program| !program.is_marketplace()).collect())
    }

    async fn custom_profiles(&self) -> Answer<Vec<ProfileName>> {
        let names = self.names("settings/profiles", ".toml");
        Ok(names.iter().filter_map(|name| ProfileName::parse(name).ok()).collect())
    }

    async fn imports_of(
        &self,
        program: &ProgramName,
        before: Option<&ImportId>,
        limit: usize,
    ) -> Answer<Vec<ImportItem>> {
        self.host.home().listing().imports_of(program, before, limit)
    }

    async fn upload_target(&self, _: &str, _: Option<u64>) -> Answer<Option<Target>> {
        Ok(None)
    }

    async fn start(&self, start: Start<'_>) -> Answer<Option<ImportId>> {
        self.host.queue(&start)
    }

    async fn request(&self, drop: &Drop) -> Answer<ImportId> {
        self.host.queue_request(drop)
    }

    async fn link(&self, _: &str) -> Answer<Option<String>> {
        Ok(None)
    }

    async fn remove(&self, key: &str) -> Answer<()> {
        self.bucket.remove(key)
    }

    fn audit(&self, line: &str) {
        let mut log = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = log.as_mut() {
            // A full disk stops imports, which say so; a line of the log stops nothing.
            let _ = writeln!(log, "{:.3} {line}", Timestamp::now());
        }
    }
}
