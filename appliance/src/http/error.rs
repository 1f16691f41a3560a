//! Errors of the domain as problem details: the one place that maps them.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use countersign_api::{ErrorCode, PROBLEM_JSON, Problem, Reason};
use countersign_store::StoreError;
use countersign_store::ledger::LedgerError;

use crate::certificates::CertificateError;
use crate::device::DeskError;
use crate::governance::GovernError;
use crate::identity::{AuthorityError, IdentityError};
use crate::policies::PolicyError;
use crate::records::{CacheError, RecordsError};
use crate::sign::WalkError;
use crate::wallets::{CreateError, ImportError, RotateError};

/// A problem on its way out.
#[derive(Debug)]
pub struct ApiError(pub Box<Problem>);

impl ApiError {
    /// A problem of this code.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }

    /// A field that is missing or wrong.
    #[must_use]
    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        let problem = Problem::new(ErrorCode::InvalidRequest, detail).field(field);
        Self(Box::new(problem))
    }

    /// The same under a title of its own, for a case that the code's would tell wrongly.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.0.title);
        self
    }

    /// The same with a stable word for why, which tells cases of one code apart.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        let message = self.0.detail.clone();
        self.0.reasons.push(Reason {
            code: why.to_owned(),
            rule: None,
            effect: None,
            message,
            retry_after: None,
        });
        self
    }

    /// No such thing, or not yours.
    #[must_use]
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("there is no {what} `{id}` that you may see"),
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        problem_response(&self.0)
    }
}

/// A problem as a response.
#[must_use]
pub fn problem_response(problem: &Problem) -> Response<Body> {
    metrics::counter!("countersign_problems_total", "code" => problem.code.as_str()).increment(1);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    // For whoever holds answers against the table of routes.
    response.extensions_mut().insert(problem.code);
    response
}

/// What a peer that is not let in is told.
#[must_use]
pub fn refuse_identity(error: &IdentityError) -> Response<Body> {
    let refused = ApiError::new(ErrorCode::Forbidden, error.to_string());
    let refused = refused.titled("this certificate is not let in");
    problem_response(&refused.because(error.code()).0)
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        if matches!(
            error,
            LedgerError::Store(StoreError::Corrupt(_)) | LedgerError::NotOurs(_)
        ) {
            metrics::counter!("countersign_tampered_rows_total").increment(1);
            tracing::error!(%error, "a request was changed in the database");
        }
        let advice = match &error {
            LedgerError::Store(StoreError::Unknown(_)) => {
                "; send the same request with the same key again to learn what became of it"
            }
            LedgerError::NotOurs(_) | LedgerError::TooOld(_) => "",
            LedgerError::Store(StoreError::Corrupt(_)) => {
                "; nothing was done, and nothing will be until the operator restores the database"
            }
            _ => "; nothing was done, send the request again",
        };
        let code = match error {
            LedgerError::TooOld(_) => ErrorCode::Expired,
            _ => ErrorCode::NotReady,
        };
        Self::new(code, format!("{error}{advice}"))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorCode::NotReady, error.to_string())
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        Self::new(ErrorCode::HsmUnavailable, error.to_string())
    }
}

impl From<RecordsError> for ApiError {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Desk(error) => error.into(),
            RecordsError::Store(error) => error.into(),
            RecordsError::Ledger(error) => error.into(),
            RecordsError::Taken(_) => Self::new(ErrorCode::AlreadyDecided, error.to_string()),
            RecordsError::Tampered { .. }
            | RecordsError::SealMissing(_)
            | RecordsError::SealBroken { .. }
            | RecordsError::SealOlder(_)
            | RecordsError::Missing { .. }
            | RecordsError::Unreadable { .. }
            | RecordsError::Rehearsed
            | RecordsError::Entry(_)
            | RecordsError::Gone(_) => Self::new(ErrorCode::NotReady, error.to_string()),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Custody(..) => Self::field("custody", error.to_string()),
            CreateError::Records(error) => error.into(),
            CreateError::Desk(error) => error.into(),
        }
    }
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        let detail = error.to_string();
        match error {
            ImportError::HasAnother(_) => {
                let mut error = Self::new(ErrorCode::AlreadyDecided, detail);
                error.0.field = Some("user_id".to_owned());
                error
            }
            ImportError::Elsewhere => {
                let mut error = Self::new(ErrorCode::AlreadyDecided, detail);
                error.0.field = Some("sealed".to_owned());
                error
            }
            ImportError::Create(error) => error.into(),
        }
    }
}

