//! Values that are not known: no entry of the directory, and no choice of their field. Each has its count and the nearest
//! known value, so that a sender can say what is meant.

use std::collections::BTreeMap;

use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::profile::compiled::Field;
use rollcall_domain::row::fold::fold_name;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::field_kind::FieldKind;
use rollcall_domain::types::kind::Kind;
use rollcall_domain::types::names::ProgramName;
use serde::{Deserialize, Serialize};

use crate::artifacts::Loaded;
use crate::ports::{Answer, Directory};

/// A value that is not known: no entry of the directory, and no choice of its field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownValue {
    /// The value as sent.
    pub value: String,
    /// In how many of the rows looked at it stands.
    pub count: u64,
    /// The known value that it resembles most; null where none does, or the known ones are not at hand.
    pub nearest: Option<String>,
}

/// The unknown values of the rows looked at, by field.
#[derive(Default)]
pub struct UnknownValues(BTreeMap<String, Found>);

/// The unknown values of a field.
#[derive(Default)]
struct Found {
    /// What the directory calls such values; none of a choice.
    kind: Option<Kind>,
    /// In the order in which they were found: their place, by value. Names that differ in case only are one.
    places: BTreeMap<String, usize>,
    values: Vec<UnknownValue>,
}

/// Entries of a kind among which the nearest is looked for, at most.
const MOST_ENTRIES: usize = 10_000;
/// Comparisons for one field, at most; later values have no nearest one.
const MOST_COMPARED: usize = 2_000_000;
/// Names that are less alike are not meant.
const ALIKE: f64 = 0.8;

impl UnknownValues {
    /// Counts a value, if the finding says that it is not known.
    pub fn note(&mut self, finding: &FindingJson) {
        let kind = match finding.code {
            Code::GroupUnknown => Some(Kind::Groups),
            Code::TagUnknown => Some(Kind::Tags),
            Code::AgentUnknown => Some(Kind::Agents),
            Code::OwnerUnknown => Some(Kind::Owners),
            Code::CompanyUnknown => Some(Kind::Companies),
            Code::ValueUnknown => None,
            _ => return,
        };
        let Some((column, value)) = finding.column.as_ref().zip(finding.value.as_ref()) else { return };
        let found = self.0.entry(column.name.to_string()).or_default();
        found.kind = kind;
        let mut key = String::new();
        fold_name(value, &mut key);
        if let Some(place) = found.places.get(&key) {
            found.values[*place].count += 1;
            return;
        }
        found.places.insert(key, found.values.len());
        let (value, nearest) = (value.clone(), finding.suggestion.clone());
        found.values.push(UnknownValue { value, count: 1, nearest });
    }

    /// The values with the nearest known ones.
    pub async fn with_nearest(
        self,
        directory: &impl Directory,
        loaded: &Loaded,
    ) -> Answer<BTreeMap<String, Vec<UnknownValue>>> {
        let mut named = BTreeMap::new();
        for (field, found) in self.0 {
            let known = match found.kind {
                Some(kind) => directory.list(&loaded.plan.program, kind, MOST_ENTRIES).await?,
                None => None,
            };
            let known = KnownNames::of(known.unwrap_or_default());
            let mut values = found.values;
            for value in values.iter_mut().take(known.affordable()).filter(|value| value.nearest.is_none()) {
                let choice = loaded.profile.nearest_value(&field, &value.value);
                value.nearest = choice.or_else(|| known.nearest(&value.value));
            }
            named.insert(field, values);
        }
        Ok(named)
    }
}

/// The values that a field may have: its choices, or what the directory has of its kind, by name. `None` where there are
/// more than so many, or where nobody can say.
///
/// # Errors
/// Where the directory cannot be read.
pub async fn known_values(
    directory: &impl Directory,
    program: &ProgramName,
    field: &Field,
    most: usize,
) -> Answer<Option<Vec<String>>> {
    let kind = match field.kind {
        FieldKind::Group => Kind::Groups,
        FieldKind::Tags => Kind::Tags,
        FieldKind::Agent => Kind::Agents,
        FieldKind::Owner => Kind::Owners,
        FieldKind::Company => Kind::Companies,
        _ => return Ok((field.values.len() <= most).then(|| field.values.clone())),
    };
    let Some(entries) = directory.list(program, kind, most).await? else { return Ok(None) };
    let mut names: Vec<String> = KnownNames::of(entries).0.into_iter().map(|(_, name)| name).collect();
    names.sort();
    names.dedup();
    Ok(Some(names))
}

/// The names of a kind: folded, and as the directory has them.
struct KnownNames(Vec<(String, String)>);

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    login: String,
}

impl KnownNames {
    fn of(entries: Vec<String>) -> Self {
        let entries = entries.iter().filter_map(|json| serde_json::from_str::<Entry>(json).ok());
        // A row names an agent by the login.
        let names = entries.map(|entry| if entry.login.is_empty() { entry.name } else { entry.login });
        Self(names.map(|name| (folded(&name), name)).collect())
    }

    fn affordable(&self) -> usize {
        MOST_COMPARED / self.0.len().max(1)
    }

    /// The most similar name; of equally similar ones the first in the order of names.
    fn nearest(&self, value: &str) -> Option<String> {
        let value = folded(value);
        let alike = self.0.iter().map(|(known, name)| (strsim::jaro_winkler(&value, known), name));
        let best = alike.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
        (best.0 >= ALIKE).then(|| best.1.clone())
    }
}

/// A name as names are compared, cut where it is longer than names are.
fn folded(name: &str) -> String {
    let mut out = String::new();
    fold_name(name, &mut out);
    out.chars().take(64).collect()
}
