//! The interface for programs, one file for each kind of thing: routes in `routes`, then handlers, then their types.

pub mod contacts;
pub mod export;
pub mod imports;
pub mod mappings;
pub mod openapi;
pub mod profiles;
pub mod programs;
pub mod progress;
pub mod results;
pub mod uploads;

use axum::Router;
use axum::routing::{get, post, put};

use crate::app::App;
use crate::host::Host;

/// The routes below `/api`.
pub(crate) fn routes<H: Host>() -> Router<App<H>> {
    Router::new()
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/profiles", get(profiles::list::<H>))
        .route("/api/profiles/{profile}/template", get(profiles::template::<H>))
        .route("/api/programs", get(programs::list::<H>))
        .route("/api/programs/{program}/uploads", post(uploads::begin::<H>))
        .route("/api/programs/{program}/uploads/{upload}/file", put(uploads::receive::<H>))
        .route("/api/programs/{program}/uploads/{upload}/preview", post(uploads::preview::<H>))
        .route("/api/programs/{program}/uploads/{upload}/cells", put(uploads::type_over::<H>))
        .route("/api/programs/{program}/imports", get(imports::list::<H>).post(imports::start::<H>))
        .route("/api/programs/{program}/imports/{import}", get(imports::show::<H>))
        .route("/api/programs/{program}/imports/{import}/events", get(imports::events::<H>))
        .route("/api/programs/{program}/imports/{import}/results/{file}", get(results::get::<H>))
        .route("/api/programs/{program}/imports/{import}/approve", post(imports::approve::<H>))
        .route("/api/programs/{program}/imports/{import}/undo", post(imports::undo::<H>))
        .route("/api/programs/{program}/imports/{import}/cancel", post(imports::cancel::<H>))
        .route("/api/programs/{program}/contacts", get(contacts::list::<H>))
        .route("/api/programs/{program}/contacts/export", get(export::contacts::<H>))
        .route(
            "/api/programs/{program}/contacts/{contact}",
            get(contacts::show::<H>).delete(contacts::remove::<H>),
        )
        .route(
            "/api/programs/{program}/mappings/{profile}/{fingerprint}",
            get(mappings::show::<H>).put(mappings::save::<H>),
        )
}
