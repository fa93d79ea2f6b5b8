//! `/p/{program}/new/{upload}`: columns, unknown values, preview, dry run.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::object_keys::saved_mapping;
use rollcall_domain::profile::compiled::{Field, Profile};
use rollcall_domain::report::upload::UploadColumn;
use rollcall_domain::types::finding::Severity;
use rollcall_domain::types::id::{base32, sha256};
use rollcall_pipeline::preview::{Preview, PreviewRow, RowStatus};

use super::form::{Act, Chosen};
use super::frame::Frame;
use super::{render, see_other};
use crate::access::random;
use crate::api::imports::begin;
use crate::api::mappings;
use crate::api::profiles::find;
use crate::api::uploads::{CellBody, OptionsBody, PreviewAnswer, Upload};
use crate::app::App;
use crate::extract::{Form, Scope};
use crate::host::Host;
use crate::problem::{Kind, Problem, ProblemDetails};

/// Rows that a page looks at, shows at once, and columns that it shows.
const LOOKED_AT: usize = 1_000;
const SHOWN: usize = 50;
const COLUMNS: usize = 12;
/// Unknown values, and columns that are left over, that a page lists.
const LISTED: usize = 50;

#[derive(Template)]
#[template(path = "review.html")]
struct Review {
    f: Frame,
    title: String,
    action: String,
    key: String,
    left_out: String,
    kept: Vec<String>,
    problem: Option<ProblemDetails>,
    refusals: Vec<String>,
    warnings: Vec<String>,
    partial: Option<String>,
    remembered: bool,
    remember: bool,
    has_header: bool,
    missing: Option<String>,
    fields: Vec<FieldLine>,
    columns: Vec<ColumnChoice>,
    left_over: Option<String>,
    unknown: Vec<UnknownLine>,
    known: Vec<KnownList>,
    unknown_more: Option<String>,
    file: FileView,
    table: TableView,
}

/// How the file is read and what its rows mean.
struct FileView {
    open: bool,
    is_text: bool,
    delimiter: Option<String>,
    delimiters: Vec<Choice>,
    encoding: String,
    set_encoding: String,
    sheet: String,
    set_sheet: String,
    modes: Vec<Choice>,
    switches: Vec<Switch>,
}

/// The rows of the preview.
struct TableView {
    counts: String,
    partial_rows: Option<String>,
    filters: Vec<Filter>,
    page: usize,
    rows: Vec<RowLine>,
    shown: Vec<String>,
    width: usize,
    from_to: String,
    has_previous: bool,
    has_next: bool,
}

struct FieldLine {
    name: String,
    label: String,
    required: bool,
    position: u32,
    aria: String,
    hint: Option<String>,
    samples: Vec<String>,
}

struct ColumnChoice {
    position: u32,
    header: String,
}

struct UnknownLine {
    field: String,
    label: String,
    value: String,
    count: String,
    nearest: Option<String>,
    aria: String,
}

struct KnownList {
    field: String,
    values: Vec<String>,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

struct Switch {
    name: &'static str,
    value: &'static str,
    label: String,
    chosen: bool,
}

struct Filter {
    value: &'static str,
    label: String,
    count: String,
    chosen: bool,
}

struct RowLine {
    row: u64,
    tone: &'static str,
    status: String,
    aria: String,
    chosen: bool,
    cells: Vec<CellView>,
    notes: Vec<String>,
}

struct CellView {
    text: String,
    edit: Option<Edit>,
}

struct Edit {
    name: String,
    aria: String,
}

/// The page as it is first seen.
pub(super) async fn show<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    look(&app, &scope, &upload, Chosen::default(), None).await
}

/// Does what a form asks for.
pub(super) async fn act<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Form(pairs): Form,
) -> Result<Response, Problem> {
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    let mut chosen = Chosen::read(&pairs);
    match apply(&app, &scope, &upload, &mut chosen).await {
        Ok(Some(started)) => Ok(started),
        Ok(None) => look(&app, &scope, &upload, chosen, None).await,
        Err(problem) => look(&app, &scope, &upload, chosen, Some(problem)).await,
    }
}

