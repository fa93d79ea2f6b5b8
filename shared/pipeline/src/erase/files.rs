//! The files of one import: which of them have rows of a contact, and how these are emptied.

use rollcall_domain::judge::undo::UndoResult;
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_domain::report::summary::Summary;
use rollcall_domain::result::chunk_result::ChunkResult;
use rollcall_domain::result::traces::Traces;

use crate::artifacts::{read_plan, read_upload};
use crate::assemble::workbook::ResultWorkbook;
use crate::erase::csv::{Csv, PIECE};
use crate::fault::Fault;
use crate::finalize::write_report;
use crate::ports::{Answer, ObjectWriter, Objects};

const DOING: &str = "erasing a contact";

/// The files of one import.
pub(super) struct Files<'a, O> {
    objects: &'a O,
    artifacts: Artifacts,
    keys: Vec<String>,
    traces: &'a Traces,
    plan: Option<Plan>,
    summary: Option<Summary>,
}

impl<'a, O: Objects> Files<'a, O> {
    pub(super) async fn open(
        objects: &'a O,
        artifacts: Artifacts,
        keys: Vec<String>,
        traces: &'a Traces,
    ) -> Answer<Self> {
        let plan = read_plan(objects, &artifacts).await?;
        let summary = match objects.get(&artifacts.summary()).await? {
            Some(json) => {
                serde_json::from_slice(&json).map(Some).map_err(|error| Fault::damaged(DOING, error))?
            }
            None => None,
        };
        Ok(Self { objects, artifacts, keys, traces, plan, summary })
    }

    /// Whether the import is over: nobody reads its working files any more.
    pub(super) fn is_over(&self) -> bool {
        self.summary.is_some()
    }

    /// The plan, as far as it is emptied.
    pub(super) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Whether its chunks and its report can be written again.
    pub(super) fn has_plan(&self) -> bool {
        let needs = |key: &String| self.is_chunk(key) || *key == self.artifacts.report();
        self.plan.is_some() || !self.keys.iter().any(needs)
    }

    /// The files that have rows of the contact.
    pub(super) async fn find(&mut self) -> Answer<Vec<String>> {
        let mut found = Vec::new();
        for key in self.keys.clone() {
            if self.has_rows(&key).await? {
                found.push(key);
            }
        }
        // A workbook is packed: it has what its CSV has.
        for (csv, workbook) in self.workbooks() {
            if found.contains(&csv) && self.keys.contains(&workbook) {
                found.push(workbook);
            }
        }
        Ok(found)
    }

    async fn has_rows(&self, key: &str) -> Answer<bool> {
        if key.ends_with(".csv") {
            return Ok(self.rows_of_csv(key, true).await?.is_some());
        }
        if self.is_chunk(key) && self.plan.is_some() {
            return Ok(self.emptied_chunk(key).await?.is_some());
        }
        shows(self.objects, key, self.traces).await
    }

    /// Empties the rows in these files; answers which were written again.
    ///
    /// Documents whose values are known by the rows' numbers come first, the CSV files that tell the numbers last: a run
    /// that is cut short finds what is left.
    pub(super) async fn empty(&mut self, found: Vec<String>) -> Answer<Vec<String>> {
        let mut rows = Vec::new();
        for key in found.iter().filter(|key| key.ends_with(".csv")) {
            rows.extend(self.rows_of_csv(key, false).await?.unwrap_or_default());
        }
        let mut emptied = self.empty_documents(&found, &rows).await?;
        for (csv, workbook) in self.workbooks() {
            if found.contains(&workbook) {
                self.write_workbook(&csv, &workbook).await?;
            }
        }
        for key in found.iter().filter(|key| self.is_chunk(key)) {
            if let Some(chunk) = self.emptied_chunk(key).await? {
                self.objects.put(key, chunk).await?;
            }
        }
        for key in found.iter().filter(|key| key.ends_with(".csv")) {
            self.empty_csv(key).await?;
        }
        emptied.extend(found);
        emptied.sort();
        emptied.dedup();
        Ok(emptied)
    }

    /// Empties the plan, the options, the summary and the report; answers which were written again. The plan, which
    /// tells what was typed over, comes last.
    async fn empty_documents(&mut self, found: &[String], rows: &[u64]) -> Answer<Vec<String>> {
        let types_over = |plan: &&mut Plan| plan.options.cells.iter().any(|cell| rows.contains(&cell.row));
        let mut emptied = Vec::new();
        let typed = match self.plan.as_mut().filter(types_over) {
            Some(plan) => {
                plan.options.cells.retain(|cell| !rows.contains(&cell.row));
                forget_typed(self.objects, &self.artifacts, plan).await?;
                emptied.extend([self.artifacts.plan(), self.artifacts.sidecar(), self.artifacts.upload()]);
                true
            }
            None => false,
        };
        let (report, summary_key) = (self.artifacts.report(), self.artifacts.summary());
        let is_text = |key: &&String| {
            [".json", ".toml"].iter().any(|ending| key.ends_with(ending)) && **key != summary_key
        };
        for key in found.iter().filter(is_text) {
            if let Some(bytes) = self.objects.get(key).await? {
                self.objects.put(key, self.traces.taken_out(&bytes)).await?;
            }
        }
        if let (Some(plan), Some(summary)) = (&self.plan, &mut self.summary) {
            let counts = summary.errors.iter_mut().chain(&mut summary.warnings);
            let forgot = counts.map(|count| count.forget_values(rows)).fold(typed, |any, one| any | one);
            if forgot || found.contains(&report) || found.contains(&summary_key) {
                write_report(self.objects, &self.artifacts, plan, summary).await?;
                let json = summary.to_json().into_bytes();
                self.objects.put(&summary_key, self.traces.taken_out(&json)).await?;
                emptied.extend([report, summary_key]);
            }
        }
        if let Some(plan) = self.plan.as_ref().filter(|_| typed) {
            self.objects.put(&self.artifacts.plan(), self.traces.taken_out(&plan.to_json())).await?;
        }
        Ok(emptied)
    }

