//! The table of routes: all that is known of each before its handler runs. The router enforces it,
//! the OpenAPI document is made from it, and the role × endpoint matrix is tested against it.

mod answer;
mod describe;
mod table;

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

pub use answer::{Answer, Content};
pub use table::ROUTES;

use crate::{ErrorCode, Role};

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Read.
    Get,
    /// Create or act.
    Post,
    /// Change.
    Patch,
    /// Remove.
    Delete,
}

/// What a route does, as far as the appliance's phases care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Reads state.
    Read,
    /// Asks for a signature.
    Sign,
    /// Changes state.
    Change,
    /// Only makes things stricter.
    Tighten,
}

/// How a retry is told from a new request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing is changed, so there is nothing to tell apart.
    Reads,
    /// By the header `Idempotency-Key`; the answer is kept in memory and given again.
    Kept,
    /// By that header; the answer is shown once and not kept, because it is a secret.
    ShownOnce,
    /// By that header; the ledger remembers for ever. Only a dry run does without a key.
    Ledger,
    /// As [`Idempotency::Ledger`], with a key in each item of the body.
    LedgerItems,
}

/// Where the key stands that names a request across its retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// Nothing is changed, so there is nothing to name.
    Nowhere,
    /// In the header `Idempotency-Key`; only a dry run does without.
    Header,
    /// In each item of the body.
    Items,
}

/// Whether all that a route can do is to stop something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stops {
    /// It can do more.
    No,
    /// It stops something, in its turn among other changes.
    InTurn,
    /// It stops something at once, recorded or not, and waits for no place.
    AtOnce,
}

/// The body of a request: JSON.
#[derive(Debug, Clone, Copy)]
pub struct RequestBody {
    /// Name of its schema.
    pub schema: &'static str,
    /// Whether it has to be there.
    pub required: bool,
}

/// The query parameters of a route, each at most once; any other is refused by name.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Their names.
    pub names: &'static [&'static str],
    /// All parameters of the type that the handler reads, with type and meaning.
    declared: fn() -> Vec<Parameter>,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path with `{…}` parameters.
    pub path: &'static str,
    /// The `operationId` of the OpenAPI document, which generated clients name their calls by.
    pub operation: &'static str,
    /// One line for the OpenAPI document.
    pub summary: &'static str,
    /// Roles that may call it; what they then see or reach is narrowed further.
    pub roles: &'static [Role],
    /// Roles of these that may only ask with `?dry_run=true`.
    pub only_dry_run: &'static [Role],
    /// What it does, by which a phase lets it begin.
    pub activity: Activity,
    /// Whether it takes a one-time code from operators, where they are turned on.
    pub second_factor: bool,
    /// How a retry is told from a new request.
    pub idempotency: Idempotency,
    /// Whether all it can do is to stop something.
    pub stops: Stops,
    /// Whether a principal that is frozen by name may call it all the same: to stop something, or
    /// to hand in what other people decide. Without that, freezing every operator would be for ever.
    pub free_when_frozen: bool,
    /// Query parameters.
    pub query: Query,
    /// The request's body.
    pub body: Option<RequestBody>,
    /// Answers that are no problems.
    pub answers: &'static [Answer],
    /// Problems beside those that every route of its kind can answer with.
    pub problems: &'static [ErrorCode],
}

/// The query parameter that asks what would become of a request, and changes nothing.
pub const DRY_RUN: &str = "dry_run";

fn declared<T: IntoParams>() -> Vec<Parameter> {
    T::into_params(|| Some(ParameterIn::Query))
}

impl Query {
    const NONE: Self = Self {
        names: &[],
        declared: Vec::new,
    };

