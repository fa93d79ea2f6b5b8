//! Files that wait for their import: where they are sent, their preview, and cells that were typed over.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use rollcall_domain::messages::localized::FindingJson;
use rollcall_domain::plan::object_keys::{Drop, DropTarget, Held, object_name};
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::toml_table;
use rollcall_domain::types::id::base32;
use rollcall_domain::types::limits;
use rollcall_domain::types::names::{ProfileName, ProgramName};
use rollcall_pipeline::ports::{ObjectVersion, ObjectWriter, Objects};
use rollcall_pipeline::preview::{Preview, PreviewRow};
use rollcall_pipeline::request::new_item;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::openapi::Refusals;
use crate::api::profiles::find;
use crate::app::App;
use crate::beginning::{Beginning, Partial};
use crate::extract::{Body, Scope};
use crate::host::{Host, Target};
use crate::problem::{Kind, Problem};

/// A file that is to be uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadBody {
    /// Its name.
    #[schema(min_length = 1, max_length = 1000)]
    pub file: String,
    /// The profile that it is for.
    pub profile: String,
    /// Its length in bytes, where it is known.
    #[serde(default)]
    pub size: Option<u64>,
}

/// Where a file is sent to.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadAnswer {
    /// The upload's id.
    pub upload_id: String,
    /// The request that sends the bytes.
    pub put: PutTarget,
}

/// A request that sends bytes.
#[derive(Debug, Serialize, ToSchema)]
pub struct PutTarget {
    /// The address.
    pub url: String,
    /// Headers that it must have.
    pub headers: std::collections::BTreeMap<String, String>,
}

/// What was said of a file before it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) file: String,
    pub(crate) profile: ProfileName,
}

/// Options of an import by name: `delimiter`, `map`, `value`, `rows` and others.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub struct OptionsBody(pub serde_json::Map<String, serde_json::Value>);

/// The options as names and values.
pub(crate) fn pairs(options: &OptionsBody) -> Result<Vec<(String, String)>, String> {
    let table = toml::Table::try_from(&options.0).map_err(|_| "null is no option's value".to_owned())?;
    toml_table::pairs(&table)
}

/// How a file is to be looked at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PreviewBody {
    /// Options as the import would have them.
    pub options: OptionsBody,
    /// How many rows are shown: 100 where it is not said.
    #[schema(minimum = 0, maximum = 5000)]
    pub rows: Option<u32>,
}

/// The preview of an upload: that of `rollcall preview --json`, and how much of the file was read for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewAnswer {
    /// The members of a preview.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub preview: Preview,
    /// How much of a large file was read; left out where it was all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// A cell that is typed over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CellBody {
    /// The row, as the preview numbers it.
    #[schema(minimum = 1)]
    pub row: u64,
    /// The field.
    pub field: String,
    /// The new value of the cell.
    #[schema(max_length = 32767)]
    pub value: String,
    /// Options of the preview that it is judged under.
    #[serde(default, skip_serializing)]
    pub options: OptionsBody,
}

/// A change of the cells up to which all are there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    change: u64,
}

/// Cells that were typed over in one version of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Patch {
    version: String,
    cells: Vec<CellBody>,
}

/// The row as it is judged now.
#[derive(Debug, Serialize, ToSchema)]
pub struct CellAnswer {
    /// The row of a preview.
    #[schema(value_type = Object)]
    pub row: PreviewRow,
}

/// Rows that are judged for a preview, at most.
pub(crate) const MOST_ROWS: usize = 5_000;
const USUAL_ROWS: u32 = 100;
/// Cells that are typed over in one file, at most.
const MOST_CELLS: usize = 10_000;
/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Begins an upload.
#[utoipa::path(post, path = "/api/programs/{program}/uploads", tag = "uploads",
    params(("program" = String, Path, description = "The program.")),
    request_body = UploadBody,
    responses((status = 201, description = "Where the bytes go.", body = UploadAnswer), Refusals))]
