//! The files under `tests/fixtures`, each named by its defect; `make.py` there writes them.

use std::path::{Path, PathBuf};

/// A file and the options of its drop.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The profile that it is dropped for: its folder.
    pub profile: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Option and value.
    pub options: Vec<(String, String)>,
}

impl Fixture {
    /// The options as the worlds of tests take them.
    pub fn options(&self) -> Vec<(&str, &str)> {
        self.options.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}

/// All fixtures, by profile and name.
pub fn all() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<PathBuf> = entries(&root)
        .into_iter()
        .filter(|path| is_answered(path))
        .flat_map(|folder| entries(&folder))
        .collect();
    paths.retain(|path| !path.to_string_lossy().ends_with(SIDECAR));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Whether a folder holds files of one profile; layouts of exports are of many, and have a test of their own.
fn is_answered(folder: &Path) -> bool {
    folder.is_dir() && !folder.ends_with("layouts")
}

const SIDECAR: &str = ".options.toml";

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn read(path: &Path) -> Fixture {
    let last = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let sidecar = std::fs::read_to_string(path.with_file_name(last(path) + SIDECAR)).unwrap_or_default();
    Fixture {
        profile: last(path.parent().unwrap()),
        name: last(path),
        path: path.to_owned(),
        bytes: std::fs::read(path).unwrap(),
        options: rollcall_domain::profile::toml_table::read_table(&sidecar).unwrap(),
    }
}
