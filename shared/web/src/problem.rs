//! Problem details (RFC 9457): every refusal of the interface, with a code and how to fix it.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rollcall_domain::messages::catalogue::Messages;
use rollcall_domain::types::locale::Locale;
use rollcall_pipeline::fault::Fault;
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::Words;

/// The answer to a request that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// Names the kind of problem: `urn:rollcall:` and the code.
    pub r#type: String,
    /// What is wrong, in the reader's language.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// The code, which never changes.
    pub code: String,
    /// Where it is wrong; left out where there is nothing to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How to fix it.
    pub fix: String,
}

macro_rules! problems {
    ($($name:ident $code:literal $status:ident,)*) => {
        /// A kind of problem. Codes of files and imports keep their names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!("The code `", $code, "`.")] $name,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status of the response.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

problems! {
    ApprovalUnknown "approval_unknown" CONFLICT,
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE,
    CellUnknown "cell_unknown" UNPROCESSABLE_ENTITY,
    ContactUnknown "contact_unknown" NOT_FOUND,
    FileTooLarge "file_too_large" PAYLOAD_TOO_LARGE,
    ForeignRequest "foreign_request" FORBIDDEN,
    ImportOver "import_over" CONFLICT,
    ImportUnknown "import_unknown" NOT_FOUND,
    KeyReused "key_reused" UNPROCESSABLE_ENTITY,
    MappingUnknown "mapping_unknown" NOT_FOUND,
    MediaTypeUnsupported "media_type_unsupported" UNSUPPORTED_MEDIA_TYPE,
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED,
    NotFound "not_found" NOT_FOUND,
    OptionsInvalid "options_invalid" UNPROCESSABLE_ENTITY,
    ProfileUnknown "profile_unknown" NOT_FOUND,
    ProgramUnknown "program_unknown" NOT_FOUND,
    RequestInvalid "request_invalid" BAD_REQUEST,
    ResultUnknown "result_unknown" NOT_FOUND,
    SessionMissing "session_missing" UNAUTHORIZED,
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS,
    Unavailable "unavailable" SERVICE_UNAVAILABLE,
    UndoImpossible "undo_impossible" CONFLICT,
    UploadIncomplete "upload_incomplete" CONFLICT,
    UploadUnknown "upload_unknown" NOT_FOUND,
}

/// A request that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub kind: Kind,
    /// Where it is wrong.
    pub detail: Option<String>,
    /// The language of its texts.
    pub locale: Locale,
}

impl Problem {
    /// A problem that its kind says all about.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, detail: None, locale: Locale::En }
    }

    /// Adds where it is wrong.
    #[must_use]
    pub fn detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Chooses the language.
    #[must_use]
    pub const fn in_language(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }

    /// The document.
    pub fn details(&self) -> ProblemDetails {
        let words = Words::of(self.locale);
        let text = |texts: &std::collections::BTreeMap<String, String>| {
            texts.get(self.kind.code()).cloned().unwrap_or_else(|| self.kind.code().to_owned())
        };
        ProblemDetails {
            r#type: format!("urn:rollcall:{}", self.kind.code()),
            title: text(&words.problem),
            status: self.kind.status().as_u16(),
            code: self.kind.code().to_owned(),
            detail: self
                .detail
                .as_deref()
                .map(|detail| Messages::of(self.locale).remark(detail).into_owned()),
            fix: text(&words.problem_fix),
        }
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

/// A fault of the machine is told without its cause: the cause may name paths.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Gone(_) => Self::new(Kind::UploadUnknown),
            _ => Self::new(Kind::Unavailable),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Plain data serialises.
        let body = serde_json::to_vec(&self.details()).unwrap_or_default();
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self.kind, Kind::TooManyRequests | Kind::Unavailable) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
