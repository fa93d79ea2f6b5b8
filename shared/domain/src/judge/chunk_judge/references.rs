//! References of rows to the program's directory: tags, agents, owners, companies, cadences.

use serde::Deserialize;

use crate::contacts::directory::by_id;
use crate::contacts::matching::match_key;
use crate::judge::chunk_judge::{ChunkJudge, Known, Row};
use crate::profile::compiled::FieldIndex;
use crate::row::fold::fold_name;
use crate::row::kinds::TAGS_BETWEEN;
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::Finding;
use crate::types::kind::Kind;

/// The resolved references of a row.
#[derive(Debug, Default)]
pub struct Linked<'a> {
    /// The account that it matched.
    pub account_id: Option<&'a str>,
    /// Only its website names the account.
    pub by_website: bool,
    /// Tags, by the names of their entries.
    pub tags: Vec<String>,
    /// Ids of the entries that its fields name.
    pub ids: Vec<(FieldIndex, String)>,
}

/// One reference of a row.
struct Reference<'v> {
    field: FieldIndex,
    kind: Kind,
    /// The name in the row.
    name: &'v str,
    /// The key of the name.
    key: String,
}

/// Finds an owner, company, tag or agent, if the import checks the kind.
#[derive(Deserialize)]
struct Entry {
    #[serde(default, alias = "owner_id", alias = "company_id", alias = "login")]
    id: String,
    #[serde(default)]
    name: String,
}

impl ChunkJudge<'_> {
    /// Kinds and keys of all references of a row.
    pub(super) fn wanted_entries(&self, values: RowValues<'_>) -> impl Iterator<Item = (Kind, String)> {
        let references = self.references(values).into_iter().map(|reference| (reference.kind, reference.key));
        references.chain(self.cadence_keys(values))
    }

    fn references<'v>(&self, values: RowValues<'v>) -> Vec<Reference<'v>> {
        let mut references = Vec::new();
        for &(field, kind) in &self.profile.references {
            let value = values.get(field);
            if value.is_empty() || (kind == Kind::Agents && !self.plan.options.validate_agent) {
                continue;
            }
            let one = |name: &'v str| Reference { field, kind, name, key: key(kind, name) };
            match kind {
                Kind::Tags => references.extend(value.split(TAGS_BETWEEN).map(one)),
                _ => references.push(one(value)),
            }
        }
        references
    }

    fn cadence_keys(&self, values: RowValues<'_>) -> Vec<(Kind, String)> {
        let keys = self.profile.cadences.iter().map(|(field, kind)| match_key(*kind, values.get(*field)));
        keys.flatten().map(|key| (Kind::Cadences, key)).collect()
    }

    /// Checks all references of a row, and resolves them.
    pub(super) fn check_references(
        &self,
        row: &mut Row,
        values: RowValues<'_>,
        known: &Known<'_>,
    ) -> Result<Linked<'static>, String> {
        let mut linked = Linked::default();
        for reference in self.references(values) {
            let entries = known.entries(reference.kind, &reference.key)?;
            if let Some(finding) = self.check_reference(&reference, &entries, &mut linked) {
                row.refused |= finding.is_error();
                row.findings.push(finding);
            }
        }
        for (kind, key) in self.cadence_keys(values) {
            if !known.entries(kind, &key)?.is_empty() {
                row.findings.push(Finding::new(Code::AlreadyActive));
                break;
            }
        }
        Ok(linked)
    }

    fn check_reference(
        &self,
        reference: &Reference<'_>,
        entries: &[Entry],
        linked: &mut Linked<'_>,
    ) -> Option<Finding> {
        let field = reference.field;
        let finding = |code: Code| Finding::on(code, self.cleaner.column(field)).value(reference.name);
        let Some(first) = entries.iter().min_by(|a, b| by_id(&a.id, &b.id)) else {
            let must_exist = self.profile.fields[field].must_exist;
            if reference.kind == Kind::Tags {
                linked.tags.extend((!must_exist).then(|| reference.name.to_owned()));
            }
            return must_exist.then(|| finding(unknown(reference.kind)));
        };
        if reference.kind == Kind::Tags {
            linked.tags.push(first.name.clone());
            return None;
        }
        let several = entries.len() > 1;
        if several && reference.kind == Kind::Owners && !self.plan.options.ambiguous_first {
            return Some(finding(Code::OwnerAmbiguous));
        }
        linked.ids.push((field, first.id.clone()));
        several.then(|| {
            let others: Vec<&str> =
                entries.iter().map(|entry| entry.id.as_str()).filter(|id| *id != first.id).collect();
            let code = if reference.kind == Kind::Owners { Code::OwnerSeveral } else { Code::CompanySeveral };
            finding(code).arg("chosen", &first.id).arg("others", others.join(", "))
        })
    }
}

impl Known<'_> {
    fn entries(&self, kind: Kind, key: &str) -> Result<Vec<Entry>, String> {
        let found = self.entries.get(&(kind, key)).copied().unwrap_or_default();
        let entries = found.iter().map(|json| serde_json::from_str(json));
        entries.collect::<Result<_, _>>().map_err(|error| format!("directory: {kind}: {error}"))
    }
}

/// The key of an entry's name: owners keep their case (contract.md, "Identity").
fn key(kind: Kind, name: &str) -> String {
    if kind == Kind::Owners {
        return name.to_owned();
    }
    let mut key = String::new();
    fold_name(name, &mut key);
    key
}

fn unknown(kind: Kind) -> Code {
    match kind {
        Kind::Tags => Code::TagUnknown,
        Kind::Agents => Code::AgentUnknown,
        Kind::Owners => Code::OwnerUnknown,
        _ => Code::CompanyUnknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_numbers_are_compared_as_such() {
        for (lower, higher) in [("9", "10"), ("a", "b"), ("10", "9a"), ("07", "8")] {
            assert_eq!(by_id(lower, higher), std::cmp::Ordering::Less, "{lower} {higher}");
        }
    }
}