/// Applies what was chosen; a dry run leads to its page.
async fn apply<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    chosen: &mut Chosen,
) -> Result<Option<Response>, Problem> {
    if !chosen.moved.is_empty() {
        let shown = upload.preview(&app.host, scope, chosen.options(), 0).await?.preview;
        chosen.map(&shown.columns, shown.mapping.is_some());
    }
    for (row, field, value) in std::mem::take(&mut chosen.typed) {
        let cell = CellBody { row, field, value, options: OptionsBody::default() };
        upload.type_over(&app.host, scope, cell, chosen.options()).await?;
    }
    if chosen.act != Act::DryRun {
        return Ok(None);
    }
    let mut options = chosen.options();
    if chosen.remember {
        remember(app, scope, upload, chosen).await?;
    }
    options.extend(chosen.rows());
    // The same form twice is the same import; another choice on the same page is another one.
    let said = options.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect::<String>();
    let mut key = String::new();
    base32(&sha256(&[&chosen.key, &upload.held.id, &said]), &mut key);
    let import = begin(app, scope, &upload.held.id, options, true, Some(&key)).await?;
    Ok(Some(see_other(&format!("/p/{}/imports/{import}", scope.program))))
}

async fn remember<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    chosen: &Chosen,
) -> Result<(), Problem> {
    let options = chosen.remembered();
    let shown = upload.preview(&app.host, scope, chosen.options(), 0).await?.preview;
    let Some(mapping) = shown.mapping.filter(|_| !options.is_empty()) else { return Ok(()) };
    let profile = &upload.about.profile;
    let key = saved_mapping(&scope.program, profile.as_str(), &mapping.fingerprint);
    mappings::keep(&app.host, scope, profile, &key, &options).await
}

/// Renders the page. Options that cannot be followed are told, and the file is shown without them.
async fn look<H: Host>(
    app: &App<H>,
    scope: &Scope,
    upload: &Upload,
    mut chosen: Chosen,
    mut problem: Option<Problem>,
) -> Result<Response, Problem> {
    let profile = find(&app.host, &upload.about.profile).await?;
    let profile = profile.ok_or_else(|| scope.problem(Kind::ProfileUnknown))?;
    let shown = match upload.preview(&app.host, scope, chosen.options(), LOOKED_AT).await {
        Ok(shown) => shown,
        Err(failed) if failed.kind == Kind::OptionsInvalid => {
            chosen = Chosen { left_out: chosen.left_out, filter: chosen.filter, ..Chosen::default() };
            problem = problem.or(Some(failed));
            upload.preview(&app.host, scope, Vec::new(), LOOKED_AT).await?
        }
        Err(failed) => return Err(failed),
    };
    let back = format!("/p/{}/new/{}", scope.program, upload.held.id);
    let view = View { f: Frame::of(scope, "new", &back), profile: &profile, shown: &shown, chosen: &chosen };
    render(&view.page(&upload.about.file, back, problem))
}

/// What a page is made of.
struct View<'a> {
    f: Frame,
    profile: &'a Profile,
    shown: &'a PreviewAnswer,
    chosen: &'a Chosen,
}