    fn is_chunk(&self, key: &str) -> bool {
        self.number_of(key).is_some()
    }

    fn number_of(&self, key: &str) -> Option<u32> {
        key.strip_prefix(self.artifacts.folder())?.strip_prefix("/chunks/")?.parse().ok()
    }

    /// A chunk result without the contact, as it is stored; `None` where it has none of it.
    async fn emptied_chunk(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        let found = self.plan.as_ref().zip(self.number_of(key)).zip(self.objects.get(key).await?);
        let Some(((plan, number), bytes)) = found else { return Ok(None) };
        let damaged = |error: String| Fault::damaged(DOING, error);
        if plan.undoes.is_some() {
            let result = UndoResult::from_json(&bytes).map_err(damaged)?;
            return Ok(result.without(self.traces, plan.delimiter()).map(|result| result.to_json()));
        }
        let chunk = ChunkResult::from_bytes(&bytes).map_err(damaged)?;
        let width = plan.mapping.sender().columns.len();
        let emptied = self.traces.empty_chunk(&chunk, plan.delimiter(), width);
        Ok(emptied.map(|chunk| chunk.to_parts(&plan.import_id, number).concat()))
    }

    fn workbooks(&self) -> [(String, String); 2] {
        let artifacts = &self.artifacts;
        [
            (artifacts.succeeded(), artifacts.succeeded_workbook()),
            (artifacts.failed(), artifacts.failed_workbook()),
        ]
    }

    /// The numbers of the contact's rows in a CSV file, `None` where it has none; `first` is enough to know that.
    async fn rows_of_csv(&self, key: &str, first: bool) -> Answer<Option<Vec<u64>>> {
        let Some(object) = self.objects.describe(key).await? else { return Ok(None) };
        let mut csv = Csv::open(self.objects, &object).await?;
        let (mut rows, mut any) = (Vec::new(), false);
        while let Some(lines) = csv.next().await? {
            let emptied = self.traces.empty(&lines, csv.delimiter, &csv.columns);
            any |= !emptied.rows.is_empty();
            rows.extend(emptied.rows.into_iter().filter(|row| *row > 0));
            if any && first {
                break;
            }
        }
        Ok(any.then_some(rows))
    }

    async fn empty_csv(&self, key: &str) -> Answer<()> {
        let Some(object) = self.objects.describe(key).await? else { return Ok(()) };
        let mut csv = Csv::open(self.objects, &object).await?;
        let mut writer = self.objects.create(key).await?;
        writer.write(&csv.header).await?;
        while let Some(lines) = csv.next().await? {
            writer.write(&self.traces.empty(&lines, csv.delimiter, &csv.columns).bytes).await?;
        }
        writer.finish().await
    }

    /// Writes a workbook again, from its CSV file, in which the rows may still stand.
    async fn write_workbook(&self, csv: &str, workbook: &str) -> Answer<()> {
        let Some(object) = self.objects.describe(csv).await? else { return Ok(()) };
        let mut csv = Csv::open(self.objects, &object).await?;
        let mut file = ResultWorkbook::begin(self.objects, workbook, &csv.header, csv.delimiter).await?;
        while let Some(lines) = csv.next().await? {
            let Some(open) = file else { return Ok(()) };
            file = open.add(&self.traces.empty(&lines, csv.delimiter, &csv.columns).bytes).await?;
        }
        match file {
            Some(file) => file.finish().await,
            None => Ok(()),
        }
    }
}

/// Takes cells that were typed over out of the options as they were given and as they are shown; the plan has none of
/// them any more.
async fn forget_typed(objects: &impl Objects, artifacts: &Artifacts, plan: &Plan) -> Answer<()> {
    objects.put(&artifacts.sidecar(), Vec::new()).await?;
    let Some(mut upload) = read_upload(objects, artifacts).await? else { return Ok(()) };
    upload.options.remove("cells");
    if !plan.options.cells.is_empty() {
        let rest = serde_json::to_value(&plan.options.cells).expect("plain data serialises");
        upload.options.insert("cells".to_owned(), rest);
    }
    objects.put(&artifacts.upload(), upload.to_json().into_bytes()).await
}

/// Whether the bytes of an object show the contact.
pub(super) async fn shows(objects: &impl Objects, key: &str, traces: &Traces) -> Answer<bool> {
    let Some(object) = objects.describe(key).await? else { return Ok(false) };
    let (mut at, mut rest) = (0, Vec::new());
    while at < object.len {
        let piece = objects.read(&object, at..object.len.min(at + PIECE)).await?;
        at += piece.len().max(1) as u64;
        rest.extend_from_slice(&piece);
        if traces.are_in(&rest) {
            return Ok(true);
        }
        // A text may be on both sides of a border.
        let kept = rest.len().saturating_sub(traces.longest());
        rest.drain(..kept);
    }
    Ok(false)
}
