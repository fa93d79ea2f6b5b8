//! Suppressions: rows that hold an address or a phone that must not be contacted, and files that say which.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::contacts::contact::Record;
use crate::contacts::directory::{DirectoryItem, MatchKey};
use crate::contacts::matching::match_key;
use crate::contacts::suppression::{email_key, phone_key, sealed};
use crate::file::cells::Cells;
use crate::judge::chunk_judge::{ChunkJudge, Known, LookupAnswers, Row};
use crate::row::cleaner::Reach;
use crate::row::values::RowValues;
use crate::types::code::Code;
use crate::types::finding::Finding;

impl ChunkJudge<'_> {
    /// Keys of every address and phone by which somebody could be reached: those of the rows, of the contacts that they
    /// would change, and of the accounts that they may match. Called only where there are suppressions.
    pub fn reach_keys(&mut self, found: &LookupAnswers) -> Vec<MatchKey> {
        let mut keys = BTreeSet::new();
        let mut cells = Cells::default();
        for index in 0..self.rows.len() {
            let row = &self.rows[index];
            let own = self
                .reaches(row, index, &mut cells)
                .into_iter()
                .filter_map(|reach| Some((Some(reach.column), match_key(reach.kind, &reach.value)?)));
            let stored = row.asked.contact.and_then(|place| found.contacts.get(place as usize)?.as_deref());
            let reach: Vec<_> = own.chain(stored_keys(stored).map(|key| (None, key))).collect();
            keys.extend(reach.iter().map(|(_, key)| key.clone()));
            self.rows[index].reach = reach;
        }
        let accounts = found.accounts.iter().flat_map(|candidates| &candidates.accounts);
        keys.extend(accounts.filter_map(|account| email_key(&account.email)));
        keys.into_iter().collect()
    }

    fn reaches(&self, row: &Row, index: usize, cells: &mut Cells) -> Vec<Reach> {
        // Of a row that is too large nothing was cleaned, and nothing is accepted.
        if row.findings.iter().any(|finding| finding.code == Code::RowTooLarge) {
            return Vec::new();
        }
        cells.parse(&self.text[row.record.0..row.record.1], self.plan.delimiter());
        let values = self.values.row(index, self.profile.fields.len());
        self.cleaner.reaches(cells, values, self.shape.kept_columns())
    }

    /// A row with a suppressed address or phone is rejected, whatever else it is; so is one that would change a contact
    /// with one.
    pub(super) fn check_suppressed(row: &mut Row, known: &Known<'_>) {
        let suppressed = known.suppressed();
        if suppressed.is_empty() {
            return;
        }
        for (column, key) in row.reach.iter().filter(|(_, key)| suppressed.has(key)) {
            let value = key.split_once(':').map_or("", |(_, value)| value);
            match column {
                Some(column) => row.findings.push(Finding::on(Code::Suppressed, column).value(value)),
                None if row.findings.iter().any(|finding| finding.code == Code::Suppressed) => {}
                None => row.findings.push(Finding::new(Code::Suppressed)),
            }
            row.refused = true;
        }
    }

    /// The id of a suppression: its identity, sealed.
    pub(super) fn suppression_id(&self, identity: &str) -> String {
        self.secret.seal(identity)
    }

    /// The entry of a suppression: its reason. Its addresses and phones are keys, sealed; those that it had stay, so
    /// that no load lets anybody be contacted again.
    pub(super) fn suppression(
        &self,
        (row, index): (&Row, usize),
        values: RowValues<'_>,
        id: String,
        before: Option<&DirectoryItem>,
    ) -> DirectoryItem {
        let mut keys: BTreeSet<String> = before.iter().flat_map(|before| before.keys.clone()).collect();
        let reaches = self.reaches(row, index, &mut Cells::default());
        let reaches = reaches.iter().filter_map(|reach| match_key(reach.kind, &reach.value));
        keys.extend(reaches.map(|key| sealed(&self.secret, &key)));
        let mut entry: Map<String, Value> =
            before.and_then(|before| serde_json::from_str(&before.json).ok()).unwrap_or_default();
        self.lay_over(&mut entry, values);
        entry.retain(|name, _| name == REASON);
        let json = serde_json::to_string(&entry).expect("plain data serialises");
        DirectoryItem { id, keys: keys.into_iter().collect(), json }
    }
}

/// The keys of a stored contact; a record that cannot be read is reported when it is judged.
fn stored_keys(record: Option<&str>) -> impl Iterator<Item = MatchKey> + use<> {
    let record = record.and_then(|record| serde_json::from_str::<Record>(record).ok()).unwrap_or_default();
    let phones: Vec<MatchKey> = record.phones.iter().filter_map(|phone| phone_key(phone)).collect();
    email_key(&record.email).into_iter().chain(phones)
}

/// The one member of a suppression's entry.
const REASON: &str = "reason";