impl From<RotateError> for ApiError {
    fn from(error: RotateError) -> Self {
        let detail = error.to_string();
        match error {
            RotateError::Archived(_) => {
                Self::new(ErrorCode::WalletPaused, detail).because("archived")
            }
            RotateError::Replaced(..) => Self::new(ErrorCode::AlreadyDecided, detail),
            RotateError::Custody(_) => Self::new(ErrorCode::InvalidRequest, detail),
            RotateError::Create(error) => error.into(),
        }
    }
}

impl From<CertificateError> for ApiError {
    fn from(error: CertificateError) -> Self {
        let detail = error.to_string();
        match error {
            CertificateError::NotFound(_) => Self::new(ErrorCode::NotFound, detail),
            CertificateError::Identity(error) => {
                Self::new(ErrorCode::Forbidden, detail).because(error.code())
            }
            CertificateError::Blocked(_) => Self::new(ErrorCode::Forbidden, detail)
                .titled("this name is blocked")
                .because("principal_blocked"),
            CertificateError::Renewed { .. }
            | CertificateError::LastOperator(_)
            | CertificateError::NobodyCouldAsk { .. } => {
                Self::new(ErrorCode::AlreadyDecided, detail)
            }
            CertificateError::TooOften { retry_after, .. } => {
                let mut error = Self::new(ErrorCode::LimitExceeded, detail);
                error.0.retry_after = Some(retry_after.to_string());
                error
            }
            CertificateError::BrokeOff => Self::new(ErrorCode::HsmUnavailable, detail),
            CertificateError::Authority(error) => error.into(),
            CertificateError::Records(error) => error.into(),
            CertificateError::Desk(error) => error.into(),
            CertificateError::Entry(error) => RecordsError::from(error).into(),
        }
    }
}

impl From<WalkError> for ApiError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Records(error) => error.into(),
            WalkError::Entry(error) => RecordsError::from(error).into(),
            WalkError::Ledger(error) => error.into(),
            WalkError::Govern(error) => (*error).into(),
            WalkError::Unsettled => Self::new(ErrorCode::NotReady, error.to_string()),
        }
    }
}

impl From<GovernError> for ApiError {
    fn from(error: GovernError) -> Self {
        let detail = error.to_string();
        match error {
            GovernError::NotFound { .. } => Self::new(ErrorCode::NotFound, detail),
            GovernError::AlreadyDecided(_) => Self::new(ErrorCode::AlreadyDecided, detail),
            GovernError::Expired(_) => Self::new(ErrorCode::Expired, detail),
            GovernError::Denied(_) => Self::new(ErrorCode::PolicyDenied, detail),
            GovernError::TooMany(open) => {
                let mut error = Self::new(ErrorCode::LimitExceeded, detail.as_str());
                let until = open.until.to_string();
                error.0.retry_after = Some(until.clone());
                error.0.reasons.push(countersign_api::Reason {
                    code: ErrorCode::LimitExceeded.as_str().to_owned(),
                    rule: Some("share.open_changes".to_owned()),
                    effect: None,
                    message: detail,
                    retry_after: Some(until),
                });
                error
            }
            GovernError::Forbidden(_) => Self::new(ErrorCode::Forbidden, detail)
                .titled("this approver has no say in this")
                .because("approver"),
            GovernError::Field { field, .. } => Self::field(field, detail),
            GovernError::WrongSignature { .. } => Self::field("signature", detail),
            GovernError::Unreadable(_) => Self::new(ErrorCode::NotReady, detail),
            GovernError::Records(error) => error.into(),
            GovernError::Cache(CacheError::Records(error)) => error.into(),
            GovernError::Cache(CacheError::Invalid(_)) => Self::new(ErrorCode::NotReady, detail),
            GovernError::Policy(error) => error.into(),
            GovernError::Certificate(error) => error.into(),
            GovernError::Store(error) => error.into(),
            GovernError::Ledger(error) => error.into(),
            GovernError::Desk(error) => error.into(),
        }
    }
}

impl From<PolicyError> for ApiError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Records(error) => error.into(),
            PolicyError::Invalid { .. } => Self::new(ErrorCode::NotReady, error.to_string()),
        }
    }
}

impl From<AuthorityError> for ApiError {
    fn from(error: AuthorityError) -> Self {
        match &error {
            AuthorityError::Csr(_) => Self::field("csr", error.to_string()),
            AuthorityError::Lifetime { .. } => Self::field("lifetime", error.to_string()),
            _ => Self::new(ErrorCode::HsmUnavailable, error.to_string()),
        }
    }
}
