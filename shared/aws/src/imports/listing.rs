//! Imports of a program: under `imports#<program>` an item for each, by id, which begins with the time of the drop.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::types::names::{ImportId, ProgramName};
use rollcall_pipeline::ports::{Answer, ImportItem, Imports};

use super::{EXPIRES, ImportsTable, key};
use crate::fault::fault;
use crate::table::{Item, PK, SK, number, text, text_of};

/// Imports that are read at the same time.
const AT_A_TIME: usize = 16;

fn partition(program: &ProgramName) -> String {
    format!("imports#{program}")
}

impl ImportsTable {
    /// The entry of a new import in the list of its program.
    pub(super) fn of_program(&self, item: &ImportItem) -> Item {
        let mut entry = key(&partition(&item.program), item.import_id.as_str());
        entry.extend(self.expires().map(|at| (EXPIRES.to_owned(), number(at))));
        entry
    }

    /// Imports of a program, the newest first: those before an id where one is given. Imports that began before this
    /// list was kept are not in it.
    ///
    /// # Errors
    /// Where DynamoDB cannot be reached.
    pub async fn imports_of(
        &self,
        program: &ProgramName,
        before: Option<&ImportId>,
        limit: usize,
    ) -> Answer<Vec<ImportItem>> {
        let query = self.0.client.query().table_name(&self.0.name).consistent_read(true);
        let query = query.scan_index_forward(false).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = query.expression_attribute_names("#pk", PK);
        let query = query.expression_attribute_values(":program", text(partition(program)));
        let query = match before {
            None => query.key_condition_expression("#pk = :program"),
            Some(before) => query
                .key_condition_expression("#pk = :program AND #sk < :before")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":before", AttributeValue::S(before.to_string())),
        };
        let found = query.send().await.map_err(|error| fault("listing imports", error))?;
        let ids = found.items().iter().filter_map(|item| ImportId::parse(text_of(item, SK)?).ok());
        let read = ids.map(|import| async move { self.get(&import).await }).collect::<Vec<_>>();
        let items: Vec<Option<ImportItem>> = stream::iter(read).buffered(AT_A_TIME).try_collect().await?;
        Ok(items.into_iter().flatten().collect())
    }
}
