//! The result files of an import.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rollcall_domain::plan::object_keys::Artifacts;
use rollcall_pipeline::ports::{ObjectVersion, Objects};

use crate::api::openapi::Refusals;
use crate::app::App;
use crate::extract::Scope;
use crate::host::Host;
use crate::problem::{Kind, Problem};

/// The media type of a workbook.
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(crate) const CSV: &str = "text/csv; charset=utf-8";
const JSON: &str = "application/json";

/// Files of an import that are for people, with their media types.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("report.html", "text/html; charset=utf-8"),
    ("succeeded.csv", CSV),
    ("succeeded.xlsx", XLSX),
    ("failed.csv", CSV),
    ("failed.xlsx", XLSX),
    ("changes.csv", CSV),
    ("removed.csv", CSV),
    ("undone.csv", CSV),
    ("upload.json", JSON),
    ("summary.json", JSON),
];

/// Bytes of a file that are held at once.
const PIECE: u64 = 256 * 1024;

/// One file of an import's results.
#[utoipa::path(get, path = "/api/programs/{program}/imports/{import}/results/{file}", tag = "imports",
    params(
        ("program" = String, Path, description = "The program."),
        ("import" = String, Path, description = "The import."),
        ("file" = String, Path, description = "The file's name, such as `failed.csv`."),
    ),
    responses(
        (status = 200, description = "The file.", content(
            (Vec<u8> = "text/csv"), (Vec<u8> = "text/html"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Object = "application/json"),
        )),
        (status = 303, description = "Where the file is."),
        Refusals,
    ))]
pub async fn get<H: Host>(State(app): State<App<H>>, scope: Scope) -> Result<Response, Problem> {
    let item = scope.import(&app.host).await?;
    let unknown = || scope.problem(Kind::ResultUnknown);
    let (file, media) = FILES.iter().find(|(name, _)| *name == scope.param("file")).ok_or_else(unknown)?;
    let key = format!("{}/{file}", Artifacts::of(&item.program, &item.import_id).folder());
    let object = app.host.objects().describe(&key).await?.ok_or_else(unknown)?;
    if let Some(link) = app.host.link(&key).await? {
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, link)]).into_response());
    }
    let mut response = Body::from_stream(pieces(app, object.clone())).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(object.len));
    if *file == "report.html" {
        // The report is one file with its style in it; it runs nothing and loads nothing.
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    } else if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{file}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The bytes of one version of an object, piece by piece.
fn pieces<H: Host>(
    app: App<H>,
    object: ObjectVersion,
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let object = Arc::new(object);
    stream::unfold((app, object, 0), |(app, object, at)| async move {
        if at >= object.len {
            return None;
        }
        let read = app.host.objects().read(&object, at..(at + PIECE).min(object.len)).await;
        match read {
            Ok(bytes) if !bytes.is_empty() => {
                let next = at + bytes.len() as u64;
                Some((Ok(Bytes::from(bytes)), (app, object, next)))
            }
            // The response is cut, which its length shows.
            _ => Some((Err(std::io::Error::other("the file is gone")), (app, object.clone(), object.len))),
        }
    })
}
