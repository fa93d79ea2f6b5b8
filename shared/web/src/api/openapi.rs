//! The description of the interface (OpenAPI 3.1), from the types.

use std::collections::BTreeMap;

use axum::Json;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, OpenApi};

use crate::api::{contacts, export, imports, mappings, profiles, programs, results, uploads};
use crate::problem::{Kind, ProblemDetails};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "Imports lists of people and companies: upload a file, preview it, import it, follow the import.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        document,
        profiles::list,
        profiles::template,
        programs::list,
        uploads::begin,
        uploads::receive,
        uploads::preview,
        uploads::type_over,
        imports::list,
        imports::start,
        imports::show,
        imports::events,
        imports::approve,
        imports::undo,
        imports::cancel,
        results::get,
        contacts::list,
        export::contacts,
        contacts::show,
        contacts::remove,
        mappings::show,
        mappings::save,
    ),
    components(schemas(ProblemDetails))
)]
struct Description;

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description",
    responses((status = 200, description = "The description (OpenAPI 3.1).", body = Object), Refusals))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// The schema of a language.
pub(crate) fn language() -> Schema {
    use rollcall_domain::types::locale::Locale;
    let names = Locale::ALL.map(Locale::as_str);
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(names))
        .into()
}

/// The refusals that every route may answer with.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for kind in Kind::ALL {
            by_status.entry(kind.status().as_u16().to_string()).or_default().push(kind.code());
        }
        let response = |codes: Vec<&str>| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDetails"))).build();
            ResponseBuilder::new()
                .description(format!("A problem: {}.", codes.join(", ")))
                .content("application/problem+json", content)
                .build()
        };
        by_status.into_iter().map(|(status, codes)| (status, RefOr::T(response(codes)))).collect()
    }
}
