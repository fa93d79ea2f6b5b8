//! AWS as the desk uses it: listings, links to the bucket, and one line of the log for each request that changes
//! something.

use lambda_http::tracing;
use rollcall_aws::{Bucket, ContactsTable, DirectoryTable, ImportsTable, SystemClock};
use rollcall_domain::plan::object_keys::Drop;
use rollcall_domain::types::names::{ImportId, ProfileName, ProgramName};
use rollcall_pipeline::ports::{Answer, Host as Ported, ImportItem, Ports};
use rollcall_web::host::{Host, Start, Target};

use crate::nothing::NoQueue;

type ConsolePorts = Ports<Bucket, DirectoryTable, ContactsTable, ImportsTable, NoQueue, SystemClock>;

/// The installation as the desk uses it.
pub(crate) struct Console {
    ports: ConsolePorts,
    /// Where browsers send files: the origin of the bucket's links.
    bucket_origin: Option<String>,
}

impl Console {
    /// A console over the ports.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub(crate) async fn new(ports: ConsolePorts) -> Answer<Self> {
        let link = ports.objects.link_to_get("settings/", None).await?;
        Ok(Self { bucket_origin: origin(&link), ports })
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    Some(format!("{scheme}://{host}"))
}

impl Ported for Console {
    type Objects = Bucket;
    type Directory = DirectoryTable;
    type Contacts = ContactsTable;
    type Imports = ImportsTable;
    type Queue = NoQueue;
    type Clock = SystemClock;

    fn ports(&self) -> &ConsolePorts {
        &self.ports
    }
}

impl Host for Console {
    /// A function answers and ends: pages ask again.
    const STREAMS: bool = false;
    const UPLOAD_BYTES: u64 = Bucket::LARGEST;

    fn upload_origin(&self) -> Option<&str> {
        self.bucket_origin.as_deref()
    }

    async fn programs(&self) -> Answer<Vec<ProgramName>> {
        let names = self.ports.objects.names("settings/", ".toml").await?;
        let programs = names.iter().filter_map(|name| ProgramName::parse(name).ok());
        Ok(programs.filter(|program| !program.is_marketplace()).collect())
    }

    async fn custom_profiles(&self) -> Answer<Vec<ProfileName>> {
        let names = self.ports.objects.names("settings/profiles/", ".toml").await?;
        Ok(names.iter().filter_map(|name| ProfileName::parse(name).ok()).collect())
    }

    async fn imports_of(
        &self,
        program: &ProgramName,
        before: Option<&ImportId>,
        limit: usize,
    ) -> Answer<Vec<ImportItem>> {
        self.ports.imports.imports_of(program, before, limit).await
    }

    async fn upload_target(&self, key: &str, len: Option<u64>) -> Answer<Option<Target>> {
        let link = self.ports.objects.link_to_put(key, len).await?;
        Ok(Some(Target { url: link.url, headers: link.headers }))
    }

    async fn start(&self, start: Start<'_>) -> Answer<Option<ImportId>> {
        self.start_import(&start).await
    }

    async fn request(&self, drop: &Drop) -> Answer<ImportId> {
        self.start_request(drop).await
    }

    async fn link(&self, key: &str) -> Answer<Option<String>> {
        let name = key.rsplit('/').next().unwrap_or_default();
        // A report is read, other results are saved.
        let save_as = (!key.ends_with(".html")).then_some(name);
        self.ports.objects.link_to_get(key, save_as).await.map(Some)
    }

    async fn remove(&self, key: &str) -> Answer<()> {
        self.ports.objects.remove(key).await
    }

    fn audit(&self, line: &str) {
        tracing::info!(audit = line, "asked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_link_has_no_path_and_no_query() {
        let of = |url: &str| origin(url);
        assert_eq!(
            of("https://b.s3.eu-west-1.amazonaws.com/settings/?X=1").unwrap(),
            "https://b.s3.eu-west-1.amazonaws.com"
        );
        assert_eq!(of("http://127.0.0.1:4566/b/settings/").unwrap(), "http://127.0.0.1:4566");
        assert_eq!(of("settings"), None);
    }
}
