//! The one file of a zip archive.

use std::io::{Cursor, Read};

use self_cell::{MutBorrow, self_cell};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::file::packed::{Bytes, Packing, damaged};
use crate::types::code::Code;
use crate::types::finding::Finding;

type Archive = ZipArchive<Cursor<Bytes>>;
type File<'a> = ZipFile<'a, Cursor<Bytes>>;

self_cell!(
    struct ZipEntry {
        owner: MutBorrow<Archive>,
        #[not_covariant]
        dependent: File,
    }
);

/// Reads the one file of an archive.
pub(super) struct Member(ZipEntry);

impl Member {
    pub(super) fn open(bytes: Bytes) -> Result<Self, Finding> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(Packing::Zip, error))?;
        let number = the_file(&archive).ok_or_else(|| damaged(Packing::Zip, "no single file in it"))?;
        let opened = ZipEntry::try_new(MutBorrow::new(archive), |archive| {
            archive.borrow_mut().by_index(number).map_err(|error| match error {
                ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                    Finding::new(Code::WorkbookProtected)
                }
                other => damaged(Packing::Zip, other),
            })
        });
        Ok(Self(opened?))
    }
}

impl Read for Member {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.with_dependent_mut(|_, file| file.read(buffer))
    }
}

/// Whether an archive holds exactly one file that may be a list. A workbook is an archive too, but is not unpacked.
pub(super) fn holds_one_file(bytes: &Bytes) -> bool {
    ZipArchive::new(Cursor::new(bytes.clone())).is_ok_and(|archive| the_file(&archive).is_some())
}

/// The index of the only file; folders and the files that macOS adds do not count.
fn the_file(archive: &Archive) -> Option<usize> {
    let names = archive.file_names().enumerate().map(|(number, name)| (number, name.unwrap_or_default()));
    let is_file =
        |name: &str| !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store");
    let mut files = names.filter(|(_, name)| is_file(name));
    match (files.next(), files.next()) {
        (Some((number, name)), None) if !name.eq_ignore_ascii_case("content.xml") => Some(number),
        _ => None,
    }
}