impl View<'_> {
    fn page(self, file: &str, action: String, problem: Option<Problem>) -> Review {
        let (f, preview) = (&self.f, &self.shown.preview);
        let (unknown, unknown_more) = self.unknown();
        let lines = |findings: &[FindingJson]| findings.iter().map(|one| self.line(one)).collect::<Vec<_>>();
        Review {
            title: f.fill(&f.w.check_file, &[("file", file)]),
            action,
            key: random(),
            left_out: self.chosen.left_out_text(),
            kept: self.chosen.kept.iter().filter_map(|pair| serde_json::to_string(pair).ok()).collect(),
            problem: problem.map(|problem| problem.in_language(f.locale).details()),
            refusals: lines(&preview.verdict.errors),
            warnings: lines(&preview.verdict.warnings),
            partial: self.partial(),
            remembered: preview.mapping.as_ref().is_some_and(|mapping| mapping.saved),
            remember: self.chosen.remember,
            has_header: preview.mapping.is_some(),
            missing: self.missing(),
            fields: self.profile.fields.iter().map(|field| self.field(field)).collect(),
            columns: preview.columns.iter().map(choice).collect(),
            left_over: self.left_over(),
            known: self.known(&unknown),
            unknown,
            unknown_more,
            file: self.file(),
            table: self.table(),
            f: self.f,
        }
    }

    fn file(&self) -> FileView {
        let preview = self.preview();
        let set = |name: &str| self.chosen.set.get(name).cloned().unwrap_or_default();
        let sign = |sign: &str| if sign == "\t" { self.f.w.tab.clone() } else { sign.to_owned() };
        FileView {
            open: self.chosen.set.values().any(|value| !value.is_empty() && value != "upsert"),
            is_text: preview.sheet.is_none(),
            delimiter: preview.delimiter.as_deref().map(sign),
            delimiters: self.delimiters(),
            encoding: preview.encoding.clone().unwrap_or_default(),
            set_encoding: set("encoding"),
            sheet: preview.sheet.clone().unwrap_or_default(),
            set_sheet: set("sheet"),
            modes: self.modes(),
            switches: self.switches(),
        }
    }

    fn table(&self) -> TableView {
        let (f, preview) = (&self.f, self.preview());
        let chosen: Vec<&PreviewRow> = preview.rows.iter().filter(|row| self.is_shown(row)).collect();
        let pages = chosen.len().div_ceil(SHOWN);
        let page = match self.chosen.act {
            Act::Next => self.chosen.page + 1,
            Act::Previous => self.chosen.page.saturating_sub(1),
            _ => self.chosen.page,
        };
        let page = page.min(pages.saturating_sub(1));
        let columns = self.columns_shown();
        let part: Vec<&PreviewRow> = chosen.iter().copied().skip(page * SHOWN).take(SHOWN).collect();
        let number = |number: usize| f.number(number as u64);
        let (from, to) = (page * SHOWN + usize::from(!part.is_empty()), page * SHOWN + part.len());
        let slots = [("from", &*number(from)), ("to", &*number(to)), ("all", &*number(chosen.len()))];
        let looked_at = number(LOOKED_AT);
        let partial = || f.fill(&f.w.partial_rows, &[("rows", &looked_at)]);
        TableView {
            counts: self.counts(),
            partial_rows: (preview.rows.len() >= LOOKED_AT).then(partial),
            filters: self.filters(),
            page,
            width: columns.len() + 1,
            shown: columns.iter().map(|column| self.column_title(column)).collect(),
            rows: part.iter().map(|row| self.row(row, &columns)).collect(),
            from_to: f.fill(&f.w.rows_from_to, &slots),
            has_previous: page > 0,
            has_next: page + 1 < pages,
        }
    }

    fn preview(&self) -> &Preview {
        &self.shown.preview
    }

    /// A finding as a line in the reader's language.
    fn line(&self, finding: &FindingJson) -> String {
        let message = finding.messages.get(self.f.locale);
        let label = finding.column.as_ref().map(|column| self.label(&column.name));
        let text = label.map_or_else(|| message.to_owned(), |label| format!("{label}: {message}"));
        match &finding.suggestion {
            Some(suggestion) if !text.contains(suggestion.as_str()) => format!("{text} ({suggestion})"),
            _ => text,
        }
    }

    fn label(&self, field: &str) -> String {
        let known =
            self.profile.field(field).map(|at| self.profile.fields[at].label(self.f.locale).to_owned());
        known.unwrap_or_else(|| field.to_owned())
    }

    fn column_title(&self, column: &UploadColumn) -> String {
        column.field.as_deref().map_or_else(|| column.header.clone(), |field| self.label(field))
    }

    fn partial(&self) -> Option<String> {
        let partial = self.shown.partial?;
        let size = |bytes: u64| format!("{} MB", self.f.number(bytes.div_ceil(1_000_000)));
        let (read, all) = (size(partial.bytes_read), size(partial.bytes));
        Some(self.f.fill(&self.f.w.partial_bytes, &[("read", &read), ("all", &all)]))
    }

    fn missing(&self) -> Option<String> {
        let missing = &self.preview().missing;
        let labels: Vec<String> = missing
            .iter()
            .map(|names| names.split(", ").map(|name| self.label(name)).collect::<Vec<_>>().join(" / "))
            .collect();
        (!missing.is_empty()).then(|| self.f.fill(&self.f.w.missing, &[("fields", &labels.join(", "))]))
    }

    fn field(&self, field: &Field) -> FieldLine {
        let columns = &self.preview().columns;
        let fills = |column: &&UploadColumn| {
            column.field.as_deref() == Some(&*field.name)
                || column.fields.iter().any(|filled| **filled == *field.name)
        };
        let column = columns.iter().find(fills);
        let near = columns
            .iter()
            .find(|column| column.hint.as_deref() == Some(&*field.name) && column.field.is_none());
        let near = near.filter(|_| column.is_none());
        let label = field.label(self.f.locale).to_owned();
        FieldLine {
            name: field.name.to_string(),
            required: field.required,
            position: column.map_or(0, |column| column.position),
            aria: self.f.fill(&self.f.w.column_of, &[("field", &label)]),
            hint: near.map(|column| self.f.fill(&self.f.w.suggested, &[("column", &column.header)])),
            samples: column.map(|column| self.samples(column)).unwrap_or_default(),
            label,
        }
    }

    /// The first three values of a column that are filled and different.
    fn samples(&self, column: &UploadColumn) -> Vec<String> {
        let mut samples: Vec<String> = Vec::new();
        for row in &self.preview().rows {
            let cell = cell(row, column).trim();
            if !cell.is_empty() && samples.iter().all(|known| known != cell) {
                samples.push(shortened(cell));
            }
            if samples.len() == 3 {
                break;
            }
        }
        samples
    }

    fn left_over(&self) -> Option<String> {
        let left =
            self.preview().columns.iter().filter(|column| column.field.is_none() && column.fields.is_empty());
        let left: Vec<&str> =
            left.map(|column| column.header.as_str()).filter(|header| !header.trim().is_empty()).collect();
        let mut listed: Vec<String> = left.iter().take(LISTED).map(|header| shortened(header)).collect();
        if left.len() > LISTED {
            listed.push(self.more(left.len() - LISTED));
        }
        (!left.is_empty()).then(|| self.f.fill(&self.f.w.left_over, &[("columns", &listed.join(", "))]))
    }

    fn more(&self, count: usize) -> String {
        self.f.fill(&self.f.w.and_more, &[("count", &self.f.number(count as u64))])
    }

    fn unknown(&self) -> (Vec<UnknownLine>, Option<String>) {
        let of_field = |(field, values): (&String, &Vec<rollcall_pipeline::preview::UnknownValue>)| {
            values.iter().map(|value| (field.clone(), value.clone())).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.preview().unknown_values.iter().flat_map(of_field).collect();
        all.sort_by_key(|(_, value)| std::cmp::Reverse(value.count));
        let more = (all.len() > LISTED).then(|| self.more(all.len() - LISTED));
        let line = |(field, value): (String, rollcall_pipeline::preview::UnknownValue)| {
            let label = self.label(&field);
            let aria = self.f.fill(&self.f.w.meaning_of, &[("value", &value.value), ("field", &label)]);
            UnknownLine {
                field,
                label,
                count: self.f.number(value.count),
                value: value.value,
                nearest: value.nearest,
                aria,
            }
        };
        (all.into_iter().take(LISTED).map(line).collect(), more)
    }

    /// The values that a field takes, as far as they are at hand.
    fn known(&self, unknown: &[UnknownLine]) -> Vec<KnownList> {
        let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for line in unknown {
            let values = lists.entry(&line.field).or_insert_with(|| {
                self.profile
                    .field(&line.field)
                    .map(|at| self.profile.fields[at].values.clone())
                    .unwrap_or_default()
            });
            values.extend(line.nearest.clone().filter(|nearest| !values.contains(nearest)));
        }
        lists.into_iter().map(|(field, values)| KnownList { field: field.to_owned(), values }).collect()
    }

    fn delimiters(&self) -> Vec<Choice> {
        let set = self.chosen.set.get("delimiter").map_or("", String::as_str);
        let choice = |value: &'static str| Choice {
            value,
            label: if value == "tab" { self.f.w.tab.clone() } else { value.to_owned() },
            chosen: set == value,
        };
        [",", ";", "|", "^", "tab"].map(choice).into()
    }

    fn modes(&self) -> Vec<Choice> {
        let set = self.chosen.set.get("mode").map_or("upsert", String::as_str);
        let w = self.f.w;
        let choice = |(value, label): (&'static str, &String)| Choice {
            value,
            label: label.clone(),
            chosen: set == value,
        };
        [("upsert", &w.mode_upsert), ("create", &w.mode_create), ("update", &w.mode_update)]
            .map(choice)
            .into()
    }

    fn switches(&self) -> Vec<Switch> {
        let switch = |name: &'static str, value: &'static str, label: &String| Switch {
            name,
            value,
            label: label.clone(),
            chosen: self.chosen.set.get(name).is_some_and(|set| set == value),
        };
        let w = self.f.w;
        let mut switches = vec![switch("invalid_optional", "drop", &w.drop_invalid)];
        if self.profile.repeat.allowable {
            switches.push(switch("allow_duplicates", "true", &w.allow_duplicates));
        }
        if self.profile.offers_replace() {
            switches.push(switch("replace", "true", &w.replace));
        }
        switches
    }

    fn count(&self, status: RowStatus) -> usize {
        self.preview().rows.iter().filter(|row| row.status == status).count()
    }

    fn counts(&self) -> String {
        let number = |count: usize| self.f.number(count as u64);
        let slots = [
            ("rows", number(self.preview().rows.len())),
            ("new", number(self.count(RowStatus::Absent))),
            ("exists", number(self.count(RowStatus::Exists))),
            ("active", number(self.count(RowStatus::Active))),
            ("error", number(self.count(RowStatus::Error))),
        ];
        let slots: Vec<(&str, &str)> = slots.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.f.fill(&self.f.w.counts, &slots)
    }

    fn filters(&self) -> Vec<Filter> {
        let w = self.f.w;
        let filter = |value: &'static str, label: &String, count: usize| Filter {
            value,
            label: label.clone(),
            count: self.f.number(count as u64),
            chosen: self.filter() == value,
        };
        vec![
            filter("all", &w.all, self.preview().rows.len()),
            filter("new", &w.new, self.count(RowStatus::Absent)),
            filter("exists", &w.exists, self.count(RowStatus::Exists)),
            filter("active", &w.active, self.count(RowStatus::Active)),
            filter("error", &w.error, self.count(RowStatus::Error)),
        ]
    }

    fn filter(&self) -> &str {
        match self.chosen.filter.as_str() {
            known @ ("new" | "exists" | "active" | "error") => known,
            _ => "all",
        }
    }

    fn is_shown(&self, row: &PreviewRow) -> bool {
        matches!(self.filter(), "all") || word(row.status) == self.filter()
    }

    /// The columns of the table: those that fill fields first, of a file without any the first ones.
    fn columns_shown(&self) -> Vec<&UploadColumn> {
        let columns = &self.preview().columns;
        let mapped: Vec<&UploadColumn> =
            columns.iter().filter(|column| column.field.is_some()).take(COLUMNS).collect();
        if mapped.is_empty() { columns.iter().take(COLUMNS).collect() } else { mapped }
    }

    fn row(&self, row: &PreviewRow, columns: &[&UploadColumn]) -> RowLine {
        let w = self.f.w;
        let accepted = self.preview().verdict.accepted;
        let status = match row.status {
            RowStatus::Absent => &w.new,
            RowStatus::Exists => &w.exists,
            RowStatus::Active => &w.active,
            RowStatus::Error => &w.error,
        };
        let view = |column: &&UploadColumn| {
            let edit = column.field.as_ref().filter(|_| accepted && is_wrong(row, column)).map(|field| {
                let (label, number) = (self.label(field), row.row.to_string());
                let aria = self.f.fill(&w.type_over, &[("field", &label), ("row", &number)]);
                Edit { name: format!("{}.{field}", row.row), aria }
            });
            let text = cell(row, column);
            CellView { text: if edit.is_some() { text.to_owned() } else { shortened(text) }, edit }
        };
        RowLine {
            row: row.row,
            tone: match row.status {
                RowStatus::Absent => "good",
                RowStatus::Exists => "plain",
                RowStatus::Active => "mixed",
                RowStatus::Error => "bad",
            },
            status: status.clone(),
            aria: self.f.fill(&w.take_row, &[("row", &row.row.to_string())]),
            chosen: !self.chosen.left_out.contains(&row.row),
            cells: columns.iter().map(view).collect(),
            notes: row.findings.iter().map(|finding| self.line(finding)).collect(),
        }
    }
}

fn choice(column: &UploadColumn) -> ColumnChoice {
    let header = if column.header.trim().is_empty() {
        format!("({})", column.position)
    } else {
        shortened(&column.header)
    };
    ColumnChoice { position: column.position, header }
}

fn word(status: RowStatus) -> &'static str {
    match status {
        RowStatus::Absent => "new",
        other => other.as_str(),
    }
}

fn cell<'a>(row: &'a PreviewRow, column: &UploadColumn) -> &'a str {
    row.cells.get(column.position as usize - 1).map_or("", String::as_str)
}

/// Whether an error of a row is about a column: then its cell can be typed over.
fn is_wrong(row: &PreviewRow, column: &UploadColumn) -> bool {
    row.status == RowStatus::Error
        && row.findings.iter().any(|finding| {
            let about = finding.column.as_ref().is_some_and(|at| {
                at.position == Some(column.position) || column.field.as_deref() == Some(&*at.name)
            });
            about && finding.severity == Severity::Error
        })
}

/// A text that fits into a table.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