    const fn of<T: IntoParams>(names: &'static [&'static str]) -> Self {
        Self {
            names,
            declared: declared::<T>,
        }
    }

    /// The parameters with type and meaning, in the order of the handler's type.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut all = (self.declared)();
        all.retain(|parameter| self.names.contains(&parameter.name.as_str()));
        all
    }

    /// Whether a request can be tried here without effect.
    #[must_use]
    pub fn has_dry_run(&self) -> bool {
        self.names.contains(&DRY_RUN)
    }
}

impl Method {
    /// As it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Problems that every route can answer with: what came is wrong or too much, or is not for this
/// caller; the appliance, or the HSM that checks its rows, cannot answer.
const OF_ALL: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::Forbidden,
    ErrorCode::TooLarge,
    ErrorCode::NotReady,
    ErrorCode::HsmUnavailable,
];

/// Problems that every route which changes something can answer with beside these.
const OF_CHANGES: &[ErrorCode] = &[
    ErrorCode::Frozen,
    ErrorCode::IdempotencyConflict,
    ErrorCode::LimitExceeded,
];

impl Route {
    /// Finds a route by the name of its operation.
    #[must_use]
    pub fn named(operation: &str) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.operation == operation)
    }

    /// Finds the route that a request with this method and path, without its query, reaches.
    #[must_use]
    pub fn reached(method: &str, path: &str) -> Option<&'static Self> {
        let of_method = ROUTES
            .iter()
            .filter(|route| route.method.as_str() == method);
        let mut matching = of_method.filter(|route| route.matches(path));
        let first = matching.next()?;
        // A fixed part is meant before a parameter in its place.
        Some(matching.fold(first, |best, other| {
            match other.path_parameters().count() < best.path_parameters().count() {
                true => other,
                false => best,
            }
        }))
    }

    fn matches(&self, path: &str) -> bool {
        let (mut own, mut other) = (self.path.split('/'), path.split('/'));
        loop {
            match (own.next(), other.next()) {
                (None, None) => return true,
                (Some(own), Some(other)) if own == other => {}
                (Some(own), Some(other)) if own.starts_with('{') && !other.is_empty() => {}
                _ => return false,
            }
        }
    }

    /// Names of the parameters in its path.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether it changes something, or asks for a signature.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.activity != Activity::Read
    }

    /// Whether the ledger judges and remembers what is asked here.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        matches!(
            self.idempotency,
            Idempotency::Ledger | Idempotency::LedgerItems
        )
    }

    /// Whether an operator needs a one-time code here, where they are turned on.
    #[must_use]
    pub fn takes_second_factor(&self) -> bool {
        self.second_factor && self.permits(Role::Operator)
    }

    /// Where the key of a request stands.
    #[must_use]
    pub const fn key_place(&self) -> KeyPlace {
        match self.idempotency {
            Idempotency::Reads => KeyPlace::Nowhere,
            Idempotency::Kept | Idempotency::ShownOnce | Idempotency::Ledger => KeyPlace::Header,
            Idempotency::LedgerItems => KeyPlace::Items,
        }
    }

    /// Whether a role may call this route, be it for dry runs only.
    #[must_use]
    pub fn permits(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether a role may call this route for dry runs only.
    #[must_use]
    pub fn only_rehearses(&self, role: Role) -> bool {
        self.only_dry_run.contains(&role)
    }

    /// Every problem it can answer with.
    pub fn codes(&self) -> impl Iterator<Item = ErrorCode> {
        let of_changes = match self.acts() {
            true => OF_CHANGES,
            false => &[],
        };
        let all = [OF_ALL, of_changes, self.problems];
        all.into_iter().flatten().copied()
    }

    /// Every problem with the status it comes with, in order of the status.
    #[must_use]
    pub fn problem_answers(&self) -> Vec<(u16, ErrorCode)> {
        let mut all: Vec<(u16, ErrorCode)> =
            self.codes().map(|code| (code.status(), code)).collect();
        // A body that does not say it is JSON, and a request for another host.
        all.extend([
            (415, ErrorCode::InvalidRequest),
            (421, ErrorCode::InvalidRequest),
        ]);
        all.sort_by_key(|(status, code)| (*status, code.as_str()));
        all.dedup();
        all
    }

    /// Whether it can answer with this status where all is well.
    #[must_use]
    pub fn succeeds_with(&self, status: u16) -> bool {
        let tried = status == 200 && self.query.has_dry_run();
        tried || self.answers.iter().any(|answer| answer.status == status)
    }

    /// Whether it can answer with this problem under this status.
    #[must_use]
    pub fn can_answer(&self, status: u16, code: ErrorCode) -> bool {
        match (status, code) {
            (415 | 421, ErrorCode::InvalidRequest) => true,
            _ => status == code.status() && self.codes().any(|known| known == code),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_routes_have_one_name_or_one_address() {
        let names: BTreeSet<&str> = ROUTES.iter().map(|route| route.operation).collect();
        assert_eq!(names.len(), ROUTES.len());
        let addresses: BTreeSet<_> = ROUTES.iter().map(|it| (it.method, it.path)).collect();
        assert_eq!(addresses.len(), ROUTES.len());
    }

    #[test]
    fn every_query_parameter_has_a_type_and_a_meaning() {
        for route in ROUTES {
            let known: Vec<String> = route
                .query
                .parameters()
                .into_iter()
                .map(|parameter| {
                    let name = parameter.name.clone();
                    assert!(parameter.schema.is_some(), "{}: {name}", route.operation);
                    assert!(
                        parameter.description.is_some(),
                        "{}: {name}",
                        route.operation
                    );
                    name
                })
                .collect();
            let named: BTreeSet<&str> = route.query.names.iter().copied().collect();
            assert_eq!(
                named,
                known.iter().map(String::as_str).collect(),
                "{}",
                route.operation
            );
        }
    }

    /// What is said of one route in two places has to agree.
    #[test]
    fn no_route_contradicts_itself() {
        for route in ROUTES {
            let name = route.operation;
            let reads = route.method == Method::Get;
            assert_eq!(reads, route.activity == Activity::Read, "{name}");
            assert_eq!(reads, route.idempotency == Idempotency::Reads, "{name}");
            assert_eq!(!reads, route.query.has_dry_run(), "{name}");
            assert!(
                !(reads && (route.second_factor || route.body.is_some())),
                "{name}"
            );
            assert!(!reads || route.stops == Stops::No, "{name}");
            assert!(
                route.stops == Stops::No || route.activity == Activity::Tighten,
                "{name}"
            );
            // What only refuses is never refused for want of a code.
            assert!(route.stops == Stops::No || !route.second_factor, "{name}");
            assert!(!route.answers.is_empty(), "{name}");
            for role in route.only_dry_run {
                assert!(route.permits(*role) && route.is_judged(), "{name}");
            }
        }
    }

    /// An operator's certificate alone changes nothing where codes are asked for, but for what is
    /// listed here.
    #[test]
    fn what_an_operator_changes_takes_a_code_or_stops_something() {
        let free: Vec<&str> = ROUTES
            .iter()
            .filter(|route| route.acts() && route.permits(Role::Operator))
            .filter(|route| !route.second_factor && route.stops == Stops::No)
            .map(|route| route.operation)
            .collect();
        // A dry run, and what codes are made with.
        assert_eq!(free, ["signSolana", "signEvm", "enrolSecondFactor"]);
    }

    #[test]
    fn a_request_reaches_the_route_that_says_more_of_its_path() {
        let reached = |path| Route::reached("GET", path).map(|route| route.operation);
        assert_eq!(reached("/v1/wallets/import-key"), Some("getImportKey"));
        assert_eq!(reached("/v1/wallets/wal_1"), Some("getWallet"));
        assert_eq!(reached("/v1/wallets/wal_1/pause"), None);
        assert_eq!(reached("/v1/wallets/"), None);
        assert_eq!(reached("/v1/policies/active"), Some("getActivePolicy"));
    }
}