pub async fn begin<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Body(body): Body<UploadBody>,
) -> Result<(StatusCode, Json<UploadAnswer>), Problem> {
    let unknown = || scope.problem(Kind::ProfileUnknown);
    let profile = ProfileName::parse(&body.profile).map_err(|_| unknown())?;
    find(&app.host, &profile).await?.ok_or_else(unknown)?;
    if body.size.is_some_and(|size| size > H::UPLOAD_BYTES) {
        return Err(scope.problem(Kind::FileTooLarge).detail(format!("{} GiB", H::UPLOAD_BYTES >> 30)));
    }
    let name = body.file.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() || body.file.chars().count() > 1_000 {
        return Err(scope.problem(Kind::RequestInvalid).detail("file: takes a name of 1 to 1000 characters"));
    }
    let held = new_held(&scope.program)?;
    let about = About { file: object_name(name), profile };
    let json = serde_json::to_vec(&about).unwrap_or_default();
    app.host.objects().put(&held.about(), json).await?;
    let target = app.host.upload_target(&held.file(), body.size).await?.unwrap_or_else(|| Target {
        url: format!("/api/programs/{}/uploads/{}/file", scope.program, held.id),
        headers: vec![("content-type".to_owned(), "application/octet-stream".to_owned())],
    });
    let put = PutTarget { url: target.url, headers: target.headers.into_iter().collect() };
    Ok((StatusCode::CREATED, Json(UploadAnswer { upload_id: held.id, put })))
}

fn new_held(program: &ProgramName) -> Result<Held, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Problem::new(Kind::Unavailable))?;
    let mut id = String::with_capacity(26);
    base32(&bytes, &mut id);
    Held::parse(program, &id).ok_or(Problem::new(Kind::Unavailable))
}

/// Receives the bytes of a file. They appear when all of them are there: a lost connection leaves nothing.
#[utoipa::path(put, path = "/api/programs/{program}/uploads/{upload}/file", tag = "uploads",
    params(
        ("program" = String, Path, description = "The program."),
        ("upload" = String, Path, description = "The upload."),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "The file is here."), Refusals))]
pub async fn receive<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    request: Request,
) -> Result<StatusCode, Problem> {
    let held = scope.held(scope.param("upload"))?;
    about(&app.host, &scope, &held).await?;
    let declared =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = || scope.problem(Kind::FileTooLarge).detail(limits::FILE);
    if declared.is_some_and(|len| len > limits::FILE_BYTES) {
        return Err(too_large());
    }
    let lost = || scope.problem(Kind::RequestInvalid).detail("the connection was lost; send the file again");
    let mut writer = app.host.objects().create(&held.file()).await?;
    let mut body = request.into_body();
    let mut received = 0_u64;
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| lost())? {
        let Ok(bytes) = frame.map_err(|_| lost())?.into_data() else { continue };
        received += bytes.len() as u64;
        if received > limits::FILE_BYTES {
            return Err(too_large());
        }
        writer.write(&bytes).await?;
    }
    if declared.is_some_and(|len| len != received) {
        return Err(lost());
    }
    writer.finish().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what an import of the file would do.
#[utoipa::path(post, path = "/api/programs/{program}/uploads/{upload}/preview", tag = "uploads",
    params(
        ("program" = String, Path, description = "The program."),
        ("upload" = String, Path, description = "The upload."),
    ),
    request_body = PreviewBody,
    responses((status = 200, description = "The preview.", body = PreviewAnswer), Refusals))]
pub async fn preview<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Body(body): Body<PreviewBody>,
) -> Result<Json<PreviewAnswer>, Problem> {
    let given = pairs(&body.options).map_err(|what| scope.problem(Kind::OptionsInvalid).detail(what))?;
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    let rows = (body.rows.unwrap_or(USUAL_ROWS) as usize).min(MOST_ROWS);
    upload.preview(&app.host, &scope, given, rows).await.map(Json)
}

/// Types over a cell. The file stays as it is: the import reads it with the new cell.
#[utoipa::path(put, path = "/api/programs/{program}/uploads/{upload}/cells", tag = "uploads",
    params(
        ("program" = String, Path, description = "The program."),
        ("upload" = String, Path, description = "The upload."),
    ),
    request_body = CellBody,
    responses((status = 200, description = "The row as it is judged now.", body = CellAnswer), Refusals))]
