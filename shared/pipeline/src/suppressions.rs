//! Looks up suppressions: which of some addresses and phones must not be contacted.
//!
//! A program without suppressions costs one look-up a batch, and nothing is sealed for it: the entry
//! [`ANY`] says whether there are any, of the program or of all programs.

use rollcall_domain::contacts::directory::{DirectoryItem, MatchKey};
use rollcall_domain::contacts::suppression::{ANY, Suppressed, sealed};
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;

use crate::ports::{Answer, Directory};

/// Which of these keys are suppressed for a program, by itself or for all programs. The keys are computed only where
/// there are suppressions.
pub(crate) async fn suppressed(
    directory: &impl Directory,
    program: &ProgramName,
    keys: impl FnOnce() -> Vec<MatchKey>,
) -> Answer<Suppressed> {
    let owners = owners_with_any(directory, program).await?;
    if owners.is_empty() {
        return Ok(Suppressed::default());
    }
    let keys = keys();
    let secret = directory.secret()?;
    let wanted: Vec<(Kind, String)> =
        keys.iter().map(|key| (Kind::Suppressions, sealed(secret, key))).collect();
    let mut found = vec![false; keys.len()];
    for owner in &owners {
        let entries = directory.find(owner, &wanted).await?;
        found.iter_mut().zip(entries).for_each(|(found, entries)| *found |= !entries.is_empty());
    }
    Ok(Suppressed::of(keys.into_iter().zip(found).filter_map(|(key, found)| found.then_some(key))))
}

async fn owners_with_any(directory: &impl Directory, program: &ProgramName) -> Answer<Vec<ProgramName>> {
    let owners = [program.clone(), ProgramName::marketplace()];
    let with_any = directory.owners_with(&owners, (Kind::Suppressions, ANY)).await?;
    Ok(owners.into_iter().zip(with_any).filter_map(|(owner, any)| any.then_some(owner)).collect())
}

/// Notes that an owner has suppressions; called before the first one is written.
pub(crate) async fn note_any(directory: &impl Directory, owner: &ProgramName) -> Answer<()> {
    let noted = directory.read(owner, Kind::Suppressions, &[ANY.to_owned()]).await?;
    if noted.iter().any(Option::is_some) {
        return Ok(());
    }
    let note = DirectoryItem { id: ANY.to_owned(), keys: vec![ANY.to_owned()], json: "{}".to_owned() };
    directory.keep(owner, Kind::Suppressions, &[note]).await
}

/// Writes suppressions.
pub(crate) async fn keep(
    directory: &impl Directory,
    owner: &ProgramName,
    items: &[DirectoryItem],
) -> Answer<()> {
    note_any(directory, owner).await?;
    directory.keep(owner, Kind::Suppressions, items).await
}
