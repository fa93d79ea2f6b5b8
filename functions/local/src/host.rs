//! The host: a home under work. What an earlier command left is finished first; then a file is dropped, and the
//! plots run over it.

mod run;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use jiff::Timestamp;
use pollster::block_on;
use rollcall_domain::keys::{self, Drop, Papers};
use rollcall_domain::plan::ChunkSize;
use rollcall_domain::summary::Summary;
use rollcall_domain::upload::Upload;
use rollcall_embedded::home::Home;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ImportItem, ObjectVersion, Objects};

use crate::answer::{Failure, say};
use run::Run;

/// How the host works.
#[derive(Debug, Clone, Copy)]
pub struct Tune {
    /// Threads that judge rows.
    pub workers: usize,
    /// How large chunks are.
    pub size: ChunkSize,
    /// A bar on standard error says how far it is.
    pub progress: bool,
}

impl Tune {
    /// More threads than this help nobody.
    const MOST_WORKERS: usize = 256;

    /// The host's own choice where nothing is said.
    pub fn new(workers: Option<u32>, rows: Option<u32>, bytes: Option<u64>, progress: bool) -> Self {
        let cores = || available_parallelism().map_or(1, usize::from);
        let workers = workers.map_or_else(cores, |workers| workers as usize).min(Self::MOST_WORKERS);
        let size = ChunkSize::default();
        let size = ChunkSize { rows: rows.unwrap_or(size.rows), bytes: bytes.unwrap_or(size.bytes) };
        Self { workers, size, progress }
    }
}

/// An import that is over.
#[derive(Debug)]
pub struct Done {
    /// Its totals.
    pub summary: Summary,
    /// The file's verdict and what was detected.
    pub upload: Upload,
    /// The folder of its results, absolute.
    pub results: PathBuf,
    /// Its letter, where it wrote one.
    pub letter: Option<PathBuf>,
}

/// A home under work.
#[derive(Debug)]
pub struct Host {
    home: Home,
    tune: Tune,
}

impl Host {
    /// Opens a home to work on it, and finishes what an earlier command left unfinished, in order of import id.
    ///
    /// # Errors
    /// Where the home is in use or cannot be used.
    pub fn open(path: &Path, tune: Tune) -> Result<Self, Failure> {
        let host = Self { home: Home::open(path)?, tune };
        for item in host.home.listing().unfinished_imports()? {
            host.finish(item)?;
        }
        Ok(host)
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Drops a file into the bucket and imports it.
    ///
    /// # Errors
    /// Where the machine fails: the import stays unfinished, and the next command finishes it.
    pub fn import(&self, source: &Path, drop: &Drop, given: Vec<(String, String)>) -> Result<Done, Failure> {
        let at = self.home.imports().next_drop_time(Timestamp::now())?;
        let (bucket, key) = (self.home.bucket(), drop.key());
        self.put_options(&keys::sidecar(&key), &given)?;
        bucket.drop_file(source, &key, at)?;
        let object = block_on(bucket.describe(&key))?.ok_or_else(|| Fault::Gone(key))?;
        let summary = self.run(object, given)?;
        Ok(self.done(drop, summary)?)
    }

    /// The options of a drop stand beside it before it appears; those of an earlier drop of its name go.
    fn put_options(&self, sidecar: &str, given: &[(String, String)]) -> Answer<()> {
        if given.is_empty() {
            return match fs::remove_file(self.home.bucket().root().join(sidecar)) {
                Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    Err(Fault::permanent("removing options of an earlier drop", error))
                }
                _ => Ok(()),
            };
        }
        let table: toml::Table =
            given.iter().map(|(name, value)| (name.clone(), toml::Value::from(value.as_str()))).collect();
        block_on(self.home.bucket().put(sidecar, table.to_string().into_bytes()))
    }

    /// Finishes an import that an earlier command began.
    fn finish(&self, item: ImportItem) -> Result<(), Failure> {
        let import = item.import_id.clone();
        match self.run(item.object, item.options) {
            Ok(_) => Ok(()),
            // Others need not wait for one that nobody can answer.
            Err(fault) if fault.is_of_the_import() => {
                say(format_args!("an earlier import cannot be finished: {import}: {fault}"));
                Ok(())
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Runs the plots over an object; an import that can go no further is answered as failed.
    fn run(&self, object: ObjectVersion, given: Vec<(String, String)>) -> Answer<Summary> {
        let run = Run::new(&self.home, self.tune, &object);
        match run.all(object, given) {
            Err(fault) if fault.is_of_the_import() => run.fail(&fault),
            done => done,
        }
    }

    fn done(&self, drop: &Drop, summary: Summary) -> Answer<Done> {
        let import =
            summary.head.import_id.parse().map_err(|error| Fault::damaged("reading summary.json", error))?;
        let papers = Papers::of(&drop.program, &import);
        let upload = block_on(self.home.bucket().get(&papers.upload()))?.unwrap_or_default();
        let upload =
            serde_json::from_slice(&upload).map_err(|error| Fault::damaged("reading upload.json", error))?;
        let results = self.home.bucket().root().join(papers.folder());
        let letter = Some(self.home.outbox().letter(&import)).filter(|letter| letter.is_file());
        Ok(Done { summary, upload, results, letter })
    }
}