pub async fn type_over<H: Host>(
    State(app): State<App<H>>,
    scope: Scope,
    Body(body): Body<CellBody>,
) -> Result<Json<CellAnswer>, Problem> {
    let upload = Upload::find(&app.host, &scope, scope.param("upload")).await?;
    let given = pairs(&body.options).map_err(|what| scope.problem(Kind::OptionsInvalid).detail(what))?;
    Ok(Json(CellAnswer { row: upload.type_over(&app.host, &scope, body, given).await? }))
}

/// A file that has come.
pub(crate) struct Upload {
    pub(crate) held: Held,
    pub(crate) about: About,
    pub(crate) object: ObjectVersion,
}

async fn about<H: Host>(host: &H, scope: &Scope, held: &Held) -> Result<About, Problem> {
    let unknown = || scope.problem(Kind::UploadUnknown);
    let json = host.objects().get(&held.about()).await?.ok_or_else(unknown)?;
    serde_json::from_slice(&json).map_err(|_| unknown())
}

impl Upload {
    /// The upload of an id, once its bytes are there.
    pub(crate) async fn find<H: Host>(host: &H, scope: &Scope, id: &str) -> Result<Self, Problem> {
        let held = scope.held(id)?;
        let about = about(host, scope, &held).await?;
        let object = host.objects().describe(&held.file()).await?;
        let object = object.ok_or_else(|| scope.problem(Kind::UploadIncomplete))?;
        Ok(Self { held, about, object })
    }

    /// The drop that an import of it is.
    pub(crate) fn drop(&self, program: &ProgramName, dry_run: bool) -> Drop {
        let what = DropTarget::Profile(self.about.profile.clone());
        Drop { program: program.clone(), what, file: self.about.file.clone(), dry_run }
    }

