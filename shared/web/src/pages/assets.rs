//! Style and scripts: part of the program, nothing from elsewhere.

use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::problem::{Kind, Problem};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Every file below `/assets`.
pub(crate) const ASSETS: &[(&str, &str, &str)] = &[
    ("desk.css", "text/css; charset=utf-8", include_str!("../../assets/desk.css")),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
    ("desk.js", SCRIPT, include_str!("../../assets/desk.js")),
    ("news.js", SCRIPT, include_str!("../../assets/news.js")),
    ("review.js", SCRIPT, include_str!("../../assets/review.js")),
    ("running.js", SCRIPT, include_str!("../../assets/running.js")),
    ("upload.js", SCRIPT, include_str!("../../assets/upload.js")),
];

pub(super) async fn get(
    file: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Problem> {
    let Path(file) = file.map_err(|_| Problem::new(Kind::NotFound))?;
    let found = ASSETS.iter().find(|(name, ..)| *name == file).ok_or(Problem::new(Kind::NotFound))?;
    Ok(([(CONTENT_TYPE, found.1)], found.2).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_small() {
        let scripts = ASSETS.iter().filter(|(name, ..)| name.ends_with(".js"));
        let bytes: usize = scripts.map(|(.., text)| text.len()).sum();
        assert!(bytes < 40 * 1024, "{bytes} bytes of JavaScript");
    }
}