    /// Options with the cells that were typed over, which the profile takes. A cell that was typed over later takes the
    /// place of one in the options.
    pub(crate) async fn options<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        mut given: Vec<(String, String)>,
    ) -> Result<Vec<(String, String)>, Problem> {
        given.extend(self.patch(host).await?.1.cells.iter().map(option_of));
        self.check(host, scope, &given).await?;
        Ok(given)
    }

    async fn check<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        given: &[(String, String)],
    ) -> Result<(), Problem> {
        let profile = find(host, &self.about.profile).await?;
        let profile = profile.ok_or_else(|| scope.problem(Kind::ProfileUnknown))?;
        let read = Options::read(given).and_then(|options| {
            options.check(&profile)?;
            Ok(options)
        });
        let options = read.map_err(|error| scope.problem(Kind::OptionsInvalid).detail(error))?;
        let notified = scope.settings.check_notify(&options.notify);
        notified.map_err(|what| scope.problem(Kind::OptionsInvalid).detail(format!("option notify: {what}")))
    }

    /// The cells that were typed over, and how many changes there were.
    async fn patch<H: Host>(&self, host: &H) -> Result<(u64, Patch), Problem> {
        let known = host.objects().get(&self.held.cells_known()).await?;
        let known: Known = known.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let (mut change, mut patch) = (known.change, Patch::default());
        if change > 0
            && let Some(json) = host.objects().get(&self.held.cells(change)).await?
        {
            patch = serde_json::from_slice(&json).unwrap_or_default();
        }
        while let Some(json) = host.objects().get(&self.held.cells(change + 1)).await? {
            patch = serde_json::from_slice(&json).unwrap_or_default();
            change += 1;
        }
        if patch.version != self.object.version {
            patch = Patch::default();
        }
        Ok((change, patch))
    }

    /// Keeps the cells as the next change; `false` if somebody else made that one.
    async fn keep<H: Host>(&self, host: &H, change: u64, patch: &Patch) -> Result<bool, Problem> {
        let json = serde_json::to_vec(patch).map_err(|_| Problem::new(Kind::Unavailable))?;
        let is_kept = host.objects().put_if_absent(&self.held.cells(change), &[&json]).await?;
        if is_kept {
            let known = serde_json::to_vec(&Known { change }).unwrap_or_default();
            host.objects().put(&self.held.cells_known(), known).await?;
        }
        Ok(is_kept)
    }

    /// Takes the file for one of another profile: what was chosen and typed for the fields of the first one goes.
    pub(crate) async fn become_profile<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        name: &str,
    ) -> Result<(), Problem> {
        let unknown = || scope.problem(Kind::ProfileUnknown);
        let profile = ProfileName::parse(name).map_err(|_| unknown())?;
        find(host, &profile).await?.ok_or_else(unknown)?;
        let about = About { profile, ..self.about.clone() };
        host.objects().put(&self.held.chosen(), b"{}".to_vec()).await?;
        let empty = Patch { version: self.object.version.clone(), cells: Vec::new() };
        let mut is_kept = false;
        while !is_kept {
            let (change, _) = self.patch(host).await?;
            is_kept = self.keep(host, change + 1, &empty).await?;
        }
        host.objects().put(&self.held.about(), serde_json::to_vec(&about).unwrap_or_default()).await?;
        Ok(())
    }

    /// What an import of it would do.
    pub(crate) async fn preview<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        given: Vec<(String, String)>,
        rows: usize,
    ) -> Result<PreviewAnswer, Problem> {
        let given = self.options(host, scope, given).await?;
        self.look(host, scope, given, rows).await
    }

    async fn look<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        given: Vec<(String, String)>,
        rows: usize,
    ) -> Result<PreviewAnswer, Problem> {
        let beginning = Beginning::of(host.objects(), &self.object).await?;
        let drop = self.drop(&scope.program, true);
        let item = new_item(beginning.bucket(), &drop, beginning.object(), given, host.now());
        let (directory, contacts) = (host.directory(), host.contacts());
        let preview =
            rollcall_pipeline::preview::preview(&beginning, directory, contacts, &drop, &item, rows);
        Ok(PreviewAnswer { preview: preview.await?, partial: beginning.partial() })
    }

    /// Keeps a cell that is typed over, and judges its row again.
    pub(crate) async fn type_over<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        cell: CellBody,
        given: Vec<(String, String)>,
    ) -> Result<PreviewRow, Problem> {
        let unknown = || scope.problem(Kind::CellUnknown);
        if cell.row == 0 || cell.row > MOST_ROWS as u64 {
            return Err(unknown().detail(format!("row: takes 1 to {MOST_ROWS}")));
        }
        if cell.value.chars().count() > limits::CELL_CHARACTERS || cell.value.chars().any(char::is_control) {
            let limit = limits::CELL_CHARACTERS;
            return Err(unknown().detail(format!("value: takes at most {limit} characters on one line")));
        }
        loop {
            let (change, patch) = self.patch(host).await?;
            let (row, patch) = self.judge_cell(host, scope, (&cell, &given), patch).await?;
            if self.keep(host, change + 1, &patch).await? {
                return Ok(row);
            }
        }
    }

    /// Judges the row of a cell that is typed over: the row, and all cells with it.
    async fn judge_cell<H: Host>(
        &self,
        host: &H,
        scope: &Scope,
        (cell, given): (&CellBody, &[(String, String)]),
        mut patch: Patch,
    ) -> Result<(PreviewRow, Patch), Problem> {
        let unknown = || scope.problem(Kind::CellUnknown);
        let number = cell.row;
        patch.version.clone_from(&self.object.version);
        patch.cells.retain(|known| (known.row, &known.field) != (cell.row, &cell.field));
        patch.cells.push(cell.clone());
        if patch.cells.len() > MOST_CELLS {
            return Err(unknown().detail(format!("at most {MOST_CELLS} cells of a file are typed over")));
        }
        let mut given = given.to_vec();
        given.extend(patch.cells.iter().map(option_of));
        self.check(host, scope, &given).await?;
        let shown = self.look(host, scope, given, MOST_ROWS.min(number as usize)).await?;
        let (option, _) = option_of(cell);
        let refuses = |error: &FindingJson| error.args.get("option").is_some_and(|named| *named == option);
        if let Some(error) = shown.preview.verdict.errors.iter().find(|error| refuses(error)) {
            let what = error.args.get("detail").cloned().unwrap_or_default();
            return Err(unknown().detail(format!("field {}: {what}", cell.field)));
        }
        let row = shown.preview.rows.into_iter().find(|row| row.row == number);
        let row =
            row.ok_or_else(|| unknown().detail(format!("row {number}: no such row, or a blank one")))?;
        Ok((row, patch))
    }
}

fn option_of(cell: &CellBody) -> (String, String) {
    (format!("cell.{}.{}", cell.row, cell.field), cell.value.clone())
}
